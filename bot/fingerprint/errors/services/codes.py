"""Codes and sentences that services use for one cause: not every client writes both."""

import re

# A service's name, the cause's common name, and the start of each code or sentence for it.
_CAUSES = tuple(
    (service, cause, re.compile(pattern, re.IGNORECASE))
    for service, cause, pattern in (
        ("Stripe", "card_declined insufficient_funds", r"Your card has insufficient funds"),
        ("Stripe", "expired_card", r"(?:card_declined )?expired_card|Your card has expired"),
        ("Stripe", "incorrect_cvc", r"Your card's security code is incorrect"),
        ("Stripe", "incorrect_number", r"Your card number is incorrect"),
        ("Stripe", "card_declined", r"card_declined generic_decline|Your card was declined"),
        ("Stripe", "rate_limit", r"Request rate limit exceeded|Too many requests hit the API"),
        ("Stripe", "lock_timeout", r"This object cannot be accessed right now because another"),
        ("Stripe", "api_key_expired", r"Expired API Key provided"),
        ("Stripe", r"\g<kind> - resource_missing", r"No such (?P<kind>[\w ]{2,30}): .*"),
        (
            "Firebase",
            "UNREGISTERED",
            (
                r"UNREGISTERED|NotRegistered|registration-token-not-registered"
                r"|Requested entity was not found|The (?:provided )?registration token is not reg"
            ),
        ),
        (
            "Firebase",
            "SENDER_ID_MISMATCH",
            r"SENDER_ID_MISMATCH|SenderId ?mismatch|mismatched-credential",
        ),
        (
            "Firebase",
            "INVALID_ARGUMENT token",
            r"The registration token is not a valid FCM|invalid-registration-token",
        ),
    )
)


def common_cause(service: str, cause: str) -> str:
    """Return the cause's common name, else the cause."""
    for name, common, pattern in _CAUSES:
        if name == service and (match := pattern.match(cause)) is not None:
            return match.expand(common)
    return cause

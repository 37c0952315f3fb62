"""The texts of a job for one reader, with personal data only if the reader's role allows it."""

from dataclasses import dataclass

from bot.app.work import Work
from bot.masking.masker import mask_payload, mask_text


@dataclass(frozen=True, slots=True)
class ShownTexts:
    """The masked payload and exception. `personal`: these texts show personal data."""

    payload: str
    exception: str
    personal: bool


def texts_for_reader(work: Work, payload: str, exception: str = "") -> ShownTexts:
    """Return the texts without secrets. If the reader's role is too low, mask personal data too."""
    keys = work.setup.masked_keys
    hidden = mask_payload(payload, keys), mask_text(exception, keys)
    if work.grant.role < work.setup.personal_data_role:
        return ShownTexts(*hidden, personal=False)
    shown = mask_payload(payload, keys, personal=True), mask_text(exception, keys, personal=True)
    return ShownTexts(*shown, personal=shown != hidden)

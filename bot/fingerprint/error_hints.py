"""Words that decide whether patterns are tried at all, because most errors have none of them."""

_LONGEST = 1_000


def hints_at(message: str, words: tuple[str, ...]) -> bool:
    """Whether the first 1,000 characters contain one of these words, which are in small letters."""
    lower = message[:_LONGEST].lower()
    # A loop is faster than `any` with a generator, and this function runs for every error.
    for word in words:  # noqa: SIM110 as above
        if word in lower:
            return True
    return False

"""Words that decide whether patterns are tried at all, because most errors have none of them."""

_LONGEST = 1_000


def hints_at(message: str, words: tuple[str, ...]) -> bool:
    """Whether the first 1,000 characters contain one of these words, which are in small letters."""
    lower = message[:_LONGEST].lower()
    return any(word in lower for word in words)

"""Replace characters that look like other characters, or that are invisible.

Such characters hide a key from the patterns but not from a reader.
"""

import re

# NULs of UTF-16, soft hyphens, accents after their letter, zero-width characters, direction marks
# and variation selectors.
_INVISIBLE = r"\x00\xad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
# A terminal's color code begins with ESC.
_HIDDEN = re.compile(rf"\x1b\[[0-9;?]{{0,20}}[A-Za-z]|[{_INVISIBLE}]")
# Fullwidth signs and letters of Asian keyboards, and the quotes of editors.
_ODD = re.compile(rf"[\x1b{_INVISIBLE}\uff01-\uff5e\u2018-\u201f\xab\xbb]")
_SIGNS = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(range(0x2018, 0x201C), "'")
    | dict.fromkeys((*range(0x201C, 0x2020), 0xAB, 0xBB), '"')
)
# Cyrillic and Greek letters, and the Latin letters that look like them.
_LETTERS = str.maketrans(
    "\u0430\u0501\u0435\u04bb\u0456\u0458\u043a\u04cf\u043c\u043e"
    "\u0440\u051b\u0455\u0442\u0443\u0475\u051d\u0445\u0410\u0412"
    "\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422"
    "\u0423\u0425\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4"
    "\u03c5\u03c7\u03c9\u0391\u0392\u0395\u0397\u0399\u039a\u039c"
    "\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "adehijklmopqstuvwxABEHIJKMOPSTYXaeikvoptuxwABEHIKMNOPTYX",
)


def with_plain_signs(text: str) -> str:
    """Return the text with plain quotes, signs and brackets, and without invisible characters."""
    if _ODD.search(text) is None:
        return text
    return _HIDDEN.sub("", text).translate(_SIGNS)


def with_latin_letters(text: str) -> str:
    """Return the text with Latin letters for the Cyrillic and Greek letters that look like them."""
    return text if text.isascii() else text.translate(_LETTERS)

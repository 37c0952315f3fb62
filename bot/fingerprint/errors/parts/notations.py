"""Write the objects that Ruby, Python, Node.js and PHP print as JSON."""

import re

# Objects as Ruby, Python, Node.js and PHP print them. Only the keys and the texts are read later.
_NOTATIONS = (
    (re.compile(r":(\w{1,40})=>"), r'"\1": '),
    (re.compile(r"[\"'](\w{1,40})[\"'] ?=> ?"), r'"\1": '),
    (re.compile(r"(?<=[{, ])u?'(\w{1,40})': "), r'"\1": '),
    (re.compile(r"(?<=[{,\s])(\w{1,40}): (?=['\"\[{])"), r'"\1": '),
    # Logs write PHP's objects on one line.
    (
        re.compile(
            r"\[(?!name\]|type\])(\w{1,40})\] => (?!Array|[\w\\]{1,80} Object\b)"
            r"([^\n]{1,300}?)(?=\n|\Z| \[\w{1,40}\] => | \)(?:\s|\Z))"
        ),
        r'"\1": "\2",',
    ),
    (re.compile(r"(?<=\": )u?'([^'\"\n]{0,300})'(?=[,}\s\])])"), r'"\1"'),
    (re.compile(r"(?<=\": )\[ ?u?'([^'\"\n]{0,300})'"), r'["\1"'),
    # Django's REST framework
    (
        re.compile(r"ErrorDetail\(string=['\"]([^\n]{1,300}?)['\"], code=['\"]\w{1,40}['\"]\)"),
        r'"\1"',
    ),
)
# A string with a JSON object in it. Other escaped quotes are quotes in a sentence.
_ESCAPED = re.compile(r"[{\[,]\s{0,5}\\{1,3}\"")
_LONGEST = 1200


def as_json(body: str) -> str:
    """Return the beginning of a body, with the objects of other languages in the form of JSON."""
    body = body[:_LONGEST]
    if _ESCAPED.search(body):
        body = body.replace('\\"', '"')
    for pattern, form in _NOTATIONS:
        body = pattern.sub(form, body)
    return body

"""Remove a logger's line or a console's frame around an error.

Workers whose output is stored as the error write them, and people paste them.
"""

import re
from html import unescape

from bot.fingerprint.payload_tree import open_text, plain

_DAY = r"\d{4}[-/]\d\d[-/]\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d| UTC)?"
_STAMP = rf"{_DAY}[T ]{_CLOCK}"
_LOUD = r"(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY|FATAL|SEVERE|CRIT|ERR)"
_LEVEL = rf"(?:{_LOUD}|debug|info|notice|warn|warning|error|critical|alert|emergency|fatal|severe)"
# CodeIgniter: LEVEL - time --> message
_CODEIGNITER = re.compile(rf"[A-Z]{{4,9}} - {_STAMP} --> (?:Query error: )?")
_SEVERITY = re.compile(r"Severity: [\w ]{1,30} --> ")
# CodeIgniter 3 writes the path and the line behind PHP's message.
_PATH_AT_END = re.compile(
    r" (?P<path>(?:[A-Za-z]:)?[\\/][^\n]{1,300}?\.php) (?P<line>\d{1,7})\s*\Z"
)
# CodeIgniter 4 writes the request below the message, and frames with plain numbers.
_FRAMES = re.compile(r"(?=\n {1,3}1 [^\n]{1,400}\(\d{1,7}\): )")
_REQUEST = re.compile(r"\n\[Method: [^\n\]]{1,400}\](?=\n)")
# Monolog: [time] channel.LEVEL: message {context} [extra]
_MONOLOG = re.compile(rf"(?:\[{_DAY}[^\]\n]{{0,30}}\] )?[a-z][\w-]{{0,40}}\.{_LOUD}: ")
_MONOLOG_END = re.compile(r"(?: (?:\[\]|\{\})){1,2}\s*\Z")
_MONOLOG_CONTEXT = re.compile(r" \{\"[\w.-]{1,60}\":")
# The exception in the context has its class and place, and repeats the message.
_MONOLOG_OBJECT = re.compile(
    r"\"exception\":\"\[object\] \((?P<name>[\w\\]{1,200})\(code: -?\w{1,12}\): "
)
_LINE = re.compile(
    r"(?:"
    # Symfony's console: 14:34:42 CRITICAL  [messenger] message
    rf"{_CLOCK} {_LEVEL} {{1,6}}\[[\w.-]{{1,40}}\] "
    # Java: time LEVEL 1 --- [thread] logger : message; time [thread] LEVEL logger - message
    rf"|(?:{_STAMP}|{_CLOCK}) {{1,3}}{_LEVEL} {{1,3}}(?:\d{{1,9}} )?--- (?:\[[^\]\n]{{0,80}}\] ?)"
    r"{1,3}[\w.$\[\]/-]{1,100} {0,40}: "
    rf"|(?:{_STAMP}|{_CLOCK}) \[[^\]\n]{{1,80}}\] {_LEVEL} {{1,3}}[\w.$-]{{1,100}} {{1,3}}- "
    # Python: LEVEL:logger:message; [time: LEVEL/process] message; time - logger - LEVEL - message
    rf"|{_LOUD}:[\w.-]{{1,80}}:(?=\S)|\[{_STAMP}: {_LEVEL}/[\w-]{{1,40}}\] "
    rf"|{_STAMP} - [\w.-]{{1,80}} - {_LEVEL} - "
    # Ruby: E, [time #pid] ERROR -- : message
    rf"|[DIWEF], \[{_DAY}T[^\]\n]{{8,50}}\] {{1,2}}{_LEVEL} -- [^:\n]{{0,40}}: "
    # Apache: [day time year] [module:level] [pid 1] [client address] message
    r"|\[\w{3} \w{3} +\d{1,2} [\d:.]{8,20} \d{4}\] (?:\[[^\]\n]{1,80}\] ){1,4}"
    # nginx: time [level] 1#1: *1 FastCGI sent in stderr: "message
    rf"|{_STAMP} \[\w{{3,6}}\] \d{{1,9}}#\d{{1,9}}: (?:\*\d{{1,12}} )?"
    r"(?:FastCGI sent in stderr: \")?"
    # PHP's own log: [01-Jan-2026 10:00:00 UTC] message
    r"|PHP message: |\[\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d[^\]\n]{0,40}\] "
    # syslog, Kubernetes, Heroku, docker compose, PM2
    r"|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d [\w.-]{1,80} [\w./-]{1,60}(?:\[\d{1,9}\])?: "
    rf"|{_STAMP} (?:stdout|stderr) [FP] |{_STAMP} app\[[\w.-]{{1,40}}\]: "
    r"|[a-z][\w.-]{1,60}-\d{1,3} {1,20}\| |\d{1,4}\|[\w.-]{1,40} {0,20}\| "
    # Any other logger: time [parts] LEVEL [parts] message
    rf"|\[?{_STAMP}\]? {{0,2}}(?:\[[^\]\n]{{1,80}}\] ?){{0,4}}\[?{_LEVEL}\]?"
    r"(?:[:| -]{1,4}|(?=\[))(?:\[[^\]\n]{1,80}\]:? ?){0,3}"
    # Go: time file.go:1: message
    rf"|{_STAMP} (?:[\w/.-]{{1,100}}\.go:\d{{1,6}}: )?(?=[^\W\d])"
    r")"
)
# Lines of key=value; the message may only say what failed, and the error why.
_PAIRS = re.compile(
    r"(?:(?:time|ts|at|level|lvl|severity)=(?:\"[^\"\n]{1,60}\"|[^\s\"]{1,60}) ){1,4}"
)
_PAIR = r"=(?:\"(?P<quoted>(?:[^\"\\\n]|\\.){1,1500})\"|(?P<word>[^\s\"]{3,200}))"
_PAIR_OF_TEXT = tuple(
    re.compile(rf"\b(?:{names}){_PAIR}") for names in ("err|error|exception", "msg|message")
)
# A console writes the class in brackets or the file's name, the message, and the place.
_BLOCK = re.compile(
    r"^[ \t]{0,8}(?:In (?P<file>[\w.-]{1,80}) line (?P<file_line>\d{1,7}):"
    r"|\[(?P<name>[A-Z]\w{1,80}(?:\\\w{1,80}){0,12}|[a-z]\w{0,80}(?:\\\w{1,80}){1,12}"
    r"|\w{2,60}_exception)"
    r"(?: \([^)\n]{0,40}\))?\])[ \t]{0,200}\n\s{0,400}"
    r"(?P<text>[^\s\[][^\n]{0,900}(?:\n[ \t]{0,8}(?!at |in )[^\s\[][^\n]{0,400}){0,12})",
    re.MULTILINE,
)
# Laravel's console: the class before a colon or an empty line
_NAMED = re.compile(
    r"[ \t\n]{2,8}(?P<name>(?:[A-Za-z_]\w{0,80}\\){0,12}[A-Z]\w{2,80})[ \t]{0,3}(?:: |\n\n\s{2,8})"
    r"(?P<text>\S[^\n]{0,900})"
)
# CodeIgniter 3 prints a page, with and without HTML.
_TAGS = r"(?:\s|</?\w{1,10}[^>\n]{0,80}>){1,40}"
_PAGE = re.compile(
    r"(?:<[^>\n]{1,80}>\s*){0,6}(?P<title>A PHP Error was encountered"
    rf"|An uncaught Exception was encountered|A Database Error Occurred){_TAGS}"
)
_PAGE_FIELD = re.compile(
    r"(?P<field>Type|Severity|Message|Filename|Line Number|Error Number):[ \t]{0,20}"
    r"(?P<value>[^\n<]{0,900})"
)
_PARAGRAPH = re.compile(rf"{_TAGS}(?P<text>[^\s<][^\n<]{{0,900}})")
# Kohana: Class [ code ]: message ~ path [ line ]
_KOHANA = re.compile(
    r"(?P<name>[A-Z]\w{2,80}) \[ [\w-]{0,12} \]: (?P<text>[^\n]{1,900}?) ~ "
    r"(?P<path>[^\s\[]{1,300}) \[ (?P<line>\d{1,7}) \]"
)
# CakePHP and Yii write the class in brackets before the message.
_IN_BRACKETS = re.compile(
    r"\[(?P<name>(?:\w{1,80}\\){0,12}[A-Z]\w{2,80}(?:Exception|Error))\] (?=\S)"
)
_PLACE_BELOW = re.compile(
    r"\s{1,200}(?:at|in) (?P<path>(?:[A-Za-z]:)?[^\s:][^\n:]{0,300}?\.\w{1,8}):(?P<line>\d{1,7})"
)
_FROM_ROOT = re.compile(r"(?:[A-Za-z]:)?[\\/]|[A-Z]{3,10}PATH\b")
_LINE_END = re.compile(r"[ \t]{0,200}\n[ \t]{0,8}")


def without_log_line(text: str) -> str:
    """Return the error without the words of a logger or a console, as PHP writes an error."""
    for _ in range(3):
        inner = _of_line(text)
        if inner is None:
            break
        text = inner
    if text.startswith(("[", "In ", " ", "\n")):
        return _of_console(text) or _IN_BRACKETS.sub(r"\g<name>: ", text, count=1)
    if (line := _KOHANA.match(text)) is not None:
        return f"{line['name']}: {line['text']} in {line['path']}:{line['line']}"
    return _of_page(text) or text


def _of_page(text: str) -> str | None:
    """Return the error on a page of CodeIgniter 3, or None for another text."""
    page = _PAGE.match(text)
    if page is None:
        return None
    if text.startswith("<"):
        text = unescape(text)
    fields = {field["field"]: field["value"].strip() for field in _PAGE_FIELD.finditer(text)}
    place = f" in /{fields['Filename'].lstrip('/')}" if "Filename" in fields else ""
    if place and "Line Number" in fields:
        place += f":{fields['Line Number']}"
    if page["title"] != "A Database Error Occurred":
        name = f"{fields['Type']}: " if "Type" in fields else ""
        return f"{name}{fields.get('Message', '')}{place}\nStack trace:\n{text[page.end() :]}"
    number = _PAGE_FIELD.match(text, page.end())
    sentence = _PARAGRAPH.match(text, number.end() if number else page.end() - 1)
    if sentence is None:
        return None
    statement = _PARAGRAPH.match(text, sentence.end())
    queried = f" (SQL: {statement['text']})" if statement else ""
    # The driver of PDO writes the state before MySQL's number.
    code = number["value"].rpartition("/")[2].strip() if number else ""
    words = sentence["text"].partition(" LINE 1: ")[0]
    head = f"SQLSTATE[HY000]: {code} {words}" if code else words
    return f"PDOException: {head}{queried}{place}"


def _of_line(text: str) -> str | None:
    """Return the text behind the logger's words, or None if it does not begin with such words."""
    if (line := _CODEIGNITER.match(text)) is not None:
        return _codeigniter(text[line.end() :])
    if (line := _MONOLOG.match(text)) is not None:
        return _monolog(text[line.end() :])
    if (line := _PAIRS.match(text)) is not None:
        return _of_pairs(text, line.end())
    line = _LINE.match(text)
    return None if line is None else text[line.end() :]


def _codeigniter(text: str) -> str:
    severity = _SEVERITY.match(text)
    if severity is None:
        return _FRAMES.sub("\nStack trace:", _REQUEST.sub("", text, count=1), count=1)
    first, end, rest = text[severity.end() :].partition("\n")
    return _PATH_AT_END.sub(r" in \g<path>:\g<line>", first) + end + rest


def _monolog(text: str) -> str:
    context = _MONOLOG_CONTEXT.search(text)
    if context is None:
        return _MONOLOG_END.sub("", text)
    logged = _MONOLOG_OBJECT.search(text, context.start())
    if logged is None:
        first, _, _ = _MONOLOG_END.sub("", text).partition("\n")
        return first[: context.start()] if first.endswith("}") else text
    name = logged["name"].replace("\\\\", "\\")
    message = text[: context.start()]
    head = message if name in message else f"{name}: {message}"
    return head + text[context.start() :]


def _of_pairs(text: str, start: int) -> str | None:
    for pattern in _PAIR_OF_TEXT:
        pair = pattern.search(text, start)
        if pair is not None:
            return _unquoted(pair["quoted"]) if pair["quoted"] else pair["word"]
    return None


def _of_console(text: str) -> str | None:
    """Return the error of a console's frame; of several frames, the last is the innermost."""
    blocks = list(_BLOCK.finditer(text))
    block = blocks[-1] if blocks and not text[: blocks[0].start()].strip() else _NAMED.match(text)
    if block is None:
        return None
    names = block.groupdict()
    message = _LINE_END.sub(" ", block["text"].rstrip())
    head = f"{names['name']}: {message}" if names["name"] else message
    place = _PLACE_BELOW.match(text, block.end())
    if place is not None:
        # Laravel's console writes the path from the project's folder.
        root = "" if _FROM_ROOT.match(place["path"]) else "/"
        head += f" in {root}{place['path']}:{place['line']}"
    elif names.get("file"):
        head += f" in {names['file']}:{names['file_line']}"
    return f"{head}\nStack trace:\n{text[block.end() :]}"


def _unquoted(quoted: str) -> str:
    words = open_text(f'"{quoted}"')
    return plain(words) if isinstance(words, str) else quoted

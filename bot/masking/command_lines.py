"""Mask secrets that command lines and SQL statements contain without `key=value`."""

import re
from collections.abc import Callable

from bot.masking.secret_patterns import MASK

_VALUE = r"(?P<q>\\{0,8}[\"']|)(?P<value>(?(q)[^\"'\n]{1,4000}|[^\s\"']{1,4000}))"
# After a space, a dash begins the next option: `--batch --passphrase …`.
_OPTION = re.compile(
    r"(?<![\w-])--?(?P<name>[A-Za-z][\w.-]{2,60})[\"']?(?:=|,?[ \t]{1,4}(?![\"']?-))"
    rf"{_VALUE}"
)
_NO_VALUE = re.compile(
    r"(?:no|ask|without|skip)[-_.]|.*[-_.](?:stdin|file|prompt)\Z", re.IGNORECASE
)
_COMMAND = re.compile(
    r"\b(?:mysql[\w-]{0,20}|mariadb[\w-]{0,20}|mongo\w{0,12}|sshpass|redis-cli|valkey-cli|curl|wget"
    r"|sqlcmd|bcp|docker|podman|helm|7z|zip|unzip|ldap\w{3,8}|smbclient|openssl|https?)\b"
)
_PASSWORD_OPTION = re.compile(
    r"(?<=[\s\"'])(?P<option>-(?:[pPawkK]|passin|passout|passwd)[\"']?[ \t]{0,4}[\"']?(?:pass:)?)"
    r"(?P<value>[^\s\"'-][^\s\"']{0,400})"
)
_USER_OPTION = re.compile(
    r"(?<=[\s\"'])(?P<option>(?:-[uU]|--(?:proxy-)?user)[\"']?(?:=|[ \t]{0,4})[\"']?"
    r"[^\s:%\"'/]{0,100}[:%])(?P<value>[^\s\"']{1,400})"
)
# Without such an option, the slow search for programs would match nothing.
_LETTER_OPTION = re.compile(r"[\s\"'](?:-[pPawuUkK]|--(?:proxy-)?user)")
# For these programs, `-p` is a port, a path or a project, not a password.
_OTHER_P = frozenset(("curl", "wget", "http", "https", "redis-cli", "valkey-cli", "helm", "unzip"))
_ONLY_LOGIN = frozenset(("docker", "podman", "helm"))
_SEGMENT = 600
_IDENTIFIED = re.compile(
    r"\b(?P<lead>identified\s{1,4}(?:with\s{1,4}\S{1,60}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?"
    r"|(?:encrypted|with)\s{1,4}password\s{0,4}=?\s{0,4}N?|\bpassword\s{0,4}\(\s{0,4})"
    rf"{_VALUE}",
    re.IGNORECASE,
)
# A word before a quoted value. "unexpected token" is a parser's error, not a secret.
_WORDS = re.compile(
    r"(?<!unexpected )\b(?P<lead>(?:pass(?:word|wd|phrase|code)|secret|token|contrase(?:ñ|n)a|senha"
    r"|api[ _-]?key)\s{1,3}(?:(?:is|was|es|era|é|of|de)\s{1,3})?)(?P<q>\\{0,8}[\"'`“«])"
    r"(?P<value>[^\s\"'`”»\\]{4,400})(?=[\"'`”»\\])",
    re.IGNORECASE,
)
_PLAIN_WORDS = re.compile(
    r"\b(?P<lead>(?:pass(?:word|wd|phrase|code)|contrase(?:ñ|n)a|clave|senha)\s{1,3}(?:is|was|es|era|é)"
    r"\s{1,3})(?P<value>(?=[^\s]{0,60}[\d@#$%!&*+=])[^\s\"'`,;]{4,400})",
    re.IGNORECASE,
)
# A name and a value without a sign between both: `configure set aws_secret_access_key …`.
_SET = re.compile(
    r"\b(?:set|put|add|setenv)\s{1,3}(?P<name>[A-Za-z][\w.-]{2,60})\s{1,3}"
    r"(?P<value>[^\s\"'=-]\S{3,400})"
)
_CODE = r"(?:otp|pin|(?:security|verification|one-time|sms) code)"
# A value without a sign before it is a secret only if it has a digit and a letter.
_TYPED = r"(?=[^\s\"'`”»>\])]{0,60}\d)(?=[^\s\"'`”»>\])]{0,60}[A-Za-z])[^\s\"'`”»>\])]{6,400}"
_SENTENCE = re.compile(
    r"(?<!unexpected )\b(?P<lead>(?:pass[ -]?(?:word|wd|phrase|code)|contrase(?:ñ|n)a|senha"
    r"|clave(?: \w{1,12})?|mot de passe|parola d.ordine"
    r"|(?:api|access|secret|license|auth)[ _-]keys?|token|secret"
    rf"|AUTH(?: \w{{1,20}})?|PASS|{_CODE}|c(?:o|ó)digo de \w{{4,12}})[\"'`]?"
    r"(?:\s{0,3}[:=]\s{0,3}|\s{1,3}(?:provided:?\s{1,3}"
    r"|(?:set to|is|was|est|es|era|é|for \S{1,60})\s{1,3})?)"
    rf"[\"'`“«<\[(]?\s?)(?P<value>{_TYPED})",
    re.IGNORECASE,
)
_ONE_TIME = re.compile(
    rf"\b(?P<lead>{_CODE}\s{{1,3}}(?:is|es|é|:)\s{{1,3}})(?P<value>\d{{4,8}})\b",
    re.IGNORECASE,
)

_DIGEST = re.compile(
    r"\b(?P<kind>[Dd]igest|[Hh]awk|[Oo][Aa]uth)\s{1,4}[\w-]{1,40}=\\{0,8}\"[^\n]{0,4000}"
)
_NETRC = re.compile(
    r"(?P<lead>\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4})(?P<value>[^\s\"'\\]{1,400})"
)
_AFTER_WORDS = (_WORDS, _NETRC, _PLAIN_WORDS, _SENTENCE, _ONE_TIME)
SENTENCE_WORDS = (
    *(
        "password",
        "pass",
        "contrasena",
        "clave",
        "senha",
        "mot_de_passe",
        "parola_d_ordine",
        "token",
        "secret",
    ),
    *("api_key", "access_key", "license_key", "auth", "otp", "pin", "codigo"),
    *("security_code", "verification_code", "one_time_code", "sms_code"),
)
"""Every text that matches one of `_AFTER_WORDS` contains one of these words as `key_hint` reads
them: without the signs between letters."""


def mask_command_lines(text: str, is_masked: Callable[[str], bool], *, has_word: bool) -> str:
    """Return `text` with `[masked]` for the secrets of options, statements and sentences.

    `has_word` is False if the text contains no secret key and none of `SENTENCE_WORDS`.
    """
    if "--" in text or " -" in text or "'-" in text or '"-' in text:
        if has_word:
            text = _OPTION.sub(lambda option: _masked_option(option, is_masked), text)
        text = _mask_commands(text)
    if '="' in text or "=\\" in text:
        text = _DIGEST.sub(rf"\g<kind> {MASK}", text)
    if has_word:
        text = _SET.sub(lambda option: _masked_option(option, is_masked), text)
        for pattern in _AFTER_WORDS:
            text = pattern.sub(_masked_value, text)
    if "dentified" in text or "DENTIFIED" in text or has_word:
        text = _IDENTIFIED.sub(_masked_value, text)
    return text


def _masked_option(option: re.Match[str], is_masked: Callable[[str], bool]) -> str:
    name = option["name"]
    if _NO_VALUE.match(name) or option["value"].startswith("-") or not is_masked(name):
        return option.group()
    return _masked_value(option)


def _masked_value(match: re.Match[str]) -> str:
    start, end = (place - match.start() for place in match.span("value"))
    if match["value"].lstrip("(").startswith(MASK):
        return match.group()
    return match.group()[:start] + MASK + match.group()[end:]


def _mask_commands(text: str) -> str:
    """Mask `-pX`, `-a X` and `-u user:X` after programs that accept passwords in these options."""
    if _LETTER_OPTION.search(text) is None:
        return text
    out: list[str] = []
    at = 0
    commands = list(_COMMAND.finditer(text))
    for number, command in enumerate(commands):
        limit = commands[number + 1].start() if number + 1 < len(commands) else len(text)
        line_end = text.find("\n", command.end(), min(limit, command.end() + _SEGMENT))
        end = min(limit, command.end() + _SEGMENT) if line_end < 0 else line_end
        segment = text[command.end() : end]
        masked = _masked_segment(command.group(), segment)
        if masked != segment:
            out += (text[at : command.end()], masked)
            at = end
    return "".join(out) + text[at:]


def _masked_segment(program: str, segment: str) -> str:
    if " -" not in segment and "'-" not in segment and '"-' not in segment:
        return segment
    segment = _USER_OPTION.sub(_masked_value, segment)
    if program in _ONLY_LOGIN and " login" not in segment:
        return segment

    def mask(option: re.Match[str]) -> str:
        letter = option["option"][:2]
        if letter in ("-p", "-P") and program in _OTHER_P:
            return option.group()
        if letter == "-P" and program.startswith(("mysql", "mariadb")):
            return option.group()
        if letter == "-p" and program.startswith(("mysql", "mariadb")) and " " in option["option"]:
            return option.group()
        if letter in ("-k", "-K") and program != "openssl":
            return option.group()
        if letter in ("-a", "-w") and not program.endswith("-cli") and program[:4] != "ldap":
            return option.group()
        return _masked_value(option)

    return _PASSWORD_OPTION.sub(mask, segment)

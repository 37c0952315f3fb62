"""The settings of subjects and links: their types, and contradictions between these settings."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from bot.app.subjects import taken_names
from bot.models.job_batches import BATCH
from bot.models.subjects import ORDER, SHOP, USUAL, JobSubject

LINK_VALUES = frozenset({"order_id", "tienda_id", "job_id", "queue"})


_PATH = re.compile(r"[^.]+(\.[^.]+)*")
_SUBJECT = re.compile(r"[a-z][a-z0-9_]{1,28}")
MOST_SUBJECTS = 8


def _subjects(value: object) -> object:
    """Return subjects from a text like `order; user=data.user_id`.

    An order or a shop without paths has the usual paths.
    """
    if not isinstance(value, str):
        return value
    subjects: dict[str, JobSubject] = {}
    for part in filter(None, map(str.strip, value.split(";"))):
        name, _, written = (word.strip() for word in part.partition("="))
        name = SHOP if name == "tienda" else name
        paths = tuple(re.findall(r"[^\s,]+", written))
        if not _SUBJECT.fullmatch(name):
            raise ValueError(
                "must name each subject with 2 to 29 small letters, digits and _, such as "
                "user=data.user_id"
            )
        if name in subjects:
            raise ValueError("names a subject twice")
        if not (paths or name in (ORDER, SHOP)) or not all(map(_PATH.fullmatch, paths)):
            raise ValueError(
                "must have the paths of each subject: payload keys joined by dots, such as "
                "user=data.user_id,user.id"
            )
        subjects[name] = JobSubject(name, paths)
    if not subjects:
        raise ValueError("must name at least one subject, such as order")
    if len(subjects) > MOST_SUBJECTS:
        raise ValueError(f"must name at most {MOST_SUBJECTS} subjects")
    return tuple(subjects.values())


def _link(value: str) -> str:
    """Return the link template if no value is part of the host; `wrong_links` checks the names."""
    try:
        parsed = list(Formatter().parse(value))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    names = {name for _, name, _, _ in parsed if name is not None}
    is_plain = not any(conversion or form for _, _, form, conversion in parsed)
    if not is_plain or not all(_SUBJECT.fullmatch(name) for name in names):
        raise ValueError(f"may contain only these values in braces: {_braces(LINK_VALUES)}")
    if not re.match(r"https?://[^/{}\s@]+/", value):
        raise ValueError("must start with http:// or https:// and a host name without braces")
    return value


_NEXT_LINK = re.compile(r"\s*;\s*(?=[a-z][a-z0-9_]*\s*=\s*https?://)")


def _subject_links(value: object) -> object:
    """Return templates by subject from a text like `user=https://…/{user}; shop=https://…`."""
    if not isinstance(value, str):
        return value
    links: dict[str, str] = {}
    for part in _NEXT_LINK.split(value.strip().rstrip(";")):
        name, has_link, template = (word.strip() for word in part.partition("="))
        name = SHOP if name == "tienda" else name
        if not has_link or not _SUBJECT.fullmatch(name):
            raise ValueError(
                "must have a link template for each subject, such as "
                "user=https://admin.example.com/users/{user}"
            )
        if name in links:
            raise ValueError("names a subject twice")
        links[name] = _link(template)
    return tuple(links.items())


Subjects = Annotated[tuple[JobSubject, ...], BeforeValidator(_subjects)]
Link = Annotated[str, AfterValidator(_link)]
SubjectLinks = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_subject_links)]


def wrong_subjects(
    subjects: tuple[JobSubject, ...] | None,
    order_paths: tuple[str, ...] | None,
    tienda_paths: tuple[str, ...] | None,
) -> list[str]:
    """Return a sentence for each subject that contradicts another setting or a command."""
    if subjects is None:
        return []
    own = {
        ORDER: ("QUEUE_BOT_ORDER_PATHS", order_paths),
        SHOP: ("QUEUE_BOT_TIENDA_PATHS", tienda_paths),
    }
    problems = [
        f"QUEUE_BOT_SUBJECTS and {own[subject.name][0]} both have paths; keep one of them."
        for subject in subjects
        if subject.paths and subject.name in own and own[subject.name][1] is not None
    ]
    taken = sorted({subject.name for subject in subjects} & (taken_names() - USUAL))
    return problems + [
        f"QUEUE_BOT_SUBJECTS uses the name {name}, which commands use for another argument; "
        "choose another name."
        for name in taken
    ]


def wrong_links(
    subjects: tuple[JobSubject, ...] | None,
    links: Mapping[str, str],
    subject_links: tuple[tuple[str, str], ...] | None,
) -> list[str]:
    """Return a sentence for each link template that names a value or a subject that is not set.

    `links` are the templates of single settings, by the variable's name.
    """
    names = USUAL if subjects is None else {subject.name for subject in subjects}
    names |= {BATCH}
    own = {name for name, _ in subject_links or ()}
    allowed = LINK_VALUES | names | own
    templates = [
        *links.items(),
        *(("QUEUE_BOT_SUBJECT_LINKS", link) for _, link in subject_links or ()),
    ]
    problems = [
        f"{variable} may contain only these values in braces: {_braces(allowed)}."
        for variable, link in templates
        if not set(re.findall(r"\{(\w+)\}", link)) <= allowed
    ]
    if not own <= names:
        problems.append(
            "QUEUE_BOT_SUBJECT_LINKS names a subject that QUEUE_BOT_SUBJECTS does not have."
        )
    if ORDER in own and "QUEUE_BOT_ORDER_LINK" in links:
        problems.append(
            "QUEUE_BOT_SUBJECT_LINKS and QUEUE_BOT_ORDER_LINK both have a link of the order; "
            "keep one of them."
        )
    return list(dict.fromkeys(problems))


def _braces(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))

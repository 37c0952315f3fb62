"""The type of the setting that names the subjects of jobs."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from bot.models.subjects import ORDER, SHOP, JobSubject

_PATH = re.compile(r"[^.]+(\.[^.]+)*")
NAME = re.compile(r"[a-z][a-z0-9_]{1,28}")
MOSTNAMES = 8


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
        if not NAME.fullmatch(name):
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
    if len(subjects) > MOSTNAMES:
        raise ValueError(f"must name at most {MOSTNAMES} subjects")
    return tuple(subjects.values())


Subjects = Annotated[tuple[JobSubject, ...], BeforeValidator(_subjects)]

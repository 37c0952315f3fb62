"""Find contradictions between valid settings."""

import re

from bot.app.subjects import taken_names
from bot.models.job_batches import BATCH
from bot.models.subjects import ORDER, SHOP, USUAL
from bot.settings.links import LINK_VALUES, braces
from bot.settings.settings import Need, Settings


def contradictions_of(settings: Settings, need: Need) -> list[str]:
    """Return a sentence for each contradiction between valid settings."""
    problems = []
    if settings.database_ca is not None and settings.database_tls == "off":
        problems.append("DATABASE_CA and DATABASE_TLS=off contradict each other; keep one of them.")
    url = settings.database_url
    is_file = url is not None and url.get_secret_value().startswith("sqlite")
    if settings.own_schema is not None and is_file:
        problems.append(
            "QUEUE_BOT_SCHEMA needs MariaDB or MySQL: an SQLite file has no schemas; unset it."
        )
    problems += _wrong_subjects(settings)
    problems += _wrong_links(settings)
    if "." in settings.failed_jobs_table and is_file:
        problems.append(
            "QUEUE_BOT_FAILED_JOBS_TABLE names a database, but an SQLite file has no databases; "
            "write the table's name alone."
        )
    if settings.audit_key is None and settings.audit_key_old is not None:
        problems.append("QUEUE_BOT_AUDIT_KEY_OLD is set without QUEUE_BOT_AUDIT_KEY; set both.")
    if need == "run" and not (settings.viewers or settings.operators or settings.admins):
        problems.append(
            "Nobody has a role yet; list ids of Slack users or user groups in "
            "QUEUE_BOT_ADMINS, QUEUE_BOT_OPERATORS or QUEUE_BOT_VIEWERS."
        )
    return problems


def _wrong_subjects(settings: Settings) -> list[str]:
    """Return a sentence for each subject that contradicts another setting or a command."""
    if settings.subjects is None:
        return []
    own = {
        ORDER: ("QUEUE_BOT_ORDER_PATHS", settings.order_paths),
        SHOP: ("QUEUE_BOT_TIENDA_PATHS", settings.tienda_paths),
    }
    problems = [
        f"QUEUE_BOT_SUBJECTS and {own[subject.name][0]} both have paths; keep one of them."
        for subject in settings.subjects
        if subject.paths and subject.name in own and own[subject.name][1] is not None
    ]
    taken = sorted({subject.name for subject in settings.subjects} & (taken_names() - USUAL))
    return problems + [
        f"QUEUE_BOT_SUBJECTS uses the name {name}, which commands use for another argument; "
        "choose another name."
        for name in taken
    ]


def _wrong_links(settings: Settings) -> list[str]:
    """Return a sentence for each link template that names a value or a subject that is not set."""
    subjects, subject_links = settings.subjects, settings.subject_links
    links = {
        "QUEUE_BOT_ORDER_LINK": settings.order_link,
        "QUEUE_BOT_JOB_LINK": settings.job_link,
        "QUEUE_BOT_LOG_LINK": settings.log_link,
    }
    names = USUAL if subjects is None else {subject.name for subject in subjects}
    names |= {BATCH}
    own = {name for name, _ in subject_links or ()}
    allowed = LINK_VALUES | names | own
    templates = [(name, link) for name, link in links.items() if link is not None]
    templates += [("QUEUE_BOT_SUBJECT_LINKS", link) for _, link in subject_links or ()]
    problems = [
        f"{variable} may contain only these values in braces: {braces(allowed)}."
        for variable, link in templates
        if not set(re.findall(r"\{(\w+)\}", link)) <= allowed
    ]
    if not own <= names:
        problems.append(
            "QUEUE_BOT_SUBJECT_LINKS names a subject that QUEUE_BOT_SUBJECTS does not have."
        )
    if ORDER in own and settings.order_link is not None:
        problems.append(
            "QUEUE_BOT_SUBJECT_LINKS and QUEUE_BOT_ORDER_LINK both have a link of the order; "
            "keep one of them."
        )
    return list(dict.fromkeys(problems))

"""The commands `queue-bot audit …`: read, verify and export the audit log, and keep its key."""

import os
from time import sleep
from typing import TextIO

import click

from bot.database.start import at_start
from bot.database.transactions import reading
from bot.models.refusals import StartError
from bot.settings.environment import load_settings
from bot.store.audit import audit_log, chain, history, verification
from bot.store.audit.keys import new_secret
from bot.store.migrate import require_current
from bot.terminal.audit import activate_key, anchors_in, exported, purge_refusals, replace_lost_key
from bot.terminal.names import name_problem
from bot.terminal.output import stopping
from bot.text import clean
from bot.wiring.engines import open_database
from bot.wiring.setup import audit_keys

FOLLOW_SECONDS = 1.0


@click.group(name="audit")
def audit_group() -> None:
    """Read and verify the audit log."""


@audit_group.command()
@click.option(
    "--anchor", multiple=True, metavar="SEQ:HASH", help="An anchor from the audit channel."
)
@click.option(
    "--anchors",
    type=click.File(encoding="utf-8"),
    help="A file with anchors, such as a copy of the audit channel.",
)
@stopping
def verify(anchor: tuple[str, ...], anchors: TextIO | None) -> None:
    """Print the problems of the chain of audit records; exit with 1 if there are any."""
    posted = {} if anchors is None else anchors_in(anchors.read())
    posted |= dict(_anchor(text) for text in anchor)
    settings = load_settings(os.environ, need="database")
    with at_start(), reading(open_database(settings)) as connection:
        require_current(connection)
        keys, posts = audit_keys(settings), settings.audit_channel is not None
        problems = list(verification.verify(connection, posted, keys=keys, posts=posts))
        span = verification.unproven_span(connection)
        last = chain.tail(connection)
    for sentence in (*problems, *([span] if span else [])):
        click.echo(sentence)
    if problems:
        raise SystemExit(1)
    click.echo(f"The chain is valid: {last.seq} records, the last is #{last.seq} {last.hash[:8]}.")


def _anchor(text: str) -> tuple[int, str]:
    anchors = anchors_in(text)
    if len(anchors) != 1:
        raise click.BadParameter("must be an anchor as in the audit channel, such as 17:0f3a9c2e")
    return next(iter(anchors.items()))


@audit_group.command(name="new-key")
@click.option("--activate", is_flag=True, help="Activate QUEUE_BOT_AUDIT_KEY with the old key.")
@click.option(
    "--lost", is_flag=True, help="Activate QUEUE_BOT_AUDIT_KEY although the old key is lost."
)
@click.option("--as", "name", metavar="NAME", help="Your name, for the audit log.")
@stopping
def new_key(activate: bool, lost: bool, name: str | None) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Print a new key of the audit log, or activate QUEUE_BOT_AUDIT_KEY."""
    if not activate and not lost:
        click.echo(new_secret())
        return
    if name is None or (activate and lost):
        raise click.UsageError("use --activate or --lost, not both, and add --as NAME")
    if (problem := name_problem(name)) is not None:
        raise StartError([problem])
    settings = load_settings(os.environ, need="database")
    put_into_use = activate_key if activate else replace_lost_key
    click.echo(put_into_use(open_database(settings), audit_keys(settings), name))


@audit_group.command()
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(min=30), help="Minimum age."
)
@click.option("--as", "name", required=True, metavar="NAME", help="Your name, for the audit log.")
@stopping
def purge(days: int, name: str) -> None:
    """Sum up old refusals in one record and delete their records; needs the migrate account."""
    if (problem := name_problem(name)) is not None:
        raise StartError([problem])
    settings = load_settings(os.environ, need="database")
    click.echo(purge_refusals(open_database(settings), audit_keys(settings), days, name))


@audit_group.command()
@click.option("--after", default=0, metavar="SEQ", help="Print only records after this number.")
@click.option("--follow", is_flag=True, help="Wait for new records until you stop the command.")
@stopping
def export(after: int, follow: bool) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Print the sealed records as lines of JSON, oldest first."""
    engine = open_database(load_settings(os.environ, need="database"))
    with at_start(), reading(engine) as connection:
        require_current(connection)
    while True:
        for seq, line in exported(engine, after):
            click.echo(line)
            after = seq
        if not follow:
            return
        sleep(FOLLOW_SECONDS)


@audit_group.command()
@click.option("--lines", default=20, show_default=True, help="Number of records.")
@stopping
def tail(lines: int) -> None:
    """Print the newest audit records, oldest first."""
    engine = open_database(load_settings(os.environ, need="database"))
    with at_start(), reading(engine) as connection:
        require_current(connection)
        rows = history.newest(connection, history.HistoryFilter(), lines)
    for row in reversed(rows):
        line = audit_log.line(row)
        targets = " ".join(f"{target.kind} {target.id}" for target in line.targets)
        shown = f"{line.at} {line.actor} {line.action} {targets} {line.outcome}: {line.answer}"
        click.echo(clean(shown))

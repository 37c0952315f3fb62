"""The commands of the terminal, such as run, playground, do, migrate, health and doctor.

Only this module reads the settings.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from time import sleep
from types import FrameType
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import click
import structlog
from sqlalchemy.exc import DBAPIError

from bot import __version__, logs
from bot.access.no_slack import NoSlack
from bot.audit_terminal import (
    activate_key,
    anchors_in,
    exported,
    purge_refusals,
    replace_lost_key,
)
from bot.database.dialects import is_sqlite
from bot.database.start import at_start, problems_of
from bot.database.transactions import reading
from bot.doctor.checks import diagnose, diagnosing
from bot.doctor.report import print_diagnosis
from bot.masking.masker import mask_value
from bot.models.operations import Preview
from bot.models.refusals import Refusal, StartError
from bot.playground.frameworks import FRAMEWORKS
from bot.playground.frameworks.spec import SPEC
from bot.reindex_terminal import reindex
from bot.settings import exposed_files, load_settings
from bot.setup_terminal import set_up, setup_options
from bot.slack.manifest import manifest
from bot.slack.runtime import freeze_heap
from bot.store.audit import audit_log, chain, history, verification
from bot.store.audit.keys import new_secret
from bot.store.migrate import migrate as apply_migrations
from bot.store.migrate import require_current
from bot.terminal import TerminalRequest, do, name_problem, report_health, reported
from bot.text import clean, texts_for
from bot.views.environment import label_of
from bot.views.refusal import refusal_sentence
from bot.wiring import (
    audit_keys,
    check_tables,
    layout_of,
    make_bot,
    make_setup,
    open_database,
    queue_of,
    start_notes,
)

log = structlog.get_logger(__name__)

FOLLOW_SECONDS = 1.0


def stopping(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print one line per problem and exit with 2 if the command cannot start."""

    @wraps(command)
    def guarded(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (StartError, DBAPIError) as error:
            for problem in problems_of(error):
                click.echo(problem, err=True)
            raise SystemExit(2) from None
        except Refusal as refusal:
            english = texts_for("en", "en", ZoneInfo("UTC"))
            click.echo(refusal_sentence(refusal, english, {}), err=True)
            raise SystemExit(1) from None

    return guarded


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="queue-bot")
def main() -> None:
    """Run a database job queue from Slack."""


@main.command()
@stopping
def run() -> None:
    """Run the bot: answer requests of Slack until SIGTERM."""
    logs.configure(mask=mask_value)
    for note in exposed_files(os.environ):
        log.warning(note)
    settings = load_settings(os.environ, need="run")
    server = None
    if settings.mode == "http":
        # Socket Mode needs no HTTP server.
        from bot.slack.http_server import HttpServer  # noqa: PLC0415 see above

        server = HttpServer(settings.http_host, settings.http_port)
    bot = make_bot(settings, diagnose=diagnosing(settings))
    for note in start_notes(settings):
        log.warning(note)
    if is_sqlite(bot.setup.engine):
        log.warning("SQLite is for one process only. Two or more bots need MariaDB or MySQL.")
    done = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    bot.start()
    freeze_heap()
    if server is None:
        done.wait()
    else:
        server.serve(bot.requests, done)
    bot.stop()


@main.command()
@click.option(
    "--port", default=8100, show_default=True, help="Port of the page; 0 means any free port."
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option(
    "--layout",
    type=click.Choice(list(FRAMEWORKS)),
    default=SPEC.name,
    show_default=True,
    help="Layout of the sample queue's tables, with that framework's payloads and worker.",
)
@click.option("--only-slack", is_flag=True, help="Start only the local Slack, for another app.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="Manifest of the other app (YAML or JSON); needs --only-slack.",
)
@stopping
def playground(
    port: int,
    no_browser: bool,  # noqa: FBT001 click passes a flag as a bool
    layout: str,
    only_slack: bool,  # noqa: FBT001 as above
    manifest: Path | None,
) -> None:
    """Try the bot in a local Slack in your browser, with a sample queue and a worker.

    You need no Slack account.
    """
    if only_slack != (manifest is not None):
        raise click.UsageError("--only-slack and --manifest must be used together")
    # Only the playground needs a web server, and the image does not contain one.
    from bot.localslack.proxies import bypass_proxies  # noqa: PLC0415 see above

    logs.configure("WARNING", mask_value)
    bypass_proxies(os.environ)
    if manifest is not None:
        from bot.localslack.standalone import (  # noqa: PLC0415 see above
            CannotStart,
            read_manifest,
            serve,
        )

        try:
            serve(read_manifest(manifest), port, browser=not no_browser, say=click.echo)
        except CannotStart as error:
            raise StartError([str(error)]) from error
        return
    from bot.playground.play import play  # noqa: PLC0415 see above

    play(port, layout, browser=not no_browser, say=click.echo)


@main.command(name="manifest")
@stopping
def manifest_command() -> None:
    """Print the Slack app's manifest for QUEUE_BOT_COMMAND and QUEUE_BOT_ENVIRONMENT."""
    settings = load_settings(os.environ, need="manifest")
    click.echo(manifest(settings.command, settings.environment), nl=False)


@main.command()
@stopping
def migrate() -> None:
    """Create or update the bot's own tables (queue_bot_…)."""
    logs.configure("WARNING", mask_value)
    settings = load_settings(os.environ, need="database")
    engine = open_database(settings)
    with reported(click.echo) as report:
        applied = apply_migrations(engine, report)
    with at_start(), reading(engine) as connection:
        require_current(connection)
    click.echo(f"Migrations applied: {applied}." if applied else "The tables are up to date.")


@main.command(name="reindex")
@stopping
def reindex_command() -> None:
    """Rebuild the texts that the bot stored, with the masking of this version."""
    logs.configure("WARNING", mask_value)
    settings = load_settings(os.environ, need="database")
    engine = open_database(settings)
    check_tables(engine, queue_of(settings, layout_of(settings, engine)))
    reindex(engine, make_setup(settings, engine, NoSlack()).queue, click.echo)


@main.command(name="do")
@click.argument("words")
@click.option("--as", "name", required=True, metavar="NAME", help="Your name, for the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--yes", is_flag=True, help="Confirm a bulk change without a prompt.")
@click.option(
    "--request-id",
    metavar="ID",
    help="Id of the request; a repeated id only prints the first answer.",
)
@stopping
def do_command(words: str, name: str, as_json: bool, yes: bool, request_id: str | None) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Run one command as in Slack, for example: queue-bot do "retry 45" --as ana."""
    logs.configure("WARNING", mask_value)
    settings = load_settings(os.environ, need="database")
    engine = open_database(settings)
    check_tables(engine, queue_of(settings, layout_of(settings, engine)))
    setup = replace(make_setup(settings, engine, NoSlack()), diagnose=lambda: diagnose(os.environ))
    arguments = TerminalRequest(words, name, request_id, yes, as_json)
    raise SystemExit(do(setup, arguments, click.echo, partial(_ask, settings.environment)))


def _ask(environment: str | None, preview: Preview) -> int | None:
    if not sys.stdin.isatty():
        return None
    where = "" if environment is None else f" in {label_of(environment)}"
    question = f"Type {preview.total} to confirm{where}"
    typed = click.prompt(question, default="", show_default=False)
    return int(typed) if str(typed).strip().isdigit() else None


@main.command(name="health")
@click.option("--json", "as_json", is_flag=True, help="Print the health as JSON.")
@stopping
def health_command(as_json: bool) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Print the problems of the bot itself; exit with 1 if there are any.

    The health covers the background work and the delivery of messages.
    """
    logs.configure("WARNING", mask_value)
    settings = load_settings(os.environ, need="database")
    setup = make_setup(settings, open_database(settings), NoSlack())
    raise SystemExit(report_health(setup, click.echo, as_json=as_json, notes=start_notes(settings)))


main.command(name="setup")(setup_options(stopping(set_up)))


@main.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor_command(as_json: bool) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Check the settings, Slack, the database and the bot's work, and print what to do.

    The exit code is 0 if all is well, 1 for warnings, and 2 for problems.
    """
    logs.configure("CRITICAL", mask_value)
    raise SystemExit(print_diagnosis(diagnose(os.environ), click.echo, as_json=as_json))


@main.group(name="audit")
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


if __name__ == "__main__":
    main()

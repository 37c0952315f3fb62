"""The commands of the terminal, such as run, playground, do, migrate, health and doctor.

Only the commands read the settings.
"""

import os
import re
import signal
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType

import click
import structlog

from bot import __version__, logs
from bot.access.no_slack import NoSlack
from bot.database.dialects import is_sqlite
from bot.database.start import at_start
from bot.database.transactions import reading
from bot.doctor.checks import diagnose, diagnosing
from bot.doctor.report import print_diagnosis
from bot.doctor.start_sentences import sentences_in
from bot.installing.command_help import SetupCommand
from bot.installing.language import language_of
from bot.installing.questions import LANGUAGE
from bot.masking.masker import mask_value
from bot.models.operations import Preview
from bot.models.refusals import StartError
from bot.playground.frameworks import FRAMEWORKS
from bot.playground.frameworks.spec import SPEC
from bot.settings.environment import load_settings
from bot.settings.secret_files import exposed_files
from bot.settings.settings import Need, Settings
from bot.slack.manifest import manifest
from bot.slack.runtime import freeze_heap
from bot.slack.signed_requests import PATH
from bot.store.migrate import migrate as apply_migrations
from bot.store.migrate import require_current
from bot.store.migrate_sql import pending_statements
from bot.terminal.audit_commands import audit_group
from bot.terminal.do import TerminalRequest, do
from bot.terminal.health import report_health
from bot.terminal.output import reported, stopping
from bot.terminal.reindex import reindex
from bot.terminal.setup import set_up, setup_options
from bot.views.environment import label_of
from bot.wiring.bot import make_bot
from bot.wiring.engines import open_database
from bot.wiring.queue_tables import check_tables, layout_of, masked_keys, queue_of
from bot.wiring.setup import make_setup
from bot.wiring.start_notes import start_notes

log = structlog.get_logger(__name__)


def settings_and_log(need: Need, level: str = "WARNING") -> Settings:
    """Return the settings of this process; set up its log, which masks by the settings' keys."""
    logs.configure(level, mask_value)
    settings = load_settings(os.environ, need=need)
    logs.configure(level, partial(mask_value, keys=masked_keys(settings)))
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="queue-bot")
def main() -> None:
    """Run a database job queue from Slack."""


@main.command()
@stopping
def run() -> None:
    """Run the bot: answer requests of Slack until SIGTERM."""
    settings = settings_and_log("run", "INFO")
    for note in exposed_files(os.environ):
        log.warning(note)
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
    if server is not None:
        bot.requests.listen = server.listen
    bot.start()
    freeze_heap()
    if server is None:
        done.wait()
    else:
        server.serve(bot.requests, done, bot.requests.drain, settings.drain_seconds)
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
    try:
        from bot.localslack.standalone import (  # noqa: PLC0415 see above
            CannotStart,
            read_manifest,
            serve,
        )
        from bot.playground.play import play  # noqa: PLC0415 see above
    except ModuleNotFoundError as error:
        problem = (
            f"The playground needs more packages ({error.name}): install queue-bot[playground]."
        )
        raise StartError([problem]) from error

    if manifest is None:
        play(port, layout, browser=not no_browser, say=click.echo)
        return
    try:
        serve(read_manifest(manifest), port, browser=not no_browser, say=click.echo)
    except CannotStart as error:
        raise StartError([str(error)]) from error


@main.command(name="manifest")
@click.option(
    "--url",
    metavar="URL",
    callback=lambda _context, _option, url: url if url is None else request_url(url),
    help="HTTP mode: the https address to which Slack sends requests.",
)
@stopping
def manifest_command(url: str | None) -> None:
    """Print the Slack app's manifest for QUEUE_BOT_COMMAND and QUEUE_BOT_ENVIRONMENT."""
    settings = load_settings(os.environ, need="manifest")
    click.echo(manifest(settings.command, settings.environment, url), nl=False)


@main.command()
@click.option("--sql", is_flag=True, help="Print the statements, and execute nothing.")
@stopping
def migrate(sql: bool) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Create or update the bot's own tables (queue_bot_…)."""
    settings = settings_and_log("database")
    engine = open_database(settings)
    if sql:
        statements = pending_statements(engine)
        click.echo("\n".join(statements or ["-- The tables are up to date."]))
        return
    with reported(click.echo) as report:
        applied = apply_migrations(engine, report)
    with at_start(), reading(engine) as connection:
        require_current(connection)
    click.echo(f"Migrations applied: {applied}." if applied else "The tables are up to date.")


@main.command(name="reindex")
@stopping
def reindex_command() -> None:
    """Rebuild the texts that the bot stored, with the masking of this version."""
    settings = settings_and_log("database")
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
    settings = settings_and_log("database")
    engine = open_database(settings)
    check_tables(engine, queue_of(settings, layout_of(settings, engine)))
    setup = replace(
        make_setup(settings, engine, NoSlack()), diagnose=lambda _: diagnose(os.environ)
    )
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
    settings = settings_and_log("database")
    setup = make_setup(settings, open_database(settings), NoSlack())
    raise SystemExit(report_health(setup, click.echo, as_json=as_json, notes=start_notes(settings)))


main.command(name="setup", cls=SetupCommand)(setup_options(stopping(set_up)))


@main.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor_command(as_json: bool) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Check the settings, Slack, the database and the bot's work, and print what to do.

    The exit code is 0 if all is well, 1 for warnings, and 2 for problems.
    """
    logs.configure("WARNING", mask_value)
    with logs.only_findings():
        diagnosis = diagnose(os.environ)
    text = sentences_in(language_of({LANGUAGE: os.environ.get(LANGUAGE, "")}))
    raise SystemExit(print_diagnosis(diagnosis, click.echo, text, as_json=as_json))


def request_url(url: str) -> str:
    """Return the address of HTTP mode if Slack accepts it."""
    if not re.fullmatch(rf"https://[\w.:-]+(/[\w./-]*)?{PATH}", url):
        raise click.BadParameter(f"must begin with https:// and end with {PATH}")
    return url


main.add_command(audit_group)


if __name__ == "__main__":
    main()

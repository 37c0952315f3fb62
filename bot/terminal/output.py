"""What commands print besides their answers: progress, problems and the environment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import DBAPIError

from bot.app.setup import Setup
from bot.database.start import problems_of
from bot.models.refusals import Refusal, StartError
from bot.text import texts_for
from bot.views.environment import label_of
from bot.views.refusal import refusal_sentence


def say_environment(setup: Setup, say: Callable[[str], None]) -> None:
    """Print the label of the environment, if it has a name; JSON has none."""
    if setup.environment is not None:
        say(label_of(setup.environment))


@contextmanager
def reported(say: Callable[[str], object]) -> Iterator[Callable[[str], object]]:
    """Print the running activity every second; yield the function that sets the activity."""
    activities = ["connecting"]
    done = threading.Event()

    def repeat() -> None:
        seconds = 0
        while not done.wait(1.0):
            seconds += 1
            say(f"Still running after {seconds} s: {activities[-1]}")

    reporter = threading.Thread(target=repeat, name="report", daemon=True)
    reporter.start()
    try:
        yield activities.append
    finally:
        done.set()
        reporter.join()


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

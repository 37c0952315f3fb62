"""Samples of every message and dialog of the bot, with realistic values or one hostile text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

import tests.views
from bot.models.requests import Source
from bot.models.roles import Role
from bot.views.context import Context, Links
from tests.views.words import PLAIN, Shown, Words, context

Make = Callable[[Context], Shown]


@dataclass(frozen=True)
class Sample:
    """One message or dialog: its name, the function that makes it, and its surface."""

    name: str
    make: Make
    source: Source = Source.SLASH
    links: Links = field(default_factory=Links)

    def shown(self, language: str, role: Role) -> Shown:
        """Return the message for a reader with this role and language."""
        made = context(language, role, self.source, links=self.links)
        return self.make(made)


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    for _, topic_samples in by_topic(w):
        yield from topic_samples


def by_topic(w: Words = PLAIN) -> Iterator[tuple[str, Iterator[Sample]]]:
    """Yield the samples of each topic; each module `samples_…` in this folder is one topic."""
    for module in sorted(info.name for info in iter_modules(tests.views.__path__)):
        if module.startswith("samples_"):
            topic = module.removeprefix("samples_")
            yield topic, import_module(f"tests.views.{module}").samples(w)

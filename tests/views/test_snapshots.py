"""Every message and dialog as it was agreed, in both languages and for every role."""

from collections.abc import Iterator

from syrupy.assertion import SnapshotAssertion

from bot.models.requests import Message, Modal, Role
from bot.text import LANGUAGES
from tests.kit.cases import check_each
from tests.views.drawing import drawn, elements_in, texts_in
from tests.views.samples import Sample, samples

EVERY = list(samples())


def by_role(sample: Sample, language: str) -> Iterator[str]:
    """What an admin sees; for the other roles the buttons and the texts that are other."""
    admin = sample.shown(language, Role.ADMIN)
    yield drawn(admin)
    texts = [text for _, text in texts_in(admin)]
    seen: dict[str, list[str]] = {}
    for role in Role:
        shown = sample.shown(language, role)
        other = [text for _, text in texts_in(shown) if text not in texts]
        lines = [*other, *actions(shown)] if actions(shown) != actions(admin) else other
        if lines or actions(shown) != actions(admin):
            seen.setdefault("\n".join(lines), []).append(role.word)
    for lines_of, roles in seen.items():
        yield f"--- {', '.join(roles)}"
        yield lines_of


def actions(shown: Message | Modal) -> list[str]:
    """The buttons and menus of each block, in a line."""
    by_block = (list(elements_in(dict(block))) for block in shown.blocks)
    return [" ".join(e["action_id"] for e in found) for found in by_block if found]


def test_a_message_looks_as_agreed(snapshot: SnapshotAssertion) -> None:
    def check(named: str) -> None:
        sample, language = every[named]
        assert "\n".join(by_role(sample, language)) == snapshot(name=named)

    every = {f"{one.name}-{language}": (one, language) for one in EVERY for language in LANGUAGES}
    check_each(((named, named) for named in every), check)


def test_no_two_samples_have_the_same_name() -> None:
    names = [sample.name for sample in EVERY]
    assert sorted(set(names)) == sorted(names)

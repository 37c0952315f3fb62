"""Every message and dialog equals its snapshot, in both languages and for every role."""

from collections.abc import Iterator

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.text import LANGUAGES
from tests.kit.cases import check_each
from tests.views.drawing import drawn, elements_in, texts_in
from tests.views.samples import Sample, by_topic

# Long samples test Slack's limits; shorter samples of the same lists are enough for a snapshot.
LONG = ("-50", "-150", "-200")
TOPICS = {
    topic: [sample for sample in topic_samples if not sample.name.endswith(LONG)]
    for topic, topic_samples in by_topic()
}
CASES = {
    f"{sample.name}-{language}": (topic, sample, language)
    for topic, topic_samples in TOPICS.items()
    for sample in topic_samples
    for language in LANGUAGES
}


class TopicFiles(AmberSnapshotExtension):
    """Keep the snapshots of each topic in a separate file."""

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        """Return the test's folder and the topic of the sample."""
        topic, _, _ = CASES[str(index)]
        return f"{test_location.basename}/{topic}"


@pytest.fixture
def topic_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The snapshots, with a file for each topic."""
    return snapshot.use_extension(TopicFiles)


def by_role(sample: Sample, language: str) -> Iterator[str]:
    """Yield the admin's view, then the buttons and texts that differ for the other roles."""
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
    """Return the buttons and menus of each block, one line per block."""
    by_block = (list(elements_in(dict(block))) for block in shown.blocks)
    return [" ".join(e["action_id"] for e in elements) for elements in by_block if elements]


def test_a_message_equals_its_snapshot(topic_snapshot: SnapshotAssertion) -> None:
    def check(case: str) -> None:
        _, sample, language = CASES[case]
        assert "\n".join(by_role(sample, language)) == topic_snapshot(name=case)

    check_each(((case, case) for case in CASES), check)


def test_no_two_samples_have_the_same_name() -> None:
    names = [sample.name for topic_samples in TOPICS.values() for sample in topic_samples]
    assert sorted(set(names)) == sorted(names)

"""Texts of failures under the groups that a person made of them, and how well the rules agree."""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.fingerprint.error_group import error_group

HERE = Path(__file__).parents[1] / "fingerprint"
UNSEEN = (
    "error_public_unseen.json",
    "error_public_unseen_second.json",
    "error_public_unseen_third.json",
    "error_public_unseen_fourth.json",
    "error_public_unseen_fifth.json",
    "error_public_unseen_sixth.json",
)
"""Texts that nobody who writes rules has read (docs/decisions/031)."""
GOAL = (0.97, 0.95)
"""The precision and recall to reach on texts that nobody has seen."""
LEAST = {
    "error_corpus.json": (0.98, 0.98),
    "error_held_out.json": (0.98, 0.98),
    "error_second.json": (0.98, 0.98),
    "error_third.json": (0.98, 0.98),
    "error_public.json": (0.97, 0.95),
    "error_public_held_out.json": (0.97, 0.95),
    "error_public_second.json": (1.0, 1.0),
    "error_public_third.json": (0.99, 0.97),
    "error_public_fourth.json": (0.99, 0.95),
    "error_public_fifth.json": (0.99, 0.97),
    "error_public_sixth.json": (0.99, 0.97),
    "error_public_seventh.json": (0.98, 0.96),
    "error_public_eighth.json": (1.0, 0.97),
    "error_public_connections.json": (0.98, 0.89),
    "error_public_databases.json": (1.0, 1.0),
    "error_public_languages.json": (1.0, 1.0),
    "error_public_services.json": (1.0, 1.0),
    "error_public_posts.json": (1.0, 0.95),
    "error_public_posts_second.json": (1.0, 0.87),
    "error_public_posts_third.json": (1.0, 0.95),
    UNSEEN[0]: (0.99, 0.93),
    UNSEEN[1]: (0.99, 0.95),
    UNSEEN[2]: (0.96, 0.93),
    UNSEEN[3]: (0.99, 0.97),
    UNSEEN[4]: (0.99, 0.98),
    UNSEEN[5]: (0.99, 0.95),
}
"""The least precision and recall of each corpus."""
CORPORA = tuple(LEAST)
Corpus = Mapping[str, Sequence[str]]


def corpus(name: str) -> Corpus:
    """Return the texts of each group of a corpus."""
    entries: Corpus = json.loads((HERE / name).read_text(encoding="utf-8"))
    return entries


def measure(*corpora: Corpus) -> tuple[float, float, list[str]]:
    """Pairwise precision and recall of `error_group`, and each wrong pair in words.

    Of several corpora, the pairs within each corpus count together.
    """
    right = apart = joined = 0
    wrong: list[str] = []
    for texts_of in corpora:
        keys = [(group, error_group(text)) for group, texts in texts_of.items() for text in texts]
        for (group, key), (other_group, other_key) in itertools.combinations(keys, 2):
            if group == other_group and key == other_key:
                right += 1
            elif group == other_group:
                apart += 1
                wrong.append(f"apart in {group!r}:\n  {key}\n  {other_key}")
            elif key == other_key:
                joined += 1
                wrong.append(f"joined {group!r} and {other_group!r}:\n  {key}")
    return right / max(1, right + joined), right / max(1, right + apart), wrong

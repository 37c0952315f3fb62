"""Send newer blocks if the workspace accepts them, else older blocks, else plain text.

Slack enables new blocks workspace by workspace
(docs.slack.dev/reference/block-kit/blocks/data-visualization-block and …/data-table-block). Before
that, a `response_url` and a Web API method return the error `invalid_blocks`. An acknowledgement
returns no error. So an acknowledgement contains a table only after Slack has accepted a table in
another answer. An acknowledgement never contains a chart, because people rarely request charts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_sdk.webhook import WebhookClient

from bot.models.requests import Block
from bot.views.blocks import DATA_TABLE, without_data_tables
from bot.views.reports.chart import CHART, without_charts

log = structlog.get_logger(__name__)

REFUSED = "invalid_blocks"
OLDER: Mapping[str, Callable[[Sequence[Block]], list[Block]]] = {
    CHART: without_charts,
    DATA_TABLE: without_data_tables,
}
"""Functions that replace newer block types by older types; a chart first becomes a `data_table`."""


@dataclass(frozen=True)
class Variant:
    """A message body, and the types of newer blocks that were replaced in this body."""

    body: dict[str, Any]
    replaced: frozenset[str] = frozenset()


@dataclass
class BlockSupport:
    """The newer blocks that this workspace accepts or refuses; each process learns them once."""

    refused: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)

    def fitted(self, blocks: Sequence[Block]) -> list[Block]:
        """Return the blocks, with the refused block types replaced by older types."""
        fitted = list(blocks)
        for type_ in (type_ for type_ in OLDER if type_ in self.refused):
            fitted = OLDER[type_](fitted)
        return fitted

    def may_be_refused(self, blocks: Sequence[Block]) -> bool:
        """Whether `fitted` would return a newer block that Slack has not accepted yet."""
        return bool(_newer(self.fitted(blocks)) - (self.accepted & {DATA_TABLE}))

    def variants(self, body: Mapping[str, Any]) -> Iterator[Variant]:
        """Yield the body for this workspace, then variants with more and more block types replaced.

        After a refusal, the caller requests the next variant. The caller passes the accepted
        variant to `learn`.
        """
        if "blocks" not in body:
            yield Variant(dict(body))
            return
        blocks = self.fitted(body["blocks"] or ())
        yield Variant({**body, "blocks": blocks})
        replaced: frozenset[str] = frozenset()
        for type_, older in OLDER.items():
            if type_ in _newer(blocks):
                blocks, replaced = older(blocks), replaced | {type_}
                yield Variant({**body, "blocks": blocks}, replaced)

    def learn(self, variant: Variant) -> None:
        """Record that Slack accepted this variant and refused the previous variants."""
        if variant.replaced - self.refused:
            types = sorted(variant.replaced)
            log.warning(
                "this workspace takes no newer blocks yet: older ones are sent", types=types
            )
        self.refused |= variant.replaced
        self.accepted |= _newer(variant.body.get("blocks") or ())


def _newer(blocks: Sequence[Block]) -> set[str]:
    return {block["type"] for block in blocks if block.get("type") in OLDER}


def respond(hook: WebhookClient, body: Mapping[str, Any], support: BlockSupport) -> None:
    """Answer through a `response_url`; use older blocks or text if Slack refuses newer blocks."""
    text_alone = Variant({**body, "blocks": []})
    reason = ""
    for variant in [*support.variants(body), text_alone]:
        response = hook.send_dict(variant.body)
        if response.status_code == 200 and REFUSED not in response.body:
            if variant is not text_alone:
                support.learn(variant)
            return
        reason = response.body[:100]
        if REFUSED not in reason:
            break
    log.warning("answer not delivered", because=reason)

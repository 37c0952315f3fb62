"""Charts if the workspace takes them, else the same data as a table, else as text.

Slack brings the block to its workspaces gradually
(docs.slack.dev/reference/block-kit/blocks/data-visualization-block), and answers `invalid_blocks`
until then. A `response_url` and a method return that error. An acknowledgement returns nothing, so
no chart is sent in one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.webhook import WebhookClient

from bot.models.requests import Block
from bot.views.reports.chart import has_chart, without_charts

log = structlog.get_logger(__name__)

REFUSED = "invalid_blocks"


@dataclass
class Charts:
    """Whether this workspace takes charts, as far as known; learned once per process."""

    refused: bool = False

    def fitted(self, blocks: Sequence[Block]) -> list[Block]:
        """Return the blocks in the form that this workspace takes."""
        return without_charts(blocks) if self.refused else list(blocks)

    def variants(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the body unchanged, then, if it has charts, with a table instead.

        The caller asks for the next variant after a refusal, and calls `learn` if the second one is
        accepted.
        """
        blocks = self.fitted(body.get("blocks") or ())
        yield {**body, "blocks": blocks} if "blocks" in body else dict(body)
        if has_chart(blocks):
            yield {**body, "blocks": without_charts(blocks)}

    def learn(self) -> None:
        """Record that Slack accepted without a chart what it had refused with one."""
        if not self.refused:
            log.warning("this workspace takes no charts yet: tables replace them")
        self.refused = True


def respond(hook: WebhookClient, body: Mapping[str, Any], charts: Charts) -> None:
    """Answer through a `response_url`; if Slack refuses the charts, with a table, then text."""
    text_alone = {**body, "blocks": []}
    reason = ""
    for number, variant in enumerate([*charts.variants(body), text_alone]):
        response = hook.send_dict(variant)
        if response.status_code == 200 and REFUSED not in response.body:
            if number and variant is not text_alone:
                charts.learn()
            return
        reason = response.body[:100]
        if REFUSED not in reason:
            break
    log.warning("answer not delivered", because=reason)

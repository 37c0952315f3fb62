"""Charts where Slack takes them: else the same figures as a table, and else as text.

Slack brings the block to its workspaces by and by (docs.slack.dev/reference/block-kit/blocks/
data-visualization-block), and says `invalid_blocks` where it is not there yet. The body of a
`response_url` and of a method say so; an acknowledgement is answered nothing, so no chart goes in
one.
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
    """Whether this workspace takes charts, as far as it is known; learnt once for the process."""

    refused: bool = False

    def fitted(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks as this workspace takes them."""
        return without_charts(blocks) if self.refused else list(blocks)

    def variants(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The body as it is, then with a table in the place of its charts, where it has some.

        Who was refused one asks for the next; who sent the second one says so with `learn`.
        """
        blocks = self.fitted(body.get("blocks") or ())
        yield {**body, "blocks": blocks} if "blocks" in body else dict(body)
        if has_chart(blocks):
            yield {**body, "blocks": without_charts(blocks)}

    def learn(self) -> None:
        """What was refused with a chart was taken without it."""
        if not self.refused:
            log.warning("this workspace takes no charts yet: tables take their place")
        self.refused = True


def respond(hook: WebhookClient, body: Mapping[str, Any], charts: Charts) -> None:
    """Answer through a `response_url`; where Slack refuses the charts, with a table, then text."""
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

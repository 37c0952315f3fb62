"""How long somebody who comes to App Home waits for it, beside people who type commands."""

import time
from concurrent.futures import ThreadPoolExecutor

from bot.localslack.demo import IDS
from tests.bench.bots import PEOPLE, Bot, person
from tests.bench.figures import times

PATIENCE = 60.0


def open_homes(bot: Bot, times_each: int) -> None:
    """Print the time from coming to Home until Slack has it: alone, and with fifty at once."""
    alone = [_opened(bot, IDS.admin) for _ in range(times_each)]
    times("App Home, from opening until it is published", alone)
    with ThreadPoolExecutor(PEOPLE) as people:
        homes = [people.submit(_opened, bot, person(number)) for number in range(PEOPLE)]
        status = [bot.ask("/queue status")[0] for _ in range(times_each)]
        crowd = [home.result() for home in homes]
    times("App Home of fifty who come at once", crowd)
    times("/queue status meanwhile", status)


def _opened(bot: Bot, user: str) -> float:
    """Seconds, by the local Slack's own clock."""

    def published() -> list[float]:
        every = bot.slack.calls("views.publish")
        return [call.at for call in every if call.args["user_id"] == user and call.answer["ok"]]

    before, began = len(published()), time.time()
    bot.slack.open_home(user, wait=0)
    bot.slack.wait_for(lambda: len(published()) > before, PATIENCE)
    return published()[before] - began

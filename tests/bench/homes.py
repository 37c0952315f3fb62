"""Time from the open of App Home until it is published, while people type commands."""

import time
from concurrent.futures import ThreadPoolExecutor

from bot.localslack.demo import IDS
from tests.bench.bots import PEOPLE, Bot, person
from tests.bench.figures import times

PATIENCE = 60.0


def open_homes(bot: Bot, times_each: int) -> None:
    """Print the time from the open of Home until Slack has it: for one person, and for fifty."""
    alone = [_opened(bot, IDS.admin) for _ in range(times_each)]
    times("App Home, from opening until it is published", alone)
    with ThreadPoolExecutor(PEOPLE) as people:
        homes = [people.submit(_opened, bot, person(number)) for number in range(PEOPLE)]
        status = [bot.ask("/queue status")[0] for _ in range(times_each)]
        crowd = [home.result() for home in homes]
    times("App Home of fifty who come at once", crowd)
    times("/queue status meanwhile", status)


def _opened(bot: Bot, user: str) -> float:
    """Return the seconds by the local Slack's own clock."""

    def published() -> list[float]:
        every = bot.slack.calls("views.publish")
        return [call.at for call in every if call.args["user_id"] == user and call.answer["ok"]]

    before, began = len(published()), time.time()
    bot.slack.open_home(user, wait=0)
    bot.slack.wait_for(lambda: len(published()) > before, PATIENCE)
    return published()[before] - began

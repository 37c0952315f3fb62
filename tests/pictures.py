"""Takes the pictures of docs/images from the real playground: python -m tests.pictures.

Still ones, light and dark, and three moving ones. In the first a job fails, a stranger's Retry is
refused, the operator's works, and the audit channel has it all. The second is fix and replay:
twenty jobs fail of one cause, are retried after the fix, and what is cleared is put back. The third
is the life of an alert, from its first failure to its end.
"""

import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bot.localslack.server import LocalSlack
from bot.playground.play import playing
from tests.localslack.page.conftest import FLAGS, find_chromium
from tests.localslack.page.incident_story import IncidentStory
from tests.localslack.page.story import Story

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDE = {"width": 1360, "height": 800}
SMALL = {"width": 1100, "height": 620}
TALL = {"width": 1100, "height": 700}
HOME = {"width": 1100, "height": 1100}
PATIENCE_MS = 20_000
COLOURS = 255
POINTER = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)]
STANDS = {
    "broken": 2200,
    "errors": 4000,
    "counted": 3500,
    "fixed": 1200,
    "preview": 3000,
    "processed": 4500,
    "recovered": 5000,
}
"""How long moments of the two stories stand, in milliseconds; the others 2,400."""
SETTLED_MS = 350
"""Until what was clicked is drawn, and the page's short animations are over."""


@dataclass
class Film:
    """Pictures of a page, each with how long it stands, in milliseconds."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    stands: list[int] = field(default_factory=list)

    def show(self, stands: int, at: tuple[float, float] | None = None) -> None:
        """Take a picture, with a pointer where one is at."""
        self.page.wait_for_timeout(SETTLED_MS)
        frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        if at is not None:
            corners = [(at[0] + x, at[1] + y) for x, y in POINTER]
            ImageDraw.Draw(frame).polygon(corners, fill="black", outline="white", width=1)
        self.frames.append(frame)
        self.stands.append(stands)

    def click(self, target: Locator) -> None:
        """Show the pointer on something, then click there."""
        target.hover()
        box = target.bounding_box()
        assert box is not None
        self.show(900, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        target.click()
        self.page.mouse.move(640, 4)

    def save(self, file: Path) -> None:
        """Write an animated GIF that runs for ever, all frames in the colours of the whole."""
        height = sum(frame.height for frame in self.frames)
        whole = Image.new("RGB", (self.frames[0].width, height))
        for number, frame in enumerate(self.frames):
            whole.paste(frame, (0, number * frame.height))
        # The usual way spends every colour on what is large: a green tick would be grey.
        colours = whole.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
        first, *rest = [
            frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in self.frames
        ]
        first.save(
            file, save_all=True, append_images=rest, duration=self.stands, loop=0, optimize=True
        )


def steer(slack: LocalSlack, **controls: float) -> None:
    """Tell the simulated worker how to work."""
    httpx.post(f"{slack.url}_local/worker", json=controls, trust_env=False).raise_for_status()


def visit(
    browser: Browser, slack: LocalSlack, place: str, scheme: str, size: dict[str, int]
) -> Page:
    """A page of the operator, where their profile says that they are."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-US",
        timezone_id="Europe/Madrid",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{slack.url}?as=operator#{place}")
    page.get_by_text("Connected").wait_for()
    return page


def retry(page: Page) -> Locator:
    """The newest Retry button."""
    return page.get_by_role("log").get_by_role("button", name="Retry", exact=True).last


def film(browser: Browser, slack: LocalSlack) -> None:
    """The moving picture."""
    page = visit(browser, slack, "queue-alerts", "light", SMALL)
    reel = Film(page)
    reel.show(1200)
    steer(slack, speed=8)
    retry(page).wait_for()
    steer(slack, paused=True)
    reel.show(2200)
    reel.click(page.get_by_role("radio", name="stranger"))
    reel.click(retry(page))
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    reel.show(2800)
    reel.click(page.get_by_role("radio", name="operator"))
    reel.click(retry(page))
    expect(page.get_by_role("log")).to_contain_text("Retried by")
    reel.show(2800)
    reel.click(page.get_by_role("button", name="queue-audit"))
    expect(page.get_by_role("log")).to_contain_text("Omar Operator")
    reel.show(4500)
    reel.save(IMAGES / "first-minute.gif")
    page.context.close()


def story_film(browser: Browser, slack: LocalSlack) -> None:
    """Fix and replay, as its test does it."""
    page = visit(browser, slack, "queue-ops", "light", TALL)
    page.get_by_role("button", name="Dismiss the first minute").click()
    reel = Film(page)
    story = Story(page, click=reel.click, show=lambda name: reel.show(STANDS.get(name, 2400)))
    story.open_panel()
    story.hurry()
    story.break_netsuite()
    story.close_panel()
    story.ask_for_errors()
    story.open_panel()
    story.fix_netsuite()
    story.close_panel()
    story.retry_group()
    story.follow()
    page.get_by_role("radio", name="admin").click()
    story.undo(story.clear())
    reel.save(IMAGES / "fix-and-replay.gif")
    page.context.close()


def incident_film(browser: Browser, slack: LocalSlack) -> None:
    """An alert that counts up, is acknowledged, retried, and says that it is over."""
    page = visit(browser, slack, "queue-alerts", "light", TALL)
    page.get_by_role("button", name="Dismiss the first minute").click()
    reel = Film(page)

    def show(name: str) -> None:
        story.alert.evaluate("one => one.scrollIntoView({ block: 'start' })")
        reel.show(STANDS.get(name, 2400))

    story = IncidentStory(page, click=reel.click, show=show)
    story.open_panel()
    story.hurry()
    story.begin()
    story.close_panel()
    expect(story.alert).to_be_visible()
    reel.show(900)
    story.count_up()
    story.acknowledge()
    page.get_by_role("button", name="Dismiss message").click()
    story.open_panel()
    story.fix_netsuite()
    story.close_panel()
    story.retry_from_alert()
    story.recover()
    reel.save(IMAGES / "incident.gif")
    page.context.close()


def stills(browser: Browser, slack: LocalSlack) -> None:
    """An alert that was retried beside those that wait; and behind the scenes, in the dark."""
    page = visit(browser, slack, "queue-alerts", "light", WIDE)
    steer(slack, broken=True, paused=False, speed=8)
    expect(page.get_by_role("log")).to_contain_text("20 failed jobs")
    steer(slack, paused=True)
    page.get_by_role("button", name="Dismiss the first minute").click()
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / "alert.png")
    page.context.close()

    page = visit(browser, slack, "queue-ops", "dark", WIDE)
    page.get_by_role("combobox", name="Message").fill("/queue status")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Queue status")
    page.get_by_role("button", name="Behind the scenes").click()
    expect(page.get_by_role("table", name="failed_jobs")).to_be_visible()
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / "playground-dark.png")
    page.context.close()


def chart_still(browser: Browser, slack: LocalSlack) -> None:
    """The day as charts."""
    page = visit(browser, slack, "queue-ops", "light", HOME)
    page.get_by_role("button", name="Dismiss the first minute").click()
    for one in page.get_by_role("button", name="Dismiss message").all():
        one.click()
    page.get_by_role("combobox", name="Message").fill("/queue chart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("The last 24 hours")
    save_small(page, "chart")
    page.context.close()


def save_small(page: Page, name: str) -> None:
    """A still with as many colours as a page needs."""
    page.wait_for_timeout(SETTLED_MS)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = taken.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)


def home_stills(browser: Browser, slack: LocalSlack) -> None:
    """App Home of the operator, in the light and in the dark, while NetSuite is broken."""
    for scheme in ("light", "dark"):
        page = visit(browser, slack, "queue-ops", scheme, HOME)
        page.get_by_role("button", name="Dismiss the first minute").click()
        page.get_by_role("button", name="queue-bot App Home").click()
        expect(page.locator(".home-view")).to_contain_text("As of")
        save_small(page, f"home-{scheme}")
        page.context.close()


def main() -> None:
    """Take them all."""
    expect.set_options(timeout=PATIENCE_MS)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for taken in ((film, stills, home_stills, chart_still), (story_film,), (incident_film,)):
            with tempfile.TemporaryDirectory() as folder, playing(Path(folder)) as slack:
                for take in taken:
                    take(browser, slack)
        browser.close()


if __name__ == "__main__":
    main()

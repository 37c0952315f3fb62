"""Takes the pictures of docs/images from the real playground: python -m tests.pictures.

There are stills, light and dark, and three films. In the first a job fails, a stranger's Retry is
refused, the operator's succeeds, and the audit channel shows all of it. The second is fix and
replay: twenty jobs fail with one cause and are retried after the fix; then the rest is cleared, and
the clear undone. The third shows an alert from its first failure to its end. The program needs a
font with colour emoji; without one it ends with a sentence.
"""

import io
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
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
EXACT = 160
Colour = tuple[int, int, int]
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
"""Durations of some moments of the two stories, in milliseconds; the others last 2,400."""
TRIES = 20
WHOLE_BLOCKS = """() => {
    const end = document.getElementById("home").getBoundingClientRect().bottom;
    const blocks = [...document.querySelectorAll("#home .block")];
    const bottoms = blocks.map((one) => one.getBoundingClientRect().bottom + 3);
    return Math.round(innerHeight - end + Math.max(...bottoms.filter((bottom) => bottom <= end)));
}"""
"""The window height at which Home's last visible block is complete."""
NO_EMOJI = (
    "No picture was taken: this machine has no font with colour emoji. "
    "Install one (apt-get install fonts-noto-color-emoji) and run this again."
)
COLOURED_PIXELS = """() => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = "32px sans-serif";
    pen.fillText("🔴", 0, 32);
    const { data } = pen.getImageData(0, 0, 64, 64);
    return data.some((red, at) => at % 4 === 0 && red > data[at + 1] + 60);
}"""
SAMPLED_MS = 15_000
SETTLED_MS = 350
"""The time until a click's effect is drawn and the page's short animations have ended."""


def pixels_of(image: Image.Image) -> Iterator[Colour]:
    """Return the pixels of a picture, row by row."""
    data = image.tobytes()
    return zip(data[::3], data[1::3], data[2::3], strict=True)


def palette_of(image: Image.Image) -> list[Colour]:
    """Return a palette: the frequent colours exactly, so that no background is tinted.

    The other colours cover the whole range: a palette of frequent colours only would turn a green
    tick grey.
    """
    frequent = [colour for colour, _ in Counter(pixels_of(image)).most_common(EXACT)]
    flat = image.quantize(COLOURS - EXACT, Image.Quantize.MAXCOVERAGE).getpalette() or []
    return frequent + list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def indexed(image: Image.Image, colours: list[Colour], nearest: dict[Colour, int]) -> Image.Image:
    """Return the picture in these colours; `nearest` caches the palette index of each colour."""
    for red, green, blue in set(pixels_of(image)) - nearest.keys():
        distances = [(red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2 for r, g, b in colours]
        nearest[red, green, blue] = distances.index(min(distances))
    result = Image.frombytes("P", image.size, bytes(nearest[pixel] for pixel in pixels_of(image)))
    result.putpalette([part for colour in colours for part in colour])
    return result


@dataclass
class Film:
    """Frames of a page, each with its duration in milliseconds."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    stands: list[int] = field(default_factory=list)

    def show(self, stands: int, at: tuple[float, float] | None = None) -> None:
        """Take a frame, with a pointer at `at` if given."""
        self.page.wait_for_timeout(SETTLED_MS)
        frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        if at is not None:
            corners = [(at[0] + x, at[1] + y) for x, y in POINTER]
            ImageDraw.Draw(frame).polygon(corners, fill="black", outline="white", width=1)
        self.frames.append(frame)
        self.stands.append(stands)

    def click(self, target: Locator) -> None:
        """Take a frame with the pointer on an element, then click it."""
        target.hover()
        box = target.bounding_box()
        assert box is not None
        self.show(900, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        target.click()
        self.page.mouse.move(640, 4)

    def save(self, file: Path) -> None:
        """Write a GIF that repeats forever; all frames share one palette."""
        height = sum(frame.height for frame in self.frames)
        whole = Image.new("RGB", (self.frames[0].width, height))
        for number, frame in enumerate(self.frames):
            whole.paste(frame, (0, number * frame.height))
        colours = palette_of(whole)
        nearest: dict[Colour, int] = {}
        first, *rest = [indexed(frame, colours, nearest) for frame in self.frames]
        first.save(
            file, save_all=True, append_images=rest, duration=self.stands, loop=0, optimize=True
        )


def steer(slack: LocalSlack, **controls: float) -> None:
    """Change the controls of the simulated worker."""
    httpx.post(f"{slack.url}_local/worker", json=controls, trust_env=False).raise_for_status()


def visit(
    browser: Browser, slack: LocalSlack, place: str, scheme: str, size: dict[str, int]
) -> Page:
    """Open the operator's page, in the time zone of the operator's profile."""
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
    """Return the newest Retry button."""
    name = re.compile(r"^Retry( failed job \d+)?$")
    return page.get_by_role("log").get_by_role("button", name=name).last


def film(browser: Browser, slack: LocalSlack) -> None:
    """Take the first film."""
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
    """Take the film of fix and replay, with the steps of its test."""
    page = visit(browser, slack, "queue-ops", "light", TALL)
    page.get_by_role("button", name="Close the guide").click()
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
    """Take the film of an alert that counts up, is acknowledged, retried and resolved."""
    page = visit(browser, slack, "queue-alerts", "light", TALL)
    page.get_by_role("button", name="Close the guide").click()
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
    """Take a retried alert beside waiting ones; then the dark side panel."""
    page = visit(browser, slack, "queue-alerts", "light", WIDE)
    steer(slack, broken=True, paused=False, speed=8)
    expect(page.get_by_role("log")).to_contain_text("20 failed jobs")
    steer(slack, paused=True)
    page.get_by_role("button", name="Close the guide").click()
    dismiss_all(page)
    page.mouse.move(640, 4)
    page.get_by_role("article").filter(has_text="Retried by").last.evaluate(
        "one => one.scrollIntoView({ block: 'start' })"
    )
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / "alert.png")
    page.context.close()

    page = visit(browser, slack, "queue-ops", "dark", WIDE)
    page.get_by_role("button", name="Close the guide").click()
    ask_for_status(page)
    page.get_by_role("button", name="Behind the scenes").click()
    expect(page.get_by_role("table", name="failed_jobs")).to_be_visible()
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / "playground-dark.png")
    # Home and the chart add up samples, so wait until the samples match the status.
    page.wait_for_timeout(SAMPLED_MS)
    page.context.close()


def dismiss_all(page: Page) -> None:
    """Dismiss the messages that only this person sees."""
    for one in page.get_by_role("button", name="Dismiss message").all():
        one.click()


def ask_for_status(page: Page) -> None:
    """Repeat the command until its counts are exact: a busy machine gets older counts."""
    for _ in range(TRIES):
        page.get_by_role("combobox", name="Message").fill("/queue status")
        page.keyboard.press("Enter")
        expect(page.get_by_role("log")).to_contain_text("Queue status")
        if not page.get_by_text("tables are large").count():
            return
        dismiss_all(page)
        expect(page.get_by_text("Queue status")).to_have_count(0)
    sys.exit("No exact status in time: take the pictures on a machine that is less busy.")


def chart_still(browser: Browser, slack: LocalSlack) -> None:
    """Take the chart of the last 24 hours."""
    page = visit(browser, slack, "queue-ops", "light", HOME)
    page.get_by_role("button", name="Close the guide").click()
    dismiss_all(page)
    page.get_by_role("combobox", name="Message").fill("/queue chart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("The last 24 hours")
    save_small(page, "chart")
    page.context.close()


def save_small(page: Page, name: str) -> None:
    """Save a still with the palette of a film."""
    page.wait_for_timeout(SETTLED_MS)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    indexed(taken, palette_of(taken), {}).save(IMAGES / f"{name}.png", optimize=True)


def home_stills(browser: Browser, slack: LocalSlack) -> None:
    """Take the operator's App Home, light and dark, while NetSuite is broken."""
    for scheme in ("light", "dark"):
        page = visit(browser, slack, "queue-ops", scheme, HOME)
        page.get_by_role("button", name="Close the guide").click()
        page.get_by_role("button", name="queue-bot App Home").click()
        expect(page.locator(".home-view")).to_contain_text("Data from")
        page.wait_for_timeout(SETTLED_MS)
        page.set_viewport_size({"width": HOME["width"], "height": page.evaluate(WHOLE_BLOCKS)})
        save_small(page, f"home-{scheme}")
        page.context.close()


def draws_emoji(browser: Browser) -> bool:
    """Whether this browser draws a red circle in colour instead of an empty box."""
    page = browser.new_page()
    drawn = page.evaluate(COLOURED_PIXELS)
    page.close()
    return bool(drawn)


def main() -> None:
    """Take all pictures."""
    expect.set_options(timeout=PATIENCE_MS)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        if not draws_emoji(browser):
            sys.exit(NO_EMOJI)
        for taken in ((film, stills, home_stills, chart_still), (story_film,), (incident_film,)):
            with tempfile.TemporaryDirectory() as folder, playing(Path(folder)) as slack:
                for take in taken:
                    take(browser, slack)
        browser.close()


if __name__ == "__main__":
    main()

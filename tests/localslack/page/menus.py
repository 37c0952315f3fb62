"""The menu of a message that may be edited meanwhile: an edit draws the message anew."""

from collections.abc import Callable

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as NotThere

TRIES = 20
OPEN_MS = 2_000
"""How long the menu's items are looked for before it counts as closed."""


def choose(message: Locator, item: str, press: Callable[[Locator], None] = Locator.click) -> None:
    """Open the message's menu and choose an item; again where an edit closed the menu."""
    menu_item = message.page.get_by_role("menuitem", name=item)
    for _ in range(TRIES):
        press(message.get_by_role("button", name="More"))
        try:
            menu_item.wait_for(timeout=OPEN_MS)
            press(menu_item)
        except NotThere:
            continue
        return
    raise AssertionError(f"no menu with {item} stayed open")

"""The menu of a message during edits: an edit draws the message again and closes the menu."""

from collections.abc import Callable

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as NotThere

TRIES = 20
OPEN_MS = 2_000
"""The wait for the menu's items, after which the menu counts as closed."""


def choose(message: Locator, item: str, press: Callable[[Locator], None] = Locator.click) -> None:
    """Open the message's menu and choose an item; try again if an edit closed the menu."""
    menu_item = message.page.get_by_role("menuitem", name=item)
    for _ in range(TRIES):
        press(message.get_by_role("button", name="More"))
        try:
            menu_item.wait_for(timeout=OPEN_MS)
            press(menu_item)
        except NotThere:
            continue
        return
    raise AssertionError(f"the menu with {item} did not stay on the page")

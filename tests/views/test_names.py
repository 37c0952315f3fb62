"""The names of jobs, orders, ages and sizes."""

import pytest

from bot.models.requests import Moment
from bot.text import texts_for
from bot.views.context import Links
from bot.views.names import age, filled, from_wall_clock, job_class, read_wall_clock, row_id, size
from bot.views.subjects import order, subject, tienda, whose
from tests.views.words import LIMA, context, utc

EN = texts_for("en", "en", LIMA)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (11_400, "3 h 10 min"),
        (86_400, "1 d"),
        (352_800, "4 d 2 h"),
        (172_800_000, "2,000 d"),
    ],
)
def test_an_age_is_shown_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert age(seconds, EN) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (7, "7 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (1_240, "1.2 kB"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (987_654_321, "988 MB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_a_size_is_shown_in_the_unit_with_the_shortest_number(number: int, words: str) -> None:
    assert size(number, EN) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("App\\Jobs\\NetsuiteSyncJob", "NetsuiteSyncJob"),
        ("NetsuiteSyncJob", "NetsuiteSyncJob"),
        ("App/Jobs/Sync/", "Sync"),
        ("\\", "unknown job"),
        ("", "unknown job"),
        (None, "unknown job"),
        ("sync_order_job", "sync_order_job"),
        ("*Sync*", "`*Sync*`"),
        ("_Sync_", "`_Sync_`"),
    ],
)
def test_a_job_is_named_without_its_namespace(name: str | None, shown: str) -> None:
    assert job_class(name, context()) == shown


LINKS = Links(
    order="https://shop.example.com/{tienda_id}/orders/{order_id}",
    job="https://admin.example.com/{queue}/{job_id}",
)


def test_an_order_is_a_link_if_the_template_has_all_its_values() -> None:
    linked = order(803193, context(links=LINKS), tienda_id=12097)
    assert linked == "order <https://shop.example.com/12097/orders/803193|803193>"
    assert order(803193, context(links=LINKS)) == "order 803193"
    assert order(803193, context()) == "order 803193"
    assert order(None, context(links=LINKS)) == ""
    assert order(" ", context(links=LINKS)) == ""


def test_each_subject_is_a_link_with_the_values_of_its_job() -> None:
    templates = {
        "user": "https://x.example.com/{shop}/users/{user}?of={order}",
        "shop": "https://x.example.com/{tienda_id}",
    }
    ctx = context(links=Links(subjects=templates))
    shown = whose(1, {"user": "7/8", "invoice": "F"}, ctx, tienda_id=5)
    link = "<https://x.example.com/5/users/7%2F8?of=1|7/8>"
    assert shown == f"order 1 · user {link} · invoice F"
    assert subject("user", "7/8", ctx) == "user 7/8"
    assert tienda(5, ctx) == "shop <https://x.example.com/5|5>"


def test_values_of_a_job_cannot_change_the_target_of_a_link() -> None:
    shown = order("../../evil?x=1#<!channel>|{queue}", context(links=LINKS), tienda_id="a/b@c")
    assert shown.startswith("order <https://shop.example.com/a%2Fb%40c/orders/..%2F..%2Fevil%3Fx")
    assert shown.count("<") == 1
    assert "{queue}" not in shown.split("|")[0]


def test_the_id_of_a_row_is_a_link_if_a_template_is_configured() -> None:
    assert row_id(45, context(links=LINKS), {"queue": "net suite"}) == (
        "<https://admin.example.com/net%20suite/45|45>"
    )
    assert row_id(45, context(), {"queue": "netsuite"}) == "45"


def test_there_is_no_link_without_a_template() -> None:
    assert filled(None, {"order_id": 1}) is None


def test_a_local_time_is_read_in_the_zone_of_the_queue() -> None:
    assert read_wall_clock("2025-11-07 19:30:00", context()) == Moment(utc(2025, 11, 8, 0, 30))
    assert from_wall_clock(utc(2025, 11, 7, 19, 30), context()) == Moment(utc(2025, 11, 8, 0, 30))
    assert read_wall_clock("soon <b>", context()) == "`soon &lt;b&gt;`"
    assert read_wall_clock("9999-12-31 23:59:59", context()) == "`9999-12-31 23:59:59`"

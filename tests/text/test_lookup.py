"""A lookup returns the text in a language, escaped, with its numbers, plurals and dates."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.models.requests import Moment, Person
from bot.text import Mrkdwn, Texts, code, texts_for
from bot.text.lookup import MissingText

LIMA = ZoneInfo("America/Lima")
EN, ES = Texts("en", LIMA), Texts("es", LIMA)
AT = datetime(2025, 11, 8, 0, 30)  # noqa: DTZ001 naive UTC, as the database gives it


def test_a_text_value_is_escaped() -> None:
    assert EN("order", id="<!channel>") == "order `&lt;!channel&gt;`"


def test_a_mrkdwn_value_is_not_escaped() -> None:
    assert EN("order", id=code("<a>")) == "order `&lt;a&gt;`"


def test_a_plain_text_is_not_escaped_and_decodes_mrkdwn_values() -> None:
    assert EN.plain("order", id="<a>") == "order “<a>”"
    assert EN.plain("order", id=code("<a>")) == "order `<a>`"
    assert EN.plain("order", id=Mrkdwn("<https://a.example|7>")) == "order 7 (https://a.example)"


@pytest.mark.parametrize(
    ("count", "english", "spanish"),
    [
        (0, "0 attempts", "0 intentos"),
        (1, "1 attempt", "1 intento"),
        (2, "2 attempts", "2 intentos"),
        (1_234, "1,234 attempts", "1,234 intentos"),
        (1_000_000, "1,000,000 attempts", "1,000,000 intentos"),
    ],
)
def test_numbers_and_plurals_follow_the_language(count: int, english: str, spanish: str) -> None:
    assert EN("attempts-made", attempts=count) == english
    assert ES("attempts-made", attempts=count) == spanish


@pytest.mark.parametrize(
    ("locale", "small", "large"),
    [
        ("es-PE", "1,092 intentos", "10,920 intentos"),
        ("es-ES", "1092 intentos", "10.920 intentos"),
        ("es-MX", "1,092 intentos", "10,920 intentos"),
        ("es-AR", "1.092 intentos", "10.920 intentos"),
        ("es-LA", "1,092 intentos", "10,920 intentos"),
        ("es", "1,092 intentos", "10,920 intentos"),
        ("en-GB", "1,092 attempts", "10,920 attempts"),
        ("en-ZA", "1 092 attempts", "10 920 attempts"),
    ],
)
def test_numbers_are_formatted_for_the_country_of_the_person(
    locale: str, small: str, large: str
) -> None:
    texts = texts_for(locale, "en", LIMA)
    plain = [texts.plain("attempts-made", attempts=count) for count in (1_092, 10_920)]
    assert [text.replace("\xa0", " ") for text in plain] == [small, large]
    shown = [texts("attempts-made", attempts=count) for count in (1_092, 10_920)]
    assert [str(text) for text in shown] == [str(text) for text in plain]
    assert texts.number(1_092) == plain[0].split("\N{SPACE}")[0]
    assert texts.number(-1_092).lstrip("-") == texts.number(1_092)


def test_an_id_is_not_formatted_as_a_number() -> None:
    assert EN("failed-name", id="803193") == "Failed job 803193"


def test_a_person_is_mentioned_and_a_free_name_is_not() -> None:
    assert EN("progress-by", by=Person("U0ANA00001"), age="3 s", operation="7").startswith(
        "By <@U0ANA00001> · "
    )
    assert EN.plain("progress-by", by=Person("U0ANA00001"), age="3 s", operation="7").startswith(
        "By @U0ANA00001 · "
    )
    assert "By ana (terminal) · " in EN("progress-by", by=Person("ana"), age="3 s", operation="7")


def test_a_time_is_a_slack_date_in_the_zone_of_each_reader() -> None:
    token = "<!date^1762561800^{date_short_pretty} {time_secs}|2025-11-07 19:30:00>"
    assert EN("at", at=Moment(AT)) == token
    assert EN.plain("at", at=Moment(AT)) == "2025-11-07 19:30:00"
    assert EN.brief(AT) == "<!date^1762561800^{date_num} {time}|7 Nov 19:30>"
    assert ES.brief_plain(AT) == "7 nov 19:30"


def test_a_boolean_is_a_word_that_a_message_can_select_by() -> None:
    assert "Nothing was changed" in EN("bug", bug="7", nothing_changed=True)
    assert "Nothing was changed" not in EN("bug", bug="7", nothing_changed=False)


def test_a_missing_key_or_value_is_an_error() -> None:
    with pytest.raises(MissingText):
        EN("no-such-key")
    with pytest.raises(MissingText):
        EN("order")


def test_a_value_that_the_message_does_not_use_is_ignored() -> None:
    assert EN("button-retry", nobody="<!channel>") == "Retry"


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("es-LA", "es"),
        ("es-ES", "es"),
        ("es_PE", "es"),
        ("ES", "es"),
        ("en-US", "en"),
        ("pt-BR", "es"),
        ("", "es"),
        (None, "es"),
    ],
)
def test_the_language_is_that_of_the_person_or_of_the_setting(
    locale: str | None, language: str
) -> None:
    assert texts_for(locale, "es", LIMA).language == language

import re
from pathlib import Path

import httpx
from playwright.sync_api import Request, expect

import bot.localslack
from bot.localslack.blocks.specs import Json
from bot.localslack.server import LocalSlack
from bot.localslack.workspace import PostedMessage
from tests.localslack.page.conftest import Visit
from tests.localslack.page.surfaces import button, markup, plain, rich, text

PAGE = Path(bot.localslack.__file__).parent / "page"
LINK = 'target="_blank" rel="noopener noreferrer"'

MRKDWN = {
    "*bold* _it_ ~gone~": "<strong>bold</strong> <em>it</em> <del>gone</del>",
    "*_both_*, (*x*)!": "<strong><em>both</em></strong>, (<strong>x</strong>)!",
    "snake_case_name 2*3*4": "snake_case_name 2*3*4",
    "* no * _ no _ **": "* no * _ no _ **",
    "`a *b* &lt;c&gt;`": "<code>a *b* &lt;c&gt;</code>",
    "&amp;lt; &amp;amp;": "&amp;lt; &amp;amp;",
    "a\nb": "a<br>b",
    "<https://x.org/?a=1&amp;b=2|here>": f'<a href="https://x.org/?a=1&amp;b=2" {LINK}>here</a>',
    "see https://x.org/a.": f'see <a href="https://x.org/a" {LINK}>https://x.org/a</a>.',
    "<javascript:alert(1)|x>": '<span class="dead-link">x</span>',
    "<img src=x onerror=y>": "&lt;img src=x onerror=y&gt;",
    "<!subteam^S07ONCALL001>": '<span class="mention">@oncall</span>',
    "<!here>": '<span class="mention mention-self">@here</span>',
    "<@U07VIEWERVE1>": '<span class="mention">@Vera Viewer</span>',
    "<#C07QAUDIT001|x>": '<a class="mention" href="#queue-audit">#queue-audit</a>',
    ":no_such_thing: 12:30:45": ":no_such_thing: 12:30:45",
}


STANDING = {
    "```a\n*b*```": '<pre class="pre">a\n*b*</pre>',
    "&gt; a\n&gt; *b*": "<blockquote>a<br><strong>b</strong></blockquote>",
    "&gt;&gt;&gt; a\nb": "<blockquote>a<br>b</blockquote>",
}
READ = """async (sources) => {
    const { mrkdwn } = await import("/mrkdwn.js");
    const { surface } = await import("/people.js");
    return sources.map((source) => {
        const box = document.createElement("div");
        box.append(...mrkdwn(source, surface(() => {})));
        return [source, box.innerHTML];
    });
}"""


def test_mrkdwn_is_rendered_as_in_slack(visit: Visit) -> None:
    expected = {source: f'<span class="run">{drawn}</span>' for source, drawn in MRKDWN.items()}
    expected |= STANDING

    assert dict(visit("operator").evaluate(READ, list(expected))) == expected


def test_dates_are_in_the_zone_and_language_of_the_reader(slack: LocalSlack, visit: Visit) -> None:
    # 1 800 000 000 is Friday 2027-01-15 08:00 UTC: 03:00 today in the browser's Bogota.
    words = (
        "<!date^1800000000^{date_num} {time_secs}|x> / <!date^1800000000^{date_pretty}|x> / "
        "<!date^1799800000^{date_long}|x> / <!date^soon^{date}|some day> / "
        "<!date^1799996400^{ago}|x>"
    )
    post(slack, words)
    page = visit("operator")

    expect(page.get_by_role("article")).to_contain_text(
        "2027-01-15 3:00:00 AM / today / Tuesday, January 12, 2027 / some day / 1 hour ago"
    )
    page.get_by_role("radio", name="lucia").click()
    expect(page.get_by_role("article")).to_contain_text(
        "2027-01-15 3:00:00 / hoy / martes, 12 de enero de 2027 / some day / hace 1 hora"
    )


HOSTILE = "<img src=x onerror=hacked=1> <script>hacked=1</script> <javascript:hacked=1|click>"
RAW = {"type": "raw_text", "text": HOSTILE}
SCRIPT_LINK = {"type": "link", "url": "javascript:hacked=1", "text": "link"}
POISON: list[Json] = [
    {"type": "header", "text": plain(HOSTILE)},
    {"type": "section", "text": markup(f"{HOSTILE} `{HOSTILE}`\n```{HOSTILE}```\n> {HOSTILE}")},
    {"type": "context", "elements": [markup(HOSTILE), plain(HOSTILE)]},
    {
        "type": "markdown",
        "text": f"# {HOSTILE}\n\n{HOSTILE} [md](javascript:hacked=1)\n\n- {HOSTILE}",
    },
    {"type": "actions", "elements": [button(HOSTILE, "a", url="javascript:hacked=1")]},
    {"type": "table", "rows": [[RAW], [RAW]]},
    {"type": "data_table", "caption": HOSTILE, "rows": [[RAW], [RAW]]},
    {"type": "rich_text", "elements": [rich(text(HOSTILE), SCRIPT_LINK)]},
    {
        "type": "image",
        "image_url": "javascript:hacked=1",
        "alt_text": HOSTILE,
        "title": plain(HOSTILE),
    },
    {"type": "<script>hacked=1</script>", "text": HOSTILE},
    {
        "type": "data_visualization",
        "title": HOSTILE,
        "chart": {"type": "pie", "segments": [{"label": HOSTILE, "value": 1}]},
    },
]


def test_text_from_the_bot_never_becomes_markup(slack: LocalSlack, visit: Visit) -> None:
    post(slack, HOSTILE)
    post(slack, HOSTILE, POISON)
    page = visit()
    expect(page.get_by_role("article")).to_have_count(2)
    for clicked in page.get_by_role("article").get_by_text(re.compile("^(click|link|md)$")).all():
        clicked.click()
    page.locator("[data-action$='|a']").click()

    marks = page.locator("#log").evaluate(
        "log => [...log.querySelectorAll("
        "'img, script, iframe, [onerror], [style], [href^=\"java\" i]'"
        ")].map(node => node.outerHTML)"
    )
    assert marks == []
    assert page.evaluate("window.hacked") is None
    text = page.locator("#log").inner_text()
    assert text.count("<script>hacked=1</script>") >= 14
    assert len(page.context.pages) == 1


def test_the_page_loads_no_file_from_another_host(slack: LocalSlack, visit: Visit) -> None:
    urls: list[str] = []

    def note(request: Request) -> None:
        urls.append(request.url)

    page = visit()
    page.on("request", note)
    page.reload()
    page.get_by_text("Connected").wait_for()
    # The next test uses the same tab.
    page.remove_listener("request", note)
    policy = httpx.get(slack.url, trust_env=False).headers["content-security-policy"]

    assert len(urls) > 20
    assert [url for url in urls if not url.startswith(slack.url)] == []
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy


def test_no_file_of_the_page_writes_markup_or_is_too_long() -> None:
    writes = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    inline = re.compile(r"\son\w+=|\sstyle=|javascript:", re.IGNORECASE)
    sources = {file.name: file.read_text() for file in PAGE.iterdir()}

    assert {"index.html", "main.js", "base.css"} <= sources.keys()
    assert [name for name, source in sources.items() if writes.search(source)] == []
    assert inline.search(sources["index.html"]) is None
    assert {
        name: long for name, source in sources.items() if (long := source.count("\n")) > 250
    } == {}


def test_every_module_of_the_page_is_preloaded() -> None:
    index = (PAGE / "index.html").read_text()
    preloaded = set(re.findall(r'rel="modulepreload" href="([\w.]+)"', index))
    styled = set(re.findall(r'rel="stylesheet" href="([\w.]+)"', index))

    assert preloaded == {file.name for file in PAGE.glob("*.js")} - {"main.js", "theme.js"}
    assert styled == {file.name for file in PAGE.glob("*.css")}


def post(slack: LocalSlack, words: str, blocks: list[Json] | None = None) -> None:
    """Add a message of the bot to #queue-ops without the validator, which no app could do."""
    ids = slack.ids
    stored = [{"block_id": f"b{n}", **block} for n, block in enumerate(blocks or [])]
    ts = f"1800000000.{len(slack.messages('queue-ops')):06d}"
    slack.workspace.add_message(PostedMessage(ts, ids.queue_ops, ids.bot_user, words, stored))

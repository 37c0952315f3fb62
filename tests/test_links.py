"""Each relative link of the documentation leads to a file, and its anchor to a heading there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
TOPICS = {
    "install": "docs/install.md",
    "first fifteen minutes": "docs/first-fifteen-minutes.md",
    "commands": "docs/commands.md",
    "roles": "docs/roles.md",
    "alerts": "docs/alerts.md",
    "layouts": "docs/layouts.md",
    "monitoring": "docs/monitoring.md",
    "scaling": "docs/scaling.md",
    "runbook": "docs/runbook.md",
    "security": "docs/security.md",
    "architecture": "docs/architecture.md",
}
"""The page of each topic that a team needs."""


def text_of(page: Path) -> str:
    """Return the page without its code, which may contain what looks like a link or a heading."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^ *```.*?^ *```$|`[^`\n]+`", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the page's headings, as GitHub forms them."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for page in PAGES:
        for path, anchor in LINK.findall(text_of(page)):
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                broken.append(f"{page.relative_to(ROOT)}: {path}")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                broken.append(f"{page.relative_to(ROOT)}: {path}#{anchor}")
    assert broken == []


def test_each_topic_has_a_page_that_the_readme_names() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {path for path, _ in LINK.findall(readme)}
    assert {page for page in TOPICS.values() if page not in links} == set()
    assert "docs/decisions/" in links

"""The project's frame: pinned requirements, make targets, scripts, and the wheel's content."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot import __version__

ROOT = Path(__file__).parent.parent
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS = [
    ".ci/run",
    "requirements/compile.sh",
    "requirements/install.sh",
    "tests/services/fetch.sh",
    "tests/services/install.sh",
]
ABOUT_TESTS = ROOT / "tests" / "localslack" / "conformance" / "test_pages.py"
"""The only module that may import test modules: it checks that each of their tests names the page
of Slack's documentation that it follows."""
TOP_LEVEL = {
    *("pyproject.toml", "README.md", "bot", "tests", "manifest.yml", "Dockerfile"),
    *("Makefile", "requirements", "docs", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("LICENSE", ".ci", ".gitignore", ".dockerignore", ".pre-commit-config.yaml"),
}


def pins(file: Path) -> dict[str, str]:
    """Return the version of each package that a requirements file pins."""
    pairs = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", file.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pairs}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks, and new files that it does not ignore."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_every_package_is_pinned_with_hashes_and_no_index_is_named(file: Path) -> None:
    text = file.read_text()
    uncommented = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    entries = re.findall(r"^\S(?:.|\n(?=\s))*", uncommented, flags=re.MULTILINE)
    assert len(entries) == len(pins(file)) > 0
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"://|--index|--extra|--find-links|file:|@ ", text)


def test_all_sets_pin_the_same_versions() -> None:
    everything = pins(ROOT / "requirements" / "dev.txt")
    for file in PINNED:
        pinned = pins(file)
        if file.name == "deploy.txt":
            # The tools that check docs/deploy are only in CI; the packages that they share agree.
            pinned = {name: pinned[name] for name in pinned.keys() & everything.keys()}
        assert pinned.items() <= everything.items(), file.name


def test_the_pinned_packages_satisfy_the_declared_requirements() -> None:
    declared = {
        "run.txt": PROJECT["project"]["dependencies"],
        "playground.txt": PROJECT["project"]["optional-dependencies"]["playground"],
        "build.txt": PROJECT["dependency-groups"]["build"],
        "deploy.txt": PROJECT["dependency-groups"]["deploy"],
        "dev.txt": [e for e in PROJECT["dependency-groups"]["dev"] if isinstance(e, str)],
    }
    for name, requirements in declared.items():
        pinned = pins(ROOT / "requirements" / name)
        for requirement in map(Requirement, requirements):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version is not None, (
                f"{requirement.name} is not in {name}: run `make requirements`"
            )
            assert requirement.specifier.contains(version), (
                f"{requirement} is declared, but {name} pins {version}"
            )


def test_the_top_level_has_only_names_of_the_architecture_page() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} - TOP_LEVEL == set()


def test_every_make_target_has_a_description() -> None:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    documented = re.findall(r"^([a-z-]+):.*## .+$", text, re.MULTILINE)
    assert sorted(phony.split()) == sorted(documented)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_executable_and_has_valid_bash_syntax(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True, timeout=20)


def test_the_list_of_scripts_has_every_bash_script() -> None:
    scripts = [
        str(file.relative_to(ROOT))
        for file in tracked()
        if file.suffix in {"", ".sh"} and file.read_bytes().startswith(b"#!/usr/bin/env bash")
    ]
    assert sorted(scripts) == SCRIPTS


def test_install_explains_that_python_is_missing_or_too_old(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(
        [tmp_path / "requirements" / "install.sh", "playground"],
        env={**os.environ, "PYTHON": "/no/such/python"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_every_disabled_rule_and_every_ignore_has_its_reason() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in tracked("*.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"# (type: ignore(\[[\w, -]*\])?|noqa(: [A-Z0-9, ]+)?)\s*$", line)
    ]
    assert bare == []
    text = (ROOT / "pyproject.toml").read_text()
    disabled = re.findall(r'^(?: +|".+\[)"[A-Z]{1,4}[0-9]{3,4}".*$', text, re.MULTILINE)
    assert len(disabled) > 10
    assert [line for line in disabled if "#" not in line] == []


def test_no_module_imports_a_test_module() -> None:
    """Code that two test modules need is in tests/kit, or in a module beside them."""
    imports = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in tracked("*.py")
        if file != ABOUT_TESTS
        for name in imported_by(file)
        if any(part.startswith("test_") for part in name.split("."))
    ]
    assert imports == []


def imported_by(file: Path) -> list[str]:
    """Return the names of modules and of their members that a file imports."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_the_wheel_of_the_sdist_contains_every_file_below_bot(tmp_path: Path) -> None:
    """The sdist builds without the repository, as `uv build` and package indexes build it."""
    build("sdist", ROOT, tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"queue_bot-{__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        (entry_points,) = [name for name in packed if name.endswith("entry_points.txt")]
        assert "queue-bot = bot.__main__:main" in archive.read(entry_points).decode()
        (information,) = [name for name in packed if name.endswith("/METADATA")]
        described = archive.read(information).decode()
    assert f"\nVersion: {__version__}\n" in described
    assert "\nProvides-Extra: playground\n" in described
    expected = {str(file.relative_to(ROOT)) for file in tracked("bot")}
    assert expected <= packed
    assert not [name for name in packed if name.startswith("tests/")]


def build(target: str, source: Path, folder: Path) -> None:
    """Build the sdist or the wheel of a source tree into a folder."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=50,
    )


def test_the_image_and_the_changelog_have_the_version_of_the_code() -> None:
    image, changelog = ((ROOT / name).read_text() for name in ("Dockerfile", "CHANGELOG.md"))
    assert re.findall(r'image\.version="(.+)"', image) == [__version__]
    released = re.findall(r"^## \[(\d.+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert released[0] == __version__

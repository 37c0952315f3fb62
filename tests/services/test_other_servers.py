"""The messages of `make test-servers` about a server that cannot be fetched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_with_programs(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the MySQL tests with no other programs in PATH than bash and those in the folder."""
    (folder / "bash").symlink_to(shutil.which("bash") or "")
    return subprocess.run(
        [sys.executable, "-m", "tests.services", "mysql"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(folder), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_server_that_is_not_available_is_named_in_the_last_line_and_fails_no_test(
    tmp_path: Path,
) -> None:
    done = run_with_programs(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("NOT TESTED ON MYSQL: There is no apt")


def test_a_server_that_cannot_be_downloaded_fails_the_run(tmp_path: Path) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("exit 1\n", encoding="utf-8")
    apt.chmod(0o755)
    done = run_with_programs(tmp_path)
    assert done.returncode == 1, done.stderr
    assert "mysql: FAILED, not fetched" in done.stdout

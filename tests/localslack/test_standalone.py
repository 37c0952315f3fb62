import subprocess
import sys

LOADED = """
import sys
import bot.localslack.server
print(*(name for name in sys.modules if name.startswith("bot.")))
"""


def test_the_local_slack_imports_no_module_of_the_bot() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=30, check=True
    )

    loaded = answer.stdout.split()
    assert "bot.localslack.server" in loaded
    assert [name for name in loaded if not name.startswith("bot.localslack")] == []

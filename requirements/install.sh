#!/usr/bin/env bash
# Make a virtual environment and install one of the pinned sets: install.sh dev | playground
# VENV names the environment (default .venv), PYTHON the interpreter to make it with.
# A set that is already installed, by the digest of its file, is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?install.sh dev or install.sh playground}
venv=${VENV:-.venv}
pinned="requirements/$kind.txt"
stamp="$venv/installed-$kind"
digest=$(cat "$pinned" pyproject.toml requirements/install.sh | sha256sum | cut -d ' ' -f 1)

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if new_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "queue-bot needs Python 3.11 or newer. On Debian 12: apt-get install python3"
    say "Is it there under another name, say which: make $kind PYTHON=/path/to/python3"
    return 2
}

can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# A bare Debian leaves ensurepip out of its Python and puts it into a package of its own.
install_venv_package() {
    local package
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing $package, which this Python needs to make a virtual environment."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    fi
    if ! can_make_environments "$1"; then
        say "This Python cannot make a virtual environment. Install the package $package first:"
        say "    sudo apt-get install $package"
        return 2
    fi
}

if ! { [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version; } \
    >/dev/null 2>&1; then
    python=$(find_python)
    can_make_environments "$python" || install_venv_package "$python"
    say "Making $venv with $("$python" --version)."
    "$python" -m venv --clear "$venv"
fi

if [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
    exit 0
fi
say "Installing the pinned packages of $pinned."
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Twice quiet: pip's warnings are about this machine's own configuration; errors are still printed.
"$venv/bin/python" -m pip install -qq --no-input --require-hashes --no-deps -r "$pinned"
"$venv/bin/python" -m pip install -qq --no-input --no-deps --no-build-isolation --editable .
printf '%s\n' "$digest" >"$stamp"

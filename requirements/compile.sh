#!/usr/bin/env bash
# Writes the hash-pinned requirements out of pyproject.toml. No index is named in them, so that
# every installation asks whichever index it is configured for, and the hashes decide.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # compile OUTPUT [option...]
    local output=$1
    shift
    .venv/bin/uv pip compile "$@" --output-file "requirements/$output" \
        --universal --python-version 3.11 --generate-hashes --quiet \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"
}

# dev.txt holds everything; the others take their versions from it, so that one environment can
# be made from any of them after another.
compile dev.txt pyproject.toml --all-extras --group dev "$@"
compile build.txt --group build --constraint requirements/dev.txt
compile run.txt pyproject.toml --constraint requirements/dev.txt
compile playground.txt pyproject.toml --extra playground --group build --constraint requirements/dev.txt
compile deploy.txt --group deploy --constraint requirements/dev.txt

#!/usr/bin/env bash
# Install the programs that the tests start: a MariaDB server, Chromium and git; with the argument
# php, also PHP, its MySQL driver and Laravel's queue.
# Without root or apt-get it prints the missing packages and exits with status 2.
set -euo pipefail

# Debian installs servers in sbin, which may be missing in an ordinary user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing=()
command -v git >/dev/null || missing+=(git)
command -v mariadbd >/dev/null || missing+=(mariadb-server)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null || missing+=(chromium)
if [ "${1:-}" = php ] && ! php -m 2>/dev/null | grep -qx pdo_mysql; then missing+=(php-cli php-mysql); fi
laravel=(queue events bus encryption cache)
if [ "${1:-}" = php ]; then
    for part in "${laravel[@]}"; do
        [ -d "/usr/share/php/Illuminate/${part^}" ] || missing+=("php-illuminate-$part")
    done
fi
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    printf '%s\n' "The tests start real servers, workers and a real browser. Missing packages: ${missing[*]}" \
        "Install them first, for example: sudo apt-get install ${missing[*]}" \
        "(The tests start their own server on a free port; a system service is neither needed nor used.)" >&2
    exit 2
fi

printf 'Installing what the tests start: %s\n' "${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# The policy file keeps the package from starting a system service, which the tests do not need.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null

#!/usr/bin/env bash
# Fetch a database server that is not in this machine's release, and print its folder:
#     fetch.sh SUITE PACKAGE OLDEST_VERSION
# The packages come from another suite of apt's configured mirror and are only unpacked: the script
# installs nothing and does not change apt's own lists. Unpacked packages are kept by their hash, so
# a second run downloads nothing.
# Exit status: 3 if the suite does not offer the package, or no longer; 1 after any other error.
set -euo pipefail

suite=${1:?SUITE} package=${2:?PACKAGE} oldest=${3:?OLDEST_VERSION}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/queue-bot-tests
state=$cache/$suite
say() { printf '%s\n' "$*" >&2; }

if ! command -v apt-get >/dev/null; then
    say "There is no apt on this machine, which $package of $suite would come by."
    exit 3
fi
mkdir -p "$state"/{lists/partial,archives/partial} "$cache/servers"
# Two test runs must not fetch into the same folder at once.
exec 9>"$state/lock"
flock 9

# The address of the machine's own release, with the keyring of its distribution.
release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
keyring=/usr/share/keyrings/$(. /etc/os-release && printf '%s' "$ID")-archive-keyring.gpg
apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    sed -n "s|^$release main |deb $([ ! -e "$keyring" ] || printf '[signed-by=%s] ' "$keyring")|p" |
    sort -u | sed "s|\$| $suite main|" >"$state/sources.list"
# A server's maintainer scripts need perl, its programs do not.
printf '%s\n' 'Package: perl' 'Status: install ok installed' 'Architecture: all' \
    'Multi-Arch: allowed' 'Maintainer: nobody' 'Version: 99' 'Description: taken as given' \
    '' >"$state/status"

private() {
    local command=$1
    shift
    "$command" -q -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state" -o Dir::Cache::Archives="$state/archives" \
        -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
        -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::ForceHash=SHA256 \
        -o APT::Get::List-Cleanup=false "$@"
}

if ! private apt-get update >"$state/update.log" 2>&1; then
    if grep -qE "does not have a Release file|404" "$state/update.log"; then
        say "The suite $suite is not offered any more."
        exit 3
    fi
    say "apt could not read the suite $suite:"
    tail -n 20 "$state/update.log" >&2
    exit 1
fi
version=$(private apt-cache show --no-all-versions "$package" 2>/dev/null | sed -n 's/^Version: //p')
if [ -z "$version" ] || dpkg --compare-versions "$version" lt "$oldest"; then
    say "The suite $suite does not offer $package ${oldest} or newer (any more)."
    exit 3
fi

# One line per package: 'address' file size SHA256:hash
needed=$(private apt-get install -y --print-uris "$package" | grep "^'" | sort)
hash=$(printf '%s\n' "$needed" | grep -oE ' SHA256:[0-9a-f]{64}$' | sha256sum | cut -c 1-16)
folder=$cache/servers/$package-$hash
if [ ! -e "$folder/version" ]; then
    say "Fetching $package $version of $suite."
    # apt verifies each file's hash before it stores the file.
    private apt-get install -y --download-only "$package" >"$state/download.log" 2>&1 || {
        tail -n 20 "$state/download.log" >&2
        exit 1
    }
    rm -rf "$folder.new"
    mkdir "$folder.new"
    printf '%s\n' "$needed" | while read -r _ file _ _; do
        dpkg-deb --extract "$state/archives/$file" "$folder.new"
    done
    printf '%s\n' "$version" >"$folder.new/version"
    # Only the newest version is kept, because no run would use an older one.
    rm -rf "$cache/servers/$package"-*[0-9a-f]
    mv "$folder.new" "$folder"
    rm -f "$state"/archives/*.deb
fi
printf '%s\n' "$folder"

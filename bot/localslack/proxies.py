"""The playground runs only on this machine, so it must not use a proxy."""

from collections.abc import MutableMapping

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def bypass_proxies(environ: MutableMapping[str, str]) -> None:
    """Remove the proxies, because the SDK's Socket Mode client uses a proxy even for 127.0.0.1."""
    for name in NAMES:
        environ.pop(name, None)
        environ.pop(name.lower(), None)

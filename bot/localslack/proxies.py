"""Everything of the playground is on this machine: no proxy has a part in it."""

from collections.abc import MutableMapping

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def bypass_proxies(environ: MutableMapping[str, str]) -> None:
    """Forget the proxies: the SDK's Socket Mode client would use one even for 127.0.0.1."""
    for name in NAMES:
        environ.pop(name, None)
        environ.pop(name.lower(), None)

"""Reduce an address in an error's text to the host, because the host names the service."""

import re

_TENANT = re.compile(r"(?:[a-z]{0,8})?\d{5,}(?=$|[-_])", re.IGNORECASE)
_NODE = re.compile(r"\Aip(?:-\d{1,3}){4}\Z", re.IGNORECASE)
_IP = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])\Z")
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\s@]*@)?(\[[^\]]*\]|[^/?#:\s]*)(?::(\d+))?([^?#\s]*)"
)
_STEADY = re.compile(r"(?:[vV]\d{1,2}|[A-Za-z][A-Za-z_.-]{0,39}|[a-z]{2,20}\d)\Z")
_MAX_PARTS = 6


def generalise_host(host: str) -> str:
    """Return a host name with `#` for account numbers (`1234567-sb1.restlets…`) and node names."""
    if _IP.match(host):
        return "#"
    labels = ["#" if _NODE.match(label) else _TENANT.sub("#", label) for label in host.split(".")]
    return ".".join(labels)


def generalise_url(url: str) -> str:
    """Return an address's host; add the port if the port belongs to a service."""
    match = _ADDRESS.match(url)
    if match is None:
        return "#"
    port = match[2]
    steady = port is not None and len(port) <= 5 and int(port) < 32768 and port not in ("80", "443")
    return generalise_host(match[1].lower()) + (f":{port}" if steady else "")


def generalise_path(url: str) -> str:
    """Return an address's path without its query, with `#` for ids, dates and values."""
    match = _ADDRESS.match(url)
    if match is None:
        return ""
    parts = [part for part in match[3].split("/") if part][:_MAX_PARTS]
    return "".join("/" + (part if _STEADY.match(part) else "#") for part in parts)

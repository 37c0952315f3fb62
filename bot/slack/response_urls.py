"""Check that answers are sent only to addresses of Slack."""

from urllib.parse import urlsplit

_HOSTS = frozenset(("hooks.slack.com", "hooks.slack-gov.com"))
_API_HOSTS = frozenset(("slack.com", "www.slack.com", "slack-gov.com", "api.slack-gov.com"))


def is_of_slack(response_url: str, api_url: str) -> bool:
    """Return whether a `response_url` belongs to Slack, or to the local Slack at `api_url`.

    An answer contains data of jobs, and a forged envelope may contain any address.
    """
    try:
        url, api = urlsplit(response_url), urlsplit(api_url)
    except ValueError:
        return False
    if api.hostname in _API_HOSTS:
        return url.scheme == "https" and url.netloc in _HOSTS
    return (url.scheme, url.netloc) == (api.scheme, api.netloc)

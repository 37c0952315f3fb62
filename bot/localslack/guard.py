"""Only requests from this machine reach the control endpoints."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


class Guard:
    """Passes on only requests from this machine; adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a foreign Host or Origin; otherwise add the headers to the app's answer."""
        if scope["type"] != "http" or scope["path"].startswith(("/api/", "/hooks/")):
            await self._app(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                others = [
                    header
                    for header in message["headers"]
                    if header[0].decode().lower() not in HEADERS
                ]
                message["headers"] = others + own
            await send(message)

        if host not in self._hosts or origin not in {None, f"http://{host}"}:
            forbidden = JSONResponse({"error": "only this machine may ask"}, 403)
            await forbidden(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

"""Slack's HTTP endpoints for the app: the Web API and response urls, with scripted faults."""

import asyncio
import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.localslack import faults
from bot.localslack.blocks.specs import Json
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend, Call, answer, arguments
from bot.localslack.web_api.methods import METHODS
from bot.localslack.web_api.replies import use_response_url

CUT = 0.01  # seconds for the server to notice that its connection is closed


class Wire:
    """Answers the app's requests; a delayed answer ends early when `closing` is set."""

    def __init__(self, backend: Backend, script: faults.Script, closing: asyncio.Event) -> None:
        self._backend = backend
        self._script = script
        self._closing = closing

    def routes(self) -> list[BaseRoute]:
        """Return the routes for the app."""
        return [
            Route("/api/{method}", self._api, methods=["GET", "POST"]),
            Route("/hooks/{kind}/{team}/{name}", self._hook, methods=["POST"]),
        ]

    async def _api(self, request: Request) -> Response:
        method = request.path_params["method"]
        body = await request.body()
        try:
            args, token = arguments(request.headers, request.url.query, body)
        except SlackRefusal as refusal:
            return JSONResponse(refusal.body())

        def run() -> Response:
            response = answer(self._backend, METHODS, method, args, token)
            return JSONResponse(response.body, response.status, headers=response.headers)

        return await self._scripted(request, method, args, run)

    async def _hook(self, request: Request) -> Response:
        """https://docs.slack.dev/interactivity/handling-user-interaction#message_responses."""
        try:
            args = json.loads(await request.body())
        except ValueError:
            args = None
        if not isinstance(args, dict):
            return PlainTextResponse("invalid_payload", 400)

        def run() -> Response:
            try:
                use_response_url(self._backend, request.path_params["name"], args)
            except SlackRefusal as refusal:
                self._remember("response_url", args, refusal.code)
                is_expired = refusal.code in {"expired_url", "used_url"}
                return JSONResponse(refusal.body(), 404 if is_expired else 400)
            self._remember("response_url", args, None)
            return PlainTextResponse("ok")

        return await self._scripted(request, "response_url", args, run)

    def _remember(self, method: str, args: Json, error: str | None) -> None:
        reply: Json = {"ok": True} if error is None else {"ok": False, "error": error}
        self._backend.calls.append(Call(method, args, reply, self._backend.workspace.clock()))

    async def _scripted(
        self, request: Request, method: str, args: Json, run: Callable[[], Response]
    ) -> Response:
        """Return the scripted answer to a call, or the method's own answer."""
        scripted = self._script.next(method)
        if isinstance(scripted, faults.OwnAnswer):
            return run()
        if isinstance(scripted, faults.LostAnswer):
            run()
            await self._hold(scripted.seconds)
            return await _cut(request)
        error, response = _fault(scripted)
        self._remember(method, args, error)
        return response or await _cut(request)

    async def _hold(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


def _fault(scripted: faults.Answer) -> tuple[str, Response | None]:
    """Return the error to record, and the answer, which is None for a reset connection."""
    if isinstance(scripted, faults.Refused):
        return scripted.code, JSONResponse({"ok": False, "error": scripted.code})
    if isinstance(scripted, faults.RateLimited):
        body = {"ok": False, "error": "ratelimited"}
        headers = {"Retry-After": str(scripted.retry_after)}
        return "ratelimited", JSONResponse(body, 429, headers=headers)
    if isinstance(scripted, faults.ServerError):
        kind = scripted.content_type
        return f"http_{scripted.status}", Response(scripted.body, scripted.status, media_type=kind)
    return "reset", None


async def _cut(request: Request) -> Response:
    """Abort the TCP connection and return a response that only the framework receives."""
    request.scope["state"]["transport"].abort()
    await asyncio.sleep(CUT)
    return Response()

"""One HTTP POST without proxies and redirects: Slack's side of a request URL."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11

CHUNK = 65_536


@dataclass
class HttpResponse:
    """Status, headers (names in lower case) and body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def post(url: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
    """Post and return the complete answer; raises `OSError` if no HTTP server answers."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        connection = h11.Connection(h11.CLIENT)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        all_headers = [("host", f"{parts.hostname}:{port}"), ("connection", "close")]
        all_headers += [*headers.items(), ("content-length", str(len(body)))]
        request = h11.Request(method="POST", target=target, headers=all_headers)
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _read_response(connection, reader)
    except h11.RemoteProtocolError as error:
        raise OSError("the answer is not HTTP") from error
    finally:
        writer.close()


async def _read_response(connection: h11.Connection, reader: asyncio.StreamReader) -> HttpResponse:
    response = HttpResponse()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            response.status = event.status_code
            response.headers = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            response.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return response

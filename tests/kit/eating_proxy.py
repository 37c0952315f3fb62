"""An HTTP proxy that forwards requests and lets no WebSocket through, as some companies have."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class _Handler(BaseHTTPRequestHandler):
    """Forwards each POST, and answers 403 to CONNECT, which every WebSocket needs."""

    def do_POST(self) -> None:
        """Forward the request to the server that its address names."""
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with contextlib.closing(http.client.HTTPConnection(target.netloc, timeout=10)) as server:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "proxy-connection"}
            server.request("POST", target.path, body, headers)
            answer = server.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_CONNECT(self) -> None:
        """Refuse the tunnel."""
        self.send_error(403)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def eating_proxy() -> Iterator[str]:
    """Run the proxy until the block ends, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()

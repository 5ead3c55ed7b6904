"""An HTTP server on loopback that knows range requests, and fails in every way that is asked."""

import contextlib
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What the server holds, how it behaves, and what it was asked.

    Attributes:
        files: path -> content.
        etag: validator sent with every file; "" for none.
        modified: the same as a date.
        ranges: whether range requests are honoured.
        cut: after how many bytes of an answer the connection is cut, one entry for each request;
            further requests are answered in full.
        chunked: send without a length.
        asked: (path, Range, If-Range) of each request.
    """

    files: dict[str, bytes]
    etag: str = '"one"'
    modified: str = ""
    ranges: bool = True
    cut: list[int] = field(default_factory=list)
    chunked: bool = False
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    served: Served
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        served, headers = self.served, self.headers
        served.asked.append((self.path, headers.get("Range"), headers.get("If-Range")))
        content = served.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = self._start(content)
        if start is not None and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if start is None else 206)
        if start is not None:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", span)
        for name, value in (("ETag", served.etag), ("Last-Modified", served.modified)):
            if value:
                self.send_header(name, value)
        self._send(content[start or 0 :])

    def _start(self, content):
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        same = self.headers.get("If-Range") in (None, self.served.etag, self.served.modified)
        return int(wanted[1]) if wanted and self.served.ranges and same else None

    def _send(self, body):
        served = self.served
        cut = served.cut.pop(0) if served.cut else len(body)
        if served.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body[:cut]), body[:cut]))
            if cut >= len(body):
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:cut])
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(files, **behaviour):
    """A server for the time of a test; yields its :class:`Served`."""
    served = Served(files, **behaviour)
    handler = type("Bound", (Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

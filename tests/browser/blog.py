"""Somebody's site: every path is a page with the one-line snippet."""

import http.server
import threading
import urllib.request
from dataclasses import dataclass, field
from urllib.error import HTTPError

HOST = "blog.example"
DOOR_SECONDS_MAX = 60
PAGE = """<!doctype html><html lang="en"><title>{path}</title>
<link rel="icon" href="data:,">
<h1>{path}</h1><p>Views: <span data-footfall-count>-</span></p>
<a href="/two">two</a>{snippet}</html>"""
_OWN_HEADERS = frozenset({"date", "server", "transfer-encoding", "connection"})


@dataclass
class Blog:
    """What the site is, and what it was asked for.

    Attributes:
        port: Where it is served.
        snippet: What each page carries.
        headers: What each page is sent with.
        pages: Paths that are something else: their body; a name's ending tells its
            type.
        doors: Paths that answer only when their event is set.
        behind: A path that is passed on, and to which server: a reverse proxy.
        asked: The paths that were asked for, in order.
    """

    port: int = 0
    snippet: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    doors: dict[str, threading.Event] = field(default_factory=dict)
    behind: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def server(self) -> http.server.ThreadingHTTPServer:
        """An HTTP server of the site, on a port of its own."""
        blog = self

        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                blog.asked.append(path)
                if path in blog.doors:
                    blog.doors[path].wait(DOOR_SECONDS_MAX)
                if blog.behind and path.startswith(blog.behind[0]):
                    self._pass_on()
                    return
                page = PAGE.format(path=path, snippet=blog.snippet)
                kind = "text/javascript" if path.endswith(".js") else "text/html"
                headers = {"Content-Type": f"{kind}; charset=utf-8", **blog.headers}
                self._answer(200, headers, blog.pages.get(path, page).encode())

            def do_POST(self) -> None:
                self.do_GET()

            def _pass_on(self) -> None:
                """As a reverse proxy does, forwarding headers and all."""
                assert blog.behind
                prefix, server = blog.behind
                length = int(self.headers.get("Content-Length", "0"))
                request = urllib.request.Request(
                    f"{server}/{self.path.removeprefix(prefix)}",
                    data=self.rfile.read(length) if length else None,
                    headers={**self.headers, "X-Forwarded-For": "192.0.2.1"},
                    method=self.command,
                )
                try:
                    answer = urllib.request.urlopen(request, timeout=10)
                except HTTPError as error:
                    answer = error
                with answer:
                    headers = {
                        name: value
                        for name, value in answer.headers.items()
                        if name.lower() not in _OWN_HEADERS | {"content-length"}
                    }
                    self._answer(answer.status, headers, answer.read())

            def _answer(
                self, status: int, headers: dict[str, str], body: bytes
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)

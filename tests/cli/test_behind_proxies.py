"""Behind nginx and Caddy as the guides set them up: the blocks themselves are run.

Only names, ports and files are replaced by the test's own. Asked over https: a visit
counts, readers are told apart, the owner signs in under a cookie that https alone sends,
and a stream arrives as it is written.
"""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.processes import FOOTFALL, free_port

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
NAME = "stats.example.com"
PASSWORD = "correct horse battery staple"
SITE = "https://example.com/"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log {folder}/access.log;
    {block}
}}
"""
CADDY = """
{{
    admin off
    skip_install_trust
    auto_https disable_redirects
}}
{block}
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    session: str = ""  # the cookie that begins one


class Https:
    """A reader's requests to the proxy, from any loopback address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def open(self, address: str = "127.0.0.1") -> http.client.HTTPConnection:
        """A connection to the proxy's name, which leads to this machine."""
        sock = socket.create_connection(
            ("127.0.0.1", self._port), timeout=30, source_address=(address, 0)
        )
        connection = http.client.HTTPConnection(NAME, self._port, timeout=30)
        try:
            connection.sock = self._context.wrap_socket(sock, server_hostname=NAME)
        except OSError:
            sock.close()
            raise
        return connection

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Answer:
        connection = self.open(address)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
            next(
                (
                    value
                    for name, value in response.getheaders()
                    if name.lower() == "set-cookie" and "session" in value
                ),
                "",
            ),
        )
        connection.close()
        return answer

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self._port}"


def block(guide: str) -> str:
    """The guide's first configuration."""
    text = (GUIDES / f"{guide}.md").read_text()
    found = re.search(rf"^```{guide}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def program(name: str, package: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        pytest.fail(f"{name} is missing; `apt-get install {package}` installs it")
    return path


def nginx(folder: Path, upstream: int, port: int) -> list[str]:
    """The guide's configuration with the test's names; the command that runs it."""
    subprocess.run(
        [
            *(program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048"),
            *("-nodes", "-days", "2", "-subj", f"/CN={NAME}"),
            *("-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    given = {
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        f"/etc/letsencrypt/live/{NAME}": str(folder),
        "/var/log/nginx": str(folder),
    }
    text = block("nginx")
    for theirs, ours in given.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder, block=text))
    command = [program("nginx", "nginx-light"), "-p", str(folder), "-c", str(path)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


def caddy(folder: Path, upstream: int, port: int) -> list[str]:
    """The same of Caddy, whose certificate is its own instead of a public one."""
    text = block("caddy")
    assert text.startswith(f"{NAME} {{\n")
    text = text.replace(
        f"{NAME} {{\n", f"{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls internal\n"
    )
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
    path = folder / "Caddyfile"
    path.write_text(CADDY.format(block=text))
    command = [program("caddy", "caddy"), "run", "--config", str(path)]
    return [*command, "--adapter", "caddyfile"]


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """The proxy's process, while it answers."""
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            # Caddy keeps its certificates in the user's folders.
            env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                pytest.fail((folder / "proxy.log").read_text())
            try:
                if Https(port).ask("GET", "/healthz").status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"], scope="module")
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Https]:
    """A server with a password and a site, behind the proxy."""
    from tests.processes import Server

    folder = tmp_path_factory.mktemp("proxied")
    store = str(folder / "footfall.db")
    for arguments, given in (
        (("sites", "add", SITE), None),
        (("password",), f"{PASSWORD}\n"),
    ):
        subprocess.run(
            [FOOTFALL, *arguments, "--store", store],
            input=given,
            text=True,
            check=True,
            capture_output=True,
        )
    upstream, port = free_port(), free_port()
    serve = [FOOTFALL, "serve", "--store", store, "--proxy", "127.0.0.1"]
    with (
        Server(
            [*serve, "--port", str(upstream)],
            port=upstream,
            log=folder / "footfall.log",
        ),
        running(request.param(folder, upstream, port), folder, port),
    ):
        yield Https(port)


def visit(proxied: Https, id: str, address: str, **headers: str) -> Answer:
    body = json.dumps({"id": id, "url": SITE})
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    headers = {"Content-Type": "text/plain", "User-Agent": agent, **headers}
    return proxied.ask("POST", "/v1/visits", body, headers, address)


def signed_in(proxied: Https) -> Answer:
    form = urlencode({"password": PASSWORD, "next": "/"})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": proxied.origin,
    }
    return proxied.ask("POST", "/login", form, headers)


def test_readers_are_told_apart(proxied: Https) -> None:
    """By the address that the proxy saw; nobody writes another into the header."""
    outcomes = [
        visit(proxied, "v1", "127.0.0.2"),
        visit(proxied, "v2", "127.0.0.3"),
        visit(proxied, "v3", "127.0.0.3", **{"X-Forwarded-For": "203.0.113.9"}),
        visit(proxied, "v3", "127.0.0.3"),
    ]
    cookie = signed_in(proxied).session.partition(";")[0]
    told = proxied.ask("GET", "/v1/live?site=example.com", None, {"Cookie": cookie})

    assert [json.loads(answer.body)["outcome"] for answer in outcomes] == [
        *("counted", "counted", "counted", "duplicate")
    ]
    assert json.loads(told.body)["visits"] == 3
    assert json.loads(told.body)["visitors"] == 2


def test_the_owner_signs_in_by_https(proxied: Https) -> None:
    """A stranger is led to the login; the cookie is one that https alone sends."""
    stranger = proxied.ask("GET", "/sites")
    entered = signed_in(proxied)
    cookie = entered.session
    page = proxied.ask("GET", "/sites", None, {"Cookie": cookie.partition(";")[0]})

    assert (stranger.status, entered.status, page.status) == (303, 303, 200)
    assert stranger.headers["location"].startswith("/login")
    assert cookie.startswith("__Host-footfall")
    assert "; Secure" in cookie


def test_a_stream_arrives_as_it_is_written(proxied: Https) -> None:
    """Nothing on the way waits for its end."""
    cookie = signed_in(proxied).session.partition(";")[0]
    connection = proxied.open()
    connection.request(
        "GET",
        "/v1/live?site=example.com",
        headers={"Accept": "text/event-stream", "Cookie": cookie},
    )
    response = connection.getresponse()
    lines = [response.readline() for _ in range(3)]
    before = json.loads(lines[2].removeprefix(b"data: "))
    visit(proxied, "live", "127.0.0.4")
    while not (line := response.readline()).startswith(b"data: "):
        pass
    response.close()
    connection.close()

    assert json.loads(line.removeprefix(b"data: "))["visits"] == before["visits"] + 1


def test_the_proxy_writes_no_address_down(
    proxied: Https, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither it nor Footfall."""
    visit(proxied, "logged", "127.0.0.77")
    proxied.ask("GET", "/none", address="127.0.0.77")

    for log in tmp_path_factory.getbasetemp().glob("proxied*/*.log"):
        assert "127.0.0.77" not in log.read_text(), log

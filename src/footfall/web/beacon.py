"""The beacon: one script, minified and compressed once at the start.

Besides `/beacon.js`, which always is the newest, it has a name with a hash of its
content: under that name it may be cached for ever and given an integrity hash. A page
that names an older version gets the newest, so that it goes on counting after an
upgrade; if it gives the older one's hash too, the browser refuses, as it was asked to.
"""

import base64
import gzip
import hashlib
from importlib.resources import files

import msgspec
import rjsmin
from starlette.requests import Request
from starlette.responses import Response

from footfall.web.answers import ANY_ORIGIN, json_answer

_NEWEST = "public, max-age=3600"
_FOR_EVER = "public, max-age=31536000, immutable"


class BeaconAnswer(msgspec.Struct):
    """What a page's tag needs to name one version of the script."""

    script: str
    integrity: str


class Beacon:
    """The script's routes.

    Attributes:
        script: The minified script.
        compressed: The same, gzipped.
        version: A hash of the script, in its name.
        integrity: The script's hash as a page's `integrity` attribute takes it.
    """

    def __init__(self) -> None:
        source = files("footfall.web").joinpath("static", "beacon.js").read_text()
        self.script = rjsmin.jsmin(source).encode()
        self.compressed = gzip.compress(self.script, 9, mtime=0)
        self.version = hashlib.sha256(self.script).hexdigest()[:12]
        digest = hashlib.sha384(self.script).digest()
        self.integrity = f"sha384-{base64.b64encode(digest).decode()}"

    async def newest(self, request: Request) -> Response:
        """The script under its lasting name."""
        return self._answer(request, _NEWEST)

    async def versioned(self, request: Request) -> Response:
        """The script under the name of its version, or of an older one."""
        current = request.path_params["version"] == self.version
        return self._answer(request, _FOR_EVER if current else _NEWEST)

    async def described(self, _: Request) -> Response:
        """What a page's tag needs to name this version."""
        script = f"/beacon.{self.version}.js"
        return json_answer(BeaconAnswer(script, self.integrity), 200, ANY_ORIGIN)

    def _answer(self, request: Request, cache: str) -> Response:
        etag = f'"{self.version}"'
        headers = {
            **ANY_ORIGIN,  # a page with an integrity hash asks
            "cache-control": cache,
            "etag": etag,
            "vary": "Accept-Encoding",
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        body = self.script
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = self.compressed
            headers["content-encoding"] = "gzip"
        return Response(body, 200, headers, "text/javascript; charset=utf-8")

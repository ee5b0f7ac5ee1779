"""The beacon: one script, minified and compressed once at the start.

Besides `/beacon.js`, which always is the newest, it has a name with a hash of its
content: that one never changes, so it may be cached for ever and named in a page with
an integrity hash.
"""

import gzip
import hashlib
from importlib.resources import files

import rjsmin
from starlette.requests import Request
from starlette.responses import Response

_NEWEST = "public, max-age=3600"
_FOR_EVER = "public, max-age=31536000, immutable"


class Beacon:
    """The script's two routes.

    Attributes:
        script: The minified script.
        compressed: The same, gzipped.
        versioned_path: The path that names the version.
    """

    def __init__(self) -> None:
        source = files("footfall.web").joinpath("static", "beacon.js").read_text()
        self.script = rjsmin.jsmin(source).encode()
        self.compressed = gzip.compress(self.script, 9, mtime=0)
        self._version = hashlib.sha256(self.script).hexdigest()[:12]
        self.versioned_path = f"/beacon.{self._version}.js"

    async def newest(self, request: Request) -> Response:
        """The script under its lasting name."""
        return self._answer(request, _NEWEST)

    async def versioned(self, request: Request) -> Response:
        """The script under the name of its version."""
        return self._answer(request, _FOR_EVER)

    def _answer(self, request: Request, cache: str) -> Response:
        etag = f'"{self._version}"'
        headers = {
            "access-control-allow-origin": "*",  # a page with an integrity hash asks
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

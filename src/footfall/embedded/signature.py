"""AWS's Signature Version 4: whether who sent a request has the secret key.

The sender hashes the request in a canonical form, and signs the hash under a key that is
made of the secret, the day, the region and the service; here the same is done again and
compared. Pure: the request, the keys and the time in, nothing or an error out.

What could be changed on the way must be signed: the host, the time and the target. The
body's hash is always of the body that came, so neither `UNSIGNED-PAYLOAD` nor a chunked
signature, which are S3's alone, passes. Any region may be named, since there is one
database. Signatures in the query string, and session tokens, are not DynamoDB's to give
out here, and are refused.

Errors are AWS's, and come in its order: of a late and wrong one, that it is late. Source:
AWS, "Create a signed AWS API request" and "Troubleshoot Signature Version 4 signing".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from footfall.embedded.exceptions import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
)

CLOCK_SKEW = timedelta(minutes=5)
SERVICE = "dynamodb"

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_PARTS = ("Credential", "Signature", "SignedHeaders")
# With these missing from the signature, a request could be made another on its way.
_ALWAYS_SIGNED = ("host", "x-amz-date", "x-amz-target")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says that it is of, and the signature that is to prove it.

    Attributes:
        secret: The secret key of whom it names.
        scope: The day, the region, the service and the terminator, with "/" between.
        signed_headers: The names of the headers that are signed, sorted.
        signature: In hexadecimal.
        time: As it was sent, "20261125T200000Z".
    """

    secret: str = field(repr=False)
    scope: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str

    def verify(
        self, method: str, path: str, query: bytes, headers: Headers, body: bytes
    ) -> None:
        """See that the signature is of this request, by who has the secret.

        Args:
            method: "POST".
            path: As it was sent.
            query: What stands behind the path's question mark.
            headers: The request's, their names in lower case.
            body: The request's.

        Raises:
            InvalidSignatureException: It is not.
        """
        canonical = b"\n".join(
            [
                method.encode(),
                quote(path, safe="/-_.~").encode(),
                _canonical_query(query),
                *(_canonical_header(name, headers) for name in self.signed_headers),
                b"",
                ";".join(self.signed_headers).encode(),
                hashlib.sha256(body).hexdigest().encode(),
            ]
        )
        digest = hashlib.sha256(canonical).hexdigest()
        text = "\n".join([_ALGORITHM, self.time, self.scope, digest])
        key = _signing_key(self.secret, self.scope)
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, self.signature):
            raise InvalidSignatureException()


def claim_of(headers: Headers, keys: Mapping[str, str], now: datetime) -> Claim:
    """What the headers claim, before the body is read.

    Args:
        headers: The request's, their names in lower case.
        keys: The secret key of each access key id.
        now: The time, with its zone.

    Raises:
        MissingAuthenticationTokenException: There is no signature.
        IncompleteSignatureException: It lacks a part, or one is not as it must be.
        InvalidSignatureException: It is too old, too new, or for something else.
        UnrecognizedClientException: The access key id is unknown.
    """
    authorization = _header("authorization", headers)
    if not authorization:
        raise MissingAuthenticationTokenException()
    parts = _parts(authorization)
    names = tuple(parts["SignedHeaders"].lower().split(";"))
    time = _time(headers)
    _require_now(time, now)
    access_key, _, scope = parts["Credential"].partition("/")
    secret = keys.get(access_key)
    if secret is None or _header("x-amz-security-token", headers):
        raise UnrecognizedClientException()
    _require_scope(scope, time)
    for name in _ALWAYS_SIGNED:
        if name not in names and (name == "host" or _header(name, headers)):
            raise InvalidSignatureException(
                f"'{name.title()}' must be a 'SignedHeader' in the AWS Authorization."
            )
    signature = parts["Signature"]
    if not signature.isascii():  # which only such text can be compared with
        raise InvalidSignatureException()
    return Claim(secret, scope, tuple(sorted(set(names))), signature, time)


def _parts(authorization: str) -> dict[str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != _ALGORITHM:
        raise IncompleteSignatureException(
            f"Unsupported AWS 'algorithm': '{algorithm[:64]}'."
        )
    found: dict[str, str] = {}
    for part in re.split(r"[,\s]+", rest.strip()):
        name, separator, value = part.partition("=")
        if separator and value:
            found[name] = value
    missing = [name for name in _PARTS if name not in found]
    if missing:
        raise IncompleteSignatureException(
            " ".join(
                f"Authorization header requires '{name}' parameter." for name in missing
            )
        )
    return found


def _time(headers: Headers) -> str:
    """When it was signed, "20261125T200000Z"."""
    text = _header("x-amz-date", headers)
    if not text and (date := _header("date", headers)):
        try:
            moment = parsedate_to_datetime(date)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            text = f"{moment.astimezone(UTC):{_TIME_FORMAT}}"
        except (OverflowError, ValueError):
            text = date  # which is no time of the other form either
    if not text:
        raise IncompleteSignatureException(
            "Authorization header requires existence of either a 'X-Amz-Date' or a"
            " 'Date' header."
        )
    return text


def _require_now(time: str, now: datetime) -> None:
    try:
        if not _TIME.fullmatch(time):
            raise ValueError(time)
        signed = datetime.strptime(time, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise IncompleteSignatureException(
            "Date must be in ISO-8601 'basic format'. Got"
            f" '{time[:64]}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    now = now.astimezone(UTC)
    minutes = f"{CLOCK_SKEW // timedelta(minutes=1)} min."
    shown = f"{now:{_TIME_FORMAT}}"
    if signed < now - CLOCK_SKEW:
        raise InvalidSignatureException(
            f"Signature expired: {time} is now earlier than"
            f" {now - CLOCK_SKEW:{_TIME_FORMAT}} ({shown} - {minutes})"
        )
    if signed > now + CLOCK_SKEW:
        raise InvalidSignatureException(
            f"Signature not yet current: {time} is still later than"
            f" {now + CLOCK_SKEW:{_TIME_FORMAT}} ({shown} + {minutes})"
        )


def _require_scope(scope: str, time: str) -> None:
    day, *rest = scope.split("/")
    if len(rest) != 3 or not rest[0]:
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, as in"
            " KEYID/DATE/REGION/SERVICE/TERMINATOR."
        )
    if rest[1] != SERVICE:
        raise InvalidSignatureException(
            f"Credential should be scoped to correct service: '{SERVICE}'."
        )
    if rest[2] != _TERMINATOR:
        raise InvalidSignatureException(
            f"Credential should be scoped with a valid terminator: '{_TERMINATOR}'."
        )
    if day != time[:8]:
        raise InvalidSignatureException(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of"
            f" date from HTTP: '{day[:64]}' != '{time[:8]}', from '{time}'."
        )


def _header(name: str, headers: Headers) -> str:
    """The header's values with commas between, "" if there is none."""
    wanted = name.encode("latin-1", "replace")
    return ",".join(
        value.strip().decode("latin-1") for each, value in headers if each == wanted
    )


def _canonical_header(name: str, headers: Headers) -> bytes:
    wanted = name.encode("latin-1", "replace")
    values = [b" ".join(value.split()) for each, value in headers if each == wanted]
    return wanted + b":" + b",".join(values)


def _canonical_query(query: bytes) -> bytes:
    pairs = []
    for part in query.split(b"&") if query else ():
        name, _, value = part.partition(b"=")
        pairs.append(
            tuple(quote(unquote_to_bytes(each), safe="-_.~") for each in (name, value))
        )
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


@lru_cache(maxsize=64)
def _signing_key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key

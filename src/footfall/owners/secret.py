"""Secrets that a server gives out: session cookies and API tokens.

Each is 256 random bits, and only its SHA-256 is stored. A slow hash is for what people
think of, of which there are few enough to try; nobody can try 2^256, so a quick one is
as safe, and a request that carries a token costs a microsecond. A table that is stolen
opens nothing.
"""

import hashlib
import secrets

SECRET_BYTES = 32
SECRET_LENGTH_MAX = 100  # characters of what may be one; ours have fewer


def new_secret(prefix: str = "") -> str:
    """A fresh secret, safe in a cookie, a header and an address."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """What is stored of a secret: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

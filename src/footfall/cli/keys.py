"""The key with which requests to `footfall dynamodb` must be signed.

A secret is never an argument, which every user of the machine can read in the list of
processes, and the shell keeps: it comes from the environment, or from a file.
"""

import os
import re
from pathlib import Path

from footfall.errors import InvalidInputError

SECRET_VARIABLE = "FOOTFALL_SECRET_ACCESS_KEY"

_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)
_SECRET = re.compile(r"[!-~]{16,128}")  # whoever sees a request may try secrets on it


def access_keys(id: str, secret_file: str) -> dict[str, str]:
    """The secret of the one access key id, nothing if none is given.

    Args:
        id: The access key id, "" if requests need not be signed.
        secret_file: The file whose line is the secret, "" for the environment's.

    Raises:
        InvalidInputError: One is given without the other, or is not valid. Nothing of a
            secret is told.
    """
    secret = _in_file(secret_file) if secret_file else os.environ.get(SECRET_VARIABLE)
    if not id and not secret:
        return {}
    if not id:
        raise InvalidInputError(
            "access-key-id",
            "a secret is given and no id; name one with --access-key-id",
        )
    if not secret:
        raise InvalidInputError(
            "secret-key-file",
            f"no secret is given; set {SECRET_VARIABLE}, or name a file",
        )
    if not _ID.fullmatch(id):
        raise InvalidInputError(
            "access-key-id", f"{id!r} must be 1 to 128 letters, digits, '_', '.' or '-'"
        )
    if not _SECRET.fullmatch(secret):
        where = "secret-key-file" if secret_file else SECRET_VARIABLE
        raise InvalidInputError(
            where, "a secret is 16 to 128 printable ASCII characters without spaces"
        )
    return {id: secret}


def _in_file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInputError(
            "secret-key-file", f"{path} cannot be read: {why}"
        ) from None

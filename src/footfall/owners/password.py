"""The owner's one password: what it may be, its hash, and where that is kept.

The hash is argon2id with the parameters that RFC 9106 recommends second, for machines
that have little memory (64 MiB, three passes): a tenth of a second, and a stolen hash is
tried no quicker. Whoever checks passwords does so beside the event loop, one at a time.

Beside the hash stands a random key that was made with it. A session names the password
under which it began by that key; so one write changes the password and ends them all.
"""

import secrets
import time
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from footfall.counters.bulk import delete_items
from footfall.counters.port import Item, Store
from footfall.counters.tables import (
    CREATED_AT,
    KIND,
    NAME,
    PASSWORD_HASH,
    PASSWORD_KEY,
)
from footfall.errors import InvalidInputError
from footfall.owners.changes import (
    OWNER_KIND,
    delete,
    put,
    read_kind,
    read_setting,
    write,
)
from footfall.owners.sessions import SESSION_KIND

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_LENGTH_MIN = 12  # characters
PASSWORD_BYTES_MAX = 1_024

_KEY: Item = {KIND: {"S": OWNER_KIND}, NAME: {"S": "password"}}
_KEY_BYTES = 32

# Of a password that nobody knows: made of random bytes, which were not kept.
_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$68lDLuJu+dxG/xtBd5FE4w"
    "$kPNDrhPRlGFYu2ziDsxu84/LPCset3hcpYi+HGgMuEQ"
)


@dataclass(frozen=True, slots=True)
class Password:
    """A password as it is stored; neither part is ever shown.

    Attributes:
        hash: Argon2id's, with its salt and parameters.
        key: Random bytes that were made with it.
    """

    hash: str = field(repr=False)
    key: bytes = field(repr=False)


def check_password(text: str) -> str:
    """The password in the form that is hashed, if it may be one.

    Letters that look the same are made the same (Unicode's form C): another keyboard may
    send them in other pieces.

    Raises:
        InvalidInputError: It is too short or too long; the message has none of it.
    """
    normal = unicodedata.normalize("NFC", text)
    if len(normal) < PASSWORD_LENGTH_MIN:
        raise InvalidInputError(
            "password",
            f"must have at least {PASSWORD_LENGTH_MIN} characters; four or five words"
            " that have nothing to do with each other are good",
        )
    if len(normal.encode("utf-8", "replace")) > PASSWORD_BYTES_MAX:
        raise InvalidInputError(
            "password", f"may have at most {PASSWORD_BYTES_MAX} bytes"
        )
    return normal


def set_password(store: Store, text: str, *, only_first: bool = False) -> bool:
    """Store a password in place of any other, and end all sessions.

    Args:
        store: Where.
        text: The password.
        only_first: Whether one that is stored already stays.

    Returns:
        Whether it was stored.

    Raises:
        InvalidInputError: It is too short or too long.
        ThrottledError: Nothing was written. Try again after a pause.
        IndeterminateError: No answer came. Set it again.
    """
    item: Item = {
        **_KEY,
        PASSWORD_HASH: {"S": _hasher().hash(check_password(text))},
        PASSWORD_KEY: {"B": secrets.token_bytes(_KEY_BYTES)},
        CREATED_AT: {"N": str(int(time.time()))},
    }
    absent = {
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    stored = write(store, put(store, item, **(absent if only_first else {})))
    if stored:
        _clear_sessions(store)
    return stored


def remove_password(store: Store) -> bool:
    """Remove the password, and end all sessions; whether there was one.

    Raises:
        ThrottledError: Nothing was written. Try again after a pause.
        IndeterminateError: No answer came. Remove it again.
    """
    present = read_password(store) is not None
    if present:
        write(store, delete(store, _KEY))
        _clear_sessions(store)
    return present


def read_password(store: Store) -> Password | None:
    """The password that is stored, None if none is.

    Raises:
        UnavailableError: The store is away.
    """
    item = read_setting(store, _KEY)
    if not item:
        return None
    return Password(item[PASSWORD_HASH]["S"], bytes(item[PASSWORD_KEY]["B"]))


def matches(password: Password | None, text: str) -> bool:
    """Whether a text is the password; it takes as long where there is none."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    normal = unicodedata.normalize("NFC", text)
    try:
        _hasher().verify(password.hash if password else _NOBODYS, normal)
    except (Argon2Error, InvalidHashError):
        return False
    return password is not None


@cache
def _hasher() -> "PasswordHasher":
    # Imported late: 20 ms that a start without a password need not wait for.
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def _clear_sessions(store: Store) -> None:
    """Delete sessions that have ended with their password."""
    keys = [
        {KIND: item[KIND], NAME: item[NAME]} for item in read_kind(store, SESSION_KIND)
    ]
    delete_items(store.client, store.tables.settings, keys)

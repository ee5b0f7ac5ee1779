"""API tokens: what a program shows instead of a password.

A token opens what its scopes say, and nothing else:

    read         statistics, the live numbers, metrics, the owner's pages
    count        adding to counters, and claiming
    administer   everything that changes; it contains the other two, since whoever may
                 publish a site or replace a counter can read the one and move the other

One of `read` may be for a single site. Tokens are made and revoked by the command line
alone: no token makes another.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from footfall.counters.port import Item, Store
from footfall.counters.tables import CREATED_AT, KIND, LABEL, NAME, SCOPES, SITE_URL
from footfall.errors import InvalidInputError, NotFoundError
from footfall.owners.changes import delete, put, read_kind, write
from footfall.owners.secret import digest, new_secret

READ, COUNT, ADMINISTER = "read", "count", "administer"
ALL_SCOPES = (READ, COUNT, ADMINISTER)

TOKEN_PREFIX = "footfall_"  # so that a token in a file is known for one
TOKENS_MAX = 500
LABEL_LENGTH_MAX = 60  # characters
ID_LENGTH = 8  # hexadecimal digits of the digest, which name a token

_TOKEN_KIND = "token"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored.

    Attributes:
        name: The digest of its secret.
        scopes: What it opens.
        label: The owner's words for it.
        created_at: When it was made, in seconds since the epoch.
        site: The only site that it reads, "" for all.
    """

    name: str
    scopes: frozenset[str]
    label: str
    created_at: int
    site: str = ""

    @property
    def id(self) -> str:
        """What its owner names it by; it opens nothing."""
        return self.name[:ID_LENGTH]


def create_token(
    store: Store, scopes: Collection[str], now: float, label: str = "", site: str = ""
) -> tuple[str, Token]:
    """Make a token; its secret, which is told now and never again, and it.

    Args:
        store: Where it is known.
        scopes: What it opens, some of `ALL_SCOPES`.
        now: Seconds since the epoch.
        label: The owner's words for it.
        site: The only site that it reads, by its address in the store.

    Raises:
        InvalidInputError: A scope is none, the label is not valid, a site is named for
            more than reading, or there are `TOKENS_MAX`.
        ThrottledError: Nothing was written. Try again after a pause.
        IndeterminateError: No answer came. List the tokens.
    """
    unknown = [scope for scope in scopes if scope not in ALL_SCOPES]
    if unknown or not scopes:
        raise InvalidInputError("scope", f"must be of {', '.join(ALL_SCOPES)}")
    if site and set(scopes) != {READ}:
        raise InvalidInputError(
            "site",
            "is for a token that reads, and nothing else: leave other scopes out",
        )
    if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise InvalidInputError(
            "label", f"must be at most {LABEL_LENGTH_MAX} printable characters"
        )
    if sum(1 for _ in read_tokens(store)) >= TOKENS_MAX:
        raise InvalidInputError(
            "token", f"there are {TOKENS_MAX}, as many as may be; revoke some first"
        )
    secret = new_secret(TOKEN_PREFIX)
    token = Token(digest(secret), frozenset(scopes), label, int(now), site)
    item: Item = {
        **_key(token.name),
        SCOPES: {"SS": sorted(token.scopes)},
        LABEL: {"S": label},
        CREATED_AT: {"N": str(token.created_at)},
        SITE_URL: {"S": site},
    }
    write(store, put(store, item))
    return secret, token


def revoke_token(store: Store, wanted: str) -> Token:
    """Revoke the token that has this id, or else this label.

    Raises:
        NotFoundError: There is none, or several could be meant.
        ThrottledError: Nothing was written. Try again after a pause.
        IndeterminateError: No answer came. Revoke it again.
    """
    tokens = list(read_tokens(store))
    found = [each for each in tokens if each.id == wanted]
    found = found or [each for each in tokens if wanted and each.label == wanted]
    if len(found) != 1:
        many = "several tokens are" if found else "no token is"
        raise NotFoundError(
            f"{many} named {wanted!r}; `footfall token list` shows their ids"
        )
    write(store, delete(store, _key(found[0].name)))
    return found[0]


def read_tokens(store: Store) -> Iterable[Token]:
    """All tokens.

    Raises:
        UnavailableError: The store is away.
    """
    for item in read_kind(store, _TOKEN_KIND):
        yield Token(
            item[NAME]["S"],
            frozenset(item[SCOPES]["SS"]),
            item[LABEL]["S"],
            int(item[CREATED_AT]["N"]),
            item[SITE_URL]["S"],
        )


def _key(name: str) -> Item:
    return {KIND: {"S": _TOKEN_KIND}, NAME: {"S": name}}

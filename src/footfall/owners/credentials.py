"""All that opens an owner's routes, as it stood at one moment: a value to look into."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from footfall.counters.port import Store
from footfall.owners.password import Password, read_password
from footfall.owners.secret import SECRET_LENGTH_MAX, digest
from footfall.owners.sessions import Session, read_sessions
from footfall.owners.tokens import Token, read_tokens


@dataclass(frozen=True, slots=True)
class Credentials:
    """The password, the sessions and the tokens; small, since each has a bound."""

    password: Password | None = None
    sessions: Mapping[str, Session] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)

    def session_of(self, secret: str, now: float) -> Session | None:
        """The open session that has this secret, None if there is none."""
        if self.password is None or len(secret) > SECRET_LENGTH_MAX:
            return None
        session = self.sessions.get(digest(secret))
        if session is None or not session.is_open(self.password.key, now):
            return None
        return session

    def token_of(self, secret: str) -> Token | None:
        """The token that has this secret, None if there is none."""
        if len(secret) > SECRET_LENGTH_MAX:
            return None
        return self.tokens.get(digest(secret))


def load_credentials(store: Store) -> Credentials:
    """All of it, as it is stored now.

    Raises:
        TableNotFoundError: The table is missing.
        UnavailableError: The store is away.
    """
    return Credentials(
        read_password(store),
        {session.name: session for session in read_sessions(store)},
        {token.name: token for token in read_tokens(store)},
    )

"""The password, sessions and tokens in every store: the engine and DynamoDB Local."""

import time

import pytest

from footfall.counters.port import Store
from footfall.errors import InvalidInputError, NotFoundError, UnavailableError
from footfall.owners.changes import owner_version
from footfall.owners.credentials import load_credentials
from footfall.owners.password import (
    PASSWORD_BYTES_MAX,
    matches,
    read_password,
    remove_password,
    set_password,
)
from footfall.owners.sessions import (
    SESSIONS_MAX,
    end_session,
    read_sessions,
    renew_session,
    start_session,
)
from footfall.owners.tokens import (
    COUNT,
    READ,
    create_token,
    read_tokens,
    revoke_token,
)
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import WebServer, wait_until
from tests.web.test_owners import session_of, sign_in

PASSWORD = "correct horse battery staple"


def stored_text(store: Store) -> str:
    """All that the settings hold, as somebody reads it who stole the table."""
    return str(store.client.scan(TableName=store.tables.settings)["Items"])


def test_a_password_is_stored_as_its_hash(store: Store) -> None:
    """Argon2id's; a key on another keyboard makes the same letter of other pieces."""
    assert set_password(store, "caf\u00e9 au lait, twice")
    first = read_password(store)
    assert not set_password(store, PASSWORD, only_first=True)

    assert first is not None
    assert first.hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches(first, "cafe\u0301 au lait, twice")
    assert not matches(first, "cafe au lait, twice")
    assert not matches(None, PASSWORD)
    assert "au lait" not in stored_text(store)
    assert "au lait" not in repr(first)
    assert remove_password(store)
    assert not remove_password(store)
    assert read_password(store) is None


def test_a_password_has_a_length(store: Store) -> None:
    """What is wrong is said without any of it."""
    for text in ("", "eleven char", "x" * (PASSWORD_BYTES_MAX + 1)):
        with pytest.raises(InvalidInputError) as caught:
            set_password(store, text)
        assert caught.value.field == "password"
        assert not text or text not in str(caught.value)

    assert owner_version(store) == 0


def test_a_session_is_open_until_it_ends(store: Store) -> None:
    """Or until its password does; one that has ended is not renewed."""
    set_password(store, PASSWORD)
    password, now = read_password(store), time.time()
    assert password is not None
    secret, session = start_session(store, password.key, now)
    other, _ = start_session(store, password.key, now)
    known = load_credentials(store)

    assert known.session_of(secret, now) == session
    assert known.session_of("x", now) is None
    assert known.session_of(secret, session.expires_at) is None
    assert secret not in stored_text(store)
    renewed = renew_session(store, session, now + 90_000)
    assert renewed is not None
    assert load_credentials(store).session_of(secret, now) == renewed
    end_session(store, session.name)
    end_session(store, session.name)
    assert renew_session(store, session, now) is None
    assert load_credentials(store).session_of(secret, now) is None
    assert load_credentials(store).session_of(other, now) is not None
    set_password(store, PASSWORD)
    assert list(read_sessions(store)) == []


def test_a_session_of_an_earlier_password_is_none(store: Store) -> None:
    """Begun in the very moment in which the password was changed."""
    set_password(store, PASSWORD)
    earlier = read_password(store)
    assert earlier is not None
    set_password(store, PASSWORD)
    secret, _ = start_session(store, earlier.key, time.time())

    assert load_credentials(store).session_of(secret, time.time()) is None


def test_open_sessions_are_bounded(store: Store) -> None:
    """The one that was used longest ago gives way."""
    set_password(store, PASSWORD)
    password, now = read_password(store), time.time()
    assert password is not None
    secrets = [
        start_session(store, password.key, now + number)[0]
        for number in range(SESSIONS_MAX + 2)
    ]
    known = load_credentials(store)

    assert len(known.sessions) == SESSIONS_MAX
    assert known.session_of(secrets[1], now) is None
    assert known.session_of(secrets[2], now) is not None


def test_a_token_is_known_by_its_hash(store: Store) -> None:
    secret, made = create_token(store, [READ, COUNT], time.time(), "shop")
    known = load_credentials(store).token_of(secret)

    assert known == made
    assert secret.startswith("footfall_")
    assert secret not in stored_text(store)
    assert load_credentials(store).token_of(made.name) is None
    assert revoke_token(store, "shop") == made
    assert load_credentials(store).token_of(secret) is None


def test_a_token_is_revoked_by_its_id_or_a_label_of_its_own(store: Store) -> None:
    _, first = create_token(store, [READ], 1, "same")
    create_token(store, [READ], 2, "same")
    for name, message in (("same", "several"), ("", "no token"), ("0", "no token")):
        with pytest.raises(NotFoundError, match=message):
            revoke_token(store, name)
    revoke_token(store, first.id)

    assert [token.created_at for token in read_tokens(store)] == [2]


def test_a_token_that_would_open_something_else_is_refused(store: Store) -> None:
    for scopes, label, site, field in (
        ([], "", "", "scope"),
        (["write"], "", "", "scope"),
        ([READ], "x" * 61, "", "label"),
        ([READ], "a\nb", "", "label"),
        ([READ, COUNT], "", "https://a.example/", "site"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            create_token(store, scopes, 1, label, site)
        assert caught.value.field == field

    assert list(read_tokens(store)) == []


def test_every_change_moves_the_version(store: Store) -> None:
    """Which is all that a server looks at, twice a second."""
    versions = [owner_version(store)]
    set_password(store, PASSWORD)
    password = read_password(store)
    assert password is not None
    versions.append(owner_version(store))
    _, session = start_session(store, password.key, 1)
    versions.append(owner_version(store))
    renew_session(store, session, 2)
    versions.append(owner_version(store))
    end_session(store, session.name)
    versions.append(owner_version(store))
    create_token(store, [READ], 1, "t")
    versions.append(owner_version(store))
    revoke_token(store, "t")
    versions.append(owner_version(store))
    remove_password(store)
    versions.append(owner_version(store))

    assert versions == sorted({*versions})
    assert len(versions) == 8


def test_a_store_that_is_away_is_said(store: Store) -> None:
    client = FaultyClient(store.client, get_item=[lost_before])

    with pytest.raises(UnavailableError):
        owner_version(Store(client, store.tables))


def test_every_server_knows_of_a_session_and_of_its_end(store: Store) -> None:
    """The balancer's next server knows at once, and hears of the end within a second."""
    set_password(store, PASSWORD)
    here, there = WebServer(store, Settings()), WebServer(store, Settings())
    cookie = {"Cookie": session_of(sign_in(here, PASSWORD))}
    first = there.ask("GET", "/metrics", **cookie)
    there.ask("POST", "/logout", b"", Origin=there.url, **cookie)
    wait_until(lambda: here.ask("GET", "/metrics", **cookie).status == 401)
    for server in (here, there):
        server.stop()

    assert first.status == 200

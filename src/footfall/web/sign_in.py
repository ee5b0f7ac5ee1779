"""Signing in and out: the password once, a session's cookie from then on.

Whether a password is wrong, or none is set, a stranger is told the same after the same
time. Hashing takes 64 MiB, so one is done at a time, and few may wait for it.

A sign-in always begins a session of its own: a cookie that somebody planted before is
worth nothing after. It also leaves a cookie by which the browser is known again, so that
strangers' failures do not hold its owner up (`web.attempts`). That one is made of the key
that was made with the password, opens nothing, and ends with it.
"""

import asyncio
import hmac
import logging
import math
import re
import secrets
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.owners.password import Password, matches
from footfall.owners.sessions import IDLE_SECONDS, end_session, start_session
from footfall.web.access import caller_of, check_same_origin, is_this_machine
from footfall.web.answers import NO_STORE, in_thread
from footfall.web.attempts import Attempts
from footfall.web.bodies import form_of
from footfall.web.owners import Owners
from footfall.web.problems import HttpError
from footfall.web.proofs import (
    BROWSER_COOKIE,
    SESSION_COOKIE,
    cookie,
    presented_in,
)
from footfall.web.proxies import Proxies, reader_network
from footfall.web.rendering import Renderer

LOGIN_PATH, LOGOUT_PATH = "/login", "/logout"
BROWSER_SECONDS = 400 * 86_400  # as long as browsers keep a cookie
WAITING_MAX = 10  # for a hash; each takes a tenth of a second

TELL_SECONDS = 3_600.0  # between two lines of the log about guesses

_log = logging.getLogger("footfall.web")

# A path of this server, of characters that no browser takes for the start of another's.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
_WRONG = "The password is wrong."


class SignIn:
    """The routes of the login page, and of signing out."""

    def __init__(
        self, store: Store, owners: Owners, proxies: Proxies, renderer: Renderer
    ) -> None:
        self._store = store
        self._owners = owners
        self._proxies = proxies
        self._renderer = renderer
        self._attempts = Attempts()
        self._hashing = asyncio.Semaphore(1)
        self._waiting = 0
        self._told_at = -math.inf

    async def page(self, request: Request) -> Response:
        """The form; whoever may see the owner's pages already is led on."""
        back_to = own_path(request.query_params.get("next", ""))
        try:
            caller_of(request)
        except HttpError:
            answer = self._form(back_to)
            if presented_in(request.scope).session is not None:  # it has ended
                answer.headers.append(
                    "set-cookie", cookie(request.scope, SESSION_COOKIE, "", 0)
                )
            return answer
        return _lead_to(back_to)

    async def sign_in(self, request: Request) -> Response:
        """Compare the password, and begin a session."""
        try:
            check_same_origin(request)
            fields = await form_of(request)
            form = {name: texts[-1] for name, texts in fields.items()}
            back_to = own_path(form.get("next", ""))
            browser = _known_browser(request, self._owners.credentials.password)
            # No stranger can pass for this machine, so none can make it wait.
            known = browser or ("this machine" if is_this_machine(request) else None)
            address = reader_network(self._proxies.address_of(request.scope))
            wait = self._attempts.begin(address, known, time.monotonic())
            if wait or self._waiting >= WAITING_MAX:
                self._tell_of_guesses()
                return self._too_many(back_to, max(1, math.ceil(wait)))
            # Changed a moment ago, it may be wrong by now.
            await self._owners.read()
            password = self._owners.credentials.password
            if not await self._is_right(password, form.get("password", "")):
                return self._form(back_to, _WRONG, 403)
            assert password is not None, "a text matched it"
            self._attempts.succeeded(address, known)
            secret, _ = await in_thread(
                start_session, self._store, password.key, time.time()
            )
            await self._end_earlier(request)
            await self._owners.read()
        except FootfallError as error:
            return self._renderer.problem(error)
        answer = _lead_to(back_to)
        for name, value, seconds in (
            (SESSION_COOKIE, secret, IDLE_SECONDS),
            (BROWSER_COOKIE, browser or _new_browser(password), BROWSER_SECONDS),
        ):
            answer.headers.append(
                "set-cookie", cookie(request.scope, name, value, seconds)
            )
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the session, on every server of the store."""
        try:
            check_same_origin(request)
            await self._end_earlier(request)
            await self._owners.read()
        except FootfallError as error:
            return self._renderer.problem(error)
        answer = _lead_to(LOGIN_PATH)
        answer.headers.append(
            "set-cookie", cookie(request.scope, SESSION_COOKIE, "", 0)
        )
        return answer

    async def _is_right(self, password: Password | None, text: str) -> bool:
        self._waiting += 1
        try:
            async with self._hashing:
                return await in_thread(matches, password, text)
        finally:
            self._waiting -= 1

    async def _end_earlier(self, request: Request) -> None:
        """End the session with which the request came, if it is one."""
        secret = presented_in(request.scope).session
        if secret is None:
            return
        session = self._owners.credentials.session_of(secret, time.time())
        if session is not None:
            await in_thread(end_session, self._store, session.name)

    def _tell_of_guesses(self) -> None:
        now = time.monotonic()
        if now - self._told_at > TELL_SECONDS:
            self._told_at = now
            _log.warning(
                "sign-ins are refused for a while, after wrong passwords: if they were"
                " not yours, somebody guesses"
            )

    def _too_many(self, back_to: str, seconds: int) -> Response:
        unit = "second" if seconds == 1 else "seconds"
        answer = self._form(
            back_to, f"Too many attempts. Try again in {seconds} {unit}.", 429
        )
        answer.headers["retry-after"] = str(seconds)
        return answer

    def _form(self, back_to: str, error: str = "", status: int = 200) -> Response:
        answer = self._renderer.page("login.html", back_to=back_to, error=error)
        answer.status_code = status
        return answer


def own_path(text: str) -> str:
    """The path to go on to after signing in, if it is one of this server; else "/"."""
    leads_here = _OWN_PATH.fullmatch(text) is not None
    path = text.partition("?")[0]
    return text if leads_here and path not in (LOGIN_PATH, LOGOUT_PATH) else "/"


def _lead_to(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, NO_STORE)


def _new_browser(password: Password) -> str:
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_browser_proof(password, nonce)}"


def _known_browser(request: Request, password: Password | None) -> str | None:
    """The browser's cookie, if signing in under this password left it."""
    shown = presented_in(request.scope).browser
    if shown is None or password is None:
        return None
    nonce, _, proof = shown.partition(".")
    return (
        shown
        if hmac.compare_digest(proof.encode(), _browser_proof(password, nonce).encode())
        else None
    )


def _browser_proof(password: Password, nonce: str) -> str:
    return hmac.new(
        password.key, b"browser\0" + nonce.encode("latin-1", "replace"), "sha256"
    ).hexdigest()

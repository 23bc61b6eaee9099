"""The local server: one page, one door for verbs, and nobody but the page gets through it.

Any web page that the user has open can send requests to this machine, and a name can be rebound to
its address. So a request must be made to the very address that was given out, come from the page
itself, be JSON, and carry a token that stands in no address a browser would send on.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from geoloc.errors import OutputError
from geoloc.studio.page import assets

if TYPE_CHECKING:
    from geoloc.studio.session import Session

TOKEN_HEADER = "X-Geoloc-Token"  # noqa: S105 - the header's name
MOST_BYTES = 80_000_000  # of one request: a photo of 50 MB in base64, and room
_SECONDS_TO_SEND = 60
_DEEPEST = 40  # JSON arrays and objects in each other; a drawing has 7
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; font-src data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    }.items()
]
# Headers that decide, and so must not be said twice.
_DECIDING = (
    "host", "origin", "sec-fetch-site", "content-type", "content-length", "content-encoding",
    "transfer-encoding", TOKEN_HEADER.lower(),
)  # fmt: skip


class RefusedError(Exception):
    """A request that is not the page's; `status` says so in HTTP."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


class Studio:
    """The drawing page of one session, on a port of this machine."""

    def __init__(self, session: Session, port: int = 0) -> None:
        """Take a port; 0 lets the system choose one.

        Raises
        ------
        OutputError
            If the port is taken.
        """
        self._token = secrets.token_urlsafe(32)
        self._session = session
        self._sockets = ExitStack()
        self.listening = list(self._listen(port))
        self.port = int(self.listening[0].getsockname()[1])
        hosts = frozenset({f"127.0.0.1:{self.port}", f"[::1]:{self.port}"})
        app = Starlette(
            routes=[
                Route("/api/{verb}", self._answer, methods=["POST"]),
                *(Route(path, _give, methods=["GET"]) for path in assets()),
            ],
            lifespan=self._clearing,
            exception_handlers={
                RefusedError: _say_refused,
                404: _no_such,
                405: _no_such,
                Exception: _failed,
            },
        )
        settings = uvicorn.Config(
            Guard(app, hosts),
            log_level="error",
            ws="none",
            lifespan="on",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=32_768,
            limit_concurrency=64,
        )
        self._server = uvicorn.Server(settings)

    @property
    def url(self) -> str:
        """Return the page's address, its token in the fragment: who knows it can read the case."""
        return f"http://127.0.0.1:{self.port}/#token={self._token}&lang={self._session.language}"

    @property
    def started(self) -> bool:
        """Return whether requests are answered."""
        return self._server.started

    def run(self) -> None:
        """Serve until `stop`, Ctrl-C or the page's `close`; then clear what was for the page.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, when all is cleared.
        """
        with self._sockets:
            self._server.run(sockets=self.listening)

    def stop(self) -> None:
        """End `run` after the requests that are being answered."""
        self._server.should_exit = True

    @asynccontextmanager
    async def _clearing(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self._session.clear()

    def _listen(self, port: int) -> Iterator[socket.socket]:
        """Yield a socket on 127.0.0.1, and one of the same port on ::1 where there is one."""
        try:
            first = self._sockets.enter_context(socket.create_server(("127.0.0.1", port)))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(
                f"Cannot listen on port {port}: {reason}. Leave --port out to take a free one."
            ) from error
        yield first
        try:
            yield self._sockets.enter_context(
                socket.create_server(("::1", first.getsockname()[1]), family=socket.AF_INET6)
            )
        except OSError:  # no IPv6 here
            return

    async def _answer(self, request: Request) -> Response:
        """Let the session answer a verb."""
        _check_is_ours(request, self._token)
        payload = _parsed(await _body(request))
        verb = request.path_params["verb"]
        if verb == "close":
            self.stop()
            return JSONResponse({"ok": True})
        return JSONResponse(await to_thread.run_sync(self._session.answer, verb, payload))


class Guard:
    """Refuse whatever was not sent to this address by this address's own page."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the headers that every answer has."""

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except RefusedError as error:
            await _refused(error)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        headers: dict[str, str] = {}
        for raw_name, raw in scope["headers"]:
            name = raw_name.decode("latin-1").lower()
            if name in headers and name in _DECIDING:
                raise RefusedError(400, f"The header {name} is said twice.")
            headers[name] = raw.decode("latin-1")
        host = headers.get("host", "")
        if host not in self._hosts:
            raise RefusedError(421, "This is another host.")
        if scope["method"] not in ("GET", "POST"):
            raise RefusedError(405, "Only GET and POST are answered.")
        posted = scope["method"] == "POST"
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        # A browser says the origin of every POST, and only others may leave out what it came from.
        if origin != f"http://{host}" and (posted or origin is not None):
            raise RefusedError(403, "Another page asked.")
        if site not in ((None, "same-origin") if posted else (None, "same-origin", "none")):
            raise RefusedError(403, "Another page asked.")
        if "content-length" in headers and "transfer-encoding" in headers:
            raise RefusedError(400, "The request has two lengths.")
        if "upgrade" in headers:
            raise RefusedError(400, "Nothing is upgraded here.")


def _check_is_ours(request: Request, token: str) -> None:
    """Raise unless a POST has the token and says that it is JSON."""
    given = request.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(given.encode("latin-1", "replace"), token.encode()):
        raise RefusedError(403, "The page's token is missing or wrong; open the printed address.")
    kind = request.headers.get("content-type", "").replace(" ", "").lower()
    if kind not in ("application/json", "application/json;charset=utf-8"):
        raise RefusedError(415, "Only JSON is read (Content-Type: application/json).")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RefusedError(415, "Nothing packed is read.")
    stated = request.headers.get("content-length", "0")
    if not stated.isascii() or not stated.isdigit() or int(stated) > MOST_BYTES:
        raise RefusedError(413, f"A request may have {MOST_BYTES / 1e6:.0f} MB.")


async def _body(request: Request) -> bytes:
    """Return a body, however it was sent, as long as it is small and comes in time."""
    content = bytearray()
    try:
        async with asyncio.timeout(_SECONDS_TO_SEND):
            async for part in request.stream():
                content += part
                if len(content) > MOST_BYTES:
                    raise RefusedError(413, f"A request may have {MOST_BYTES / 1e6:.0f} MB.")
    except TimeoutError as error:
        raise RefusedError(408, "The request took too long to arrive.") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "The request was broken off.") from error
    return bytes(content)


def _parsed(content: bytes) -> dict[str, Any]:
    """Return a body's JSON object; numbers that JSON has not, and deep nests, are refused."""
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "The request is no proper JSON.") from error
    if not isinstance(value, dict) or _deeper(value, _DEEPEST):
        raise RefusedError(400, "A request is one JSON object, not nested deeper than a drawing.")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _deeper(value: Any, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_deeper(each, levels - 1) for each in inside)


async def _give(request: Request) -> Response:
    """Return one of the page's own files."""
    found = assets()[request.url.path]
    return Response(found.content, media_type=found.kind)


def _refused(error: RefusedError) -> JSONResponse:
    return JSONResponse(
        {"ok": False, "error": error.why, "field": None},
        error.status,
        {"Connection": "close"},
    )


async def _say_refused(_request: Request, error: Exception) -> Response:
    return _refused(cast("RefusedError", error))


async def _no_such(_request: Request, _error: Exception) -> Response:
    return _refused(RefusedError(404, "There is nothing here."))


async def _failed(_request: Request, _error: Exception) -> Response:
    """Tell the page in one line that something failed; what, is for the terminal."""
    return _refused(RefusedError(500, "geoloc failed here; the terminal says more."))

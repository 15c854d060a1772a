"""HTTP answers in the venue's form: JSON bodies, and errors as {"error": text}."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from polyarb.venues.simulated.auth import AuthError
from polyarb.venues.simulated.wire import Json, encode

LAST_CURSOR: Final = "LTE="

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that is answered with `status` and {"error": text}."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def reply(value: object, *, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=encode(value), status=status, content_type="application/json")


def refusal(status: int, text: str) -> web.Response:
    """Return an error answer."""
    return reply({"error": text}, status=status)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises about the caller's request into the venue's error answers."""
    try:
        return await handler(request)
    except ApiError as fault:
        return refusal(fault.status, str(fault))
    except AuthError as fault:
        return refusal(401, str(fault))
    except msgspec.MsgspecError as fault:
        return refusal(400, f"Invalid payload: {fault}")
    except web.HTTPNotFound:
        return refusal(404, "not found")
    except ConnectionResetError:
        return refusal(400, "the caller left")  # in the middle of its request: nobody reads this


def cursor_page(rows: Sequence[Json], *, cursor: str, size: int) -> Json:
    """Return one page of `rows` with counts and the next cursor, the last one at the end."""
    start = _decode(cursor) if cursor else 0
    shown = list(rows[start : start + size])
    after = start + len(shown)
    return {
        "limit": size,
        "count": len(shown),
        "next_cursor": _encode(after) if after < len(rows) else LAST_CURSOR,
        "data": shown,
    }


def wanted_token(request: web.Request) -> str:
    """Return the token that a query asks about."""
    token = request.query.get("token_id", "")
    if not token:
        raise ApiError(400, "Invalid token id")
    return token


async def json_body(request: web.Request) -> Any:
    """Return a request's decoded body."""
    return msgspec.json.decode(await request.read())


def _encode(start: int) -> str:
    return base64.b64encode(str(start).encode()).decode()


def _decode(cursor: str) -> int:
    """Return where a page starts; the last cursor is past the end."""
    if cursor == LAST_CURSOR:
        return 1 << 60
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise ApiError(400, "invalid next_cursor") from fault
    if not text.isdecimal():
        raise ApiError(400, "invalid next_cursor")
    return int(text)

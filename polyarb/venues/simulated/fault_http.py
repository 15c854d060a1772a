"""Faults between a caller and the venue's routes, as one middleware around all of them."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from polyarb.venues.simulated.answers import Handler, refusal, reply
from polyarb.venues.simulated.fault_kinds import Point
from polyarb.venues.simulated.fault_listing import altered
from polyarb.venues.simulated.fault_texts import (
    CANCEL_ONLY,
    DISABLED,
    OF_REQUEST,
    POST_ONLY,
    RESTARTING,
    TOO_MANY,
)
from polyarb.venues.simulated.faults import FaultPlan, Firing, Seen

_POST_ONLY_S: Final = 120
_FLUSH_S: Final = 0.02
_OWN: Final = ("/sim", "/ws")
_CLOSED: Final = {
    "restarting": (425, RESTARTING),
    "disabled": (503, DISABLED),
    "cancel_only": (503, CANCEL_ONLY),
}


def endpoints_of(app: web.Application) -> tuple[str, ...]:
    """Return what a plan may name: every route but the simulation's own and the channels."""
    named = (
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None
        and route.method != "HEAD"
        and not route.resource.canonical.startswith(_OWN)
    )
    return tuple(dict.fromkeys(named))


def faulty_requests(plan: FaultPlan, now_ms: Callable[[], int]) -> Middleware:
    """Return the middleware that lets the plan's faults happen. It must be the outermost one."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not plan.watches(Point.REQUEST) or request.path.startswith(_OWN):
            return await handler(request)
        try:
            seen = await _seen(request)
        except (ConnectionResetError, web.HTTPException):
            return await handler(request)  # it meets the same end there, and has an answer for it
        firing = plan.fire(Point.REQUEST, seen, now_ms=now_ms())
        if firing is None:
            return await handler(request)
        answer = _refused(firing, request)
        return answer or await _disturbed(firing, request, handler)

    return middleware


async def _seen(request: web.Request) -> Seen:
    resource = request.match_info.route.resource
    body = await request.read()
    return Seen(
        endpoint=f"{request.method} {'' if resource is None else resource.canonical}",
        text=request.path_qs + body.decode(errors="replace"),
        resting=_only_rests(body),
    )


def _only_rests(body: bytes) -> bool:
    """Return whether a body posts orders, all of them post-only."""
    try:
        posted: Any = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return False
    orders = posted if isinstance(posted, list) else [posted]
    return bool(orders) and all(isinstance(o, dict) and o.get("postOnly") is True for o in orders)


def _refused(firing: Firing, request: web.Request) -> web.Response | None:
    """Return the answer of a fault that keeps the venue from looking at the request."""
    if firing.fault in _CLOSED:
        return refusal(*_CLOSED[firing.fault])
    match firing.fault:
        case "post_only":
            left_s = _POST_ONLY_S if firing.left_ms is None else -(-firing.left_ms // 1_000)
            told = {"error": POST_ONLY, "code": "post_only_mode", "retry_after_seconds": left_s}
            return reply(told, status=503)
        case "rate_limit":
            return _limited(firing.ms("retry_after_s"))
        case "server_error":
            return web.Response(status=firing.ms("status"), text="<html></html>")
        case "refuse_request":
            said = OF_REQUEST[str(firing.how["error"])]
            address = request.headers.get("POLY_ADDRESS", "")
            return refusal(said.status, said.text.format(address=address))
        case _:
            return None


def _limited(retry_after_s: int) -> web.Response:
    answer = refusal(429, TOO_MANY)
    answer.headers.update({"Poly-RateLimit-Remaining": "0", "Poly-RateLimit-Tier": "standard"})
    if retry_after_s:
        answer.headers["Retry-After"] = str(retry_after_s)
        answer.headers["Poly-RateLimit-Reset"] = str(retry_after_s)
    return answer


async def _disturbed(firing: Firing, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Handle a request, or not, and let something happen to its answer."""
    match firing.fault:
        case "delay_request":
            await asyncio.sleep(firing.ms("delay_ms") / 1_000)
            return await handler(request)
        case "delay_answer":
            answer = await handler(request)
            await asyncio.sleep(firing.ms("delay_ms") / 1_000)
            return answer
        case "lose_request":
            return await _hang_up(request, firing.ms("hold_ms"))
        case "lose_answer":
            await handler(request)
            return await _hang_up(request, firing.ms("hold_ms"))
        case "cut_answer":
            return await _cut(request, await handler(request))
        case "alter_listing":
            return _relisted(await handler(request), str(firing.how["form"]))
        case _:
            raise AssertionError(firing.fault)


def _relisted(answer: web.StreamResponse, form: str) -> web.StreamResponse:
    if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        answer.body = altered(answer.body, form)
    return answer


async def _hang_up(request: web.Request, hold_ms: int) -> web.StreamResponse:
    await asyncio.sleep(hold_ms / 1_000)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """Send a status, headers that promise the whole body, half of it, and no more."""
    if not isinstance(whole, web.Response) or not isinstance(whole.body, bytes):
        return await _hang_up(request, 0)
    half = web.StreamResponse(status=whole.status, headers=whole.headers)
    half.content_length = len(whole.body)
    await half.prepare(request)
    await half.write(whole.body[: len(whole.body) // 2])
    await asyncio.sleep(_FLUSH_S)
    if request.transport is not None:
        request.transport.abort()
    return half

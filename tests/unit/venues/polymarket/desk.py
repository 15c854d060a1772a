"""A real HTTP server on loopback that stands in for the venue where a test scripts its answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from polyarb.venues.polymarket.urls import VenueUrls


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Desk:
    """A real HTTP server on loopback that answers as a test wants and keeps what it was asked."""

    port: int = 0
    delay_s: float = 0
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Seen], Any] = lambda _: web.json_response({})

    @property
    def urls(self) -> VenueUrls:
        return VenueUrls.local(self.port)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=await request.read(),
        )
        self.seen.append(seen)
        await asyncio.sleep(self.delay_s)
        reply = self.answer(seen)
        if isinstance(reply, web.StreamResponse):
            return reply
        if reply is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response(reply)

"""One HTTP request with a deadline, and the one question that matters when it fails.

Failures come back as values: the HTTP library's exceptions carry the request, and a request
carries signatures.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

BODY_MAX: Final = 16 * 2**20
"""Bytes of an answer that are read at most."""

_CONNECT_S: Final = 3.0
_KEEP_ALIVE_S: Final = 60.0
_CONNECTIONS: Final = 16
_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CHATTY: Final = ("httpx", "httpcore", "hpack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. retry_after_s: from the header of that name, None without one."""

    status: int
    body: bytes
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Nothing usable came back. sent: whether the request may have arrived."""

    sent: bool
    reason: str


def new_client(base_url: str) -> httpx.AsyncClient:
    """Return a client that keeps connections open and ignores the environment's proxies.

    HTTP/2 where the address is encrypted. The HTTP libraries' debug logs spell out headers, and
    with them credentials, so they are silenced here whatever the log level.
    """
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        base_url=base_url,
        http2=base_url.startswith("https://"),
        trust_env=False,
        timeout=httpx.Timeout(30.0, connect=_CONNECT_S),
        limits=httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
        ),
    )


async def exchange(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    deadline_s: float,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer | Lost:
    """Send one request, once, and return what is known of it. Never raises for the network."""
    extra = {"Content-Type": "application/json"} if body else {}
    try:
        async with (
            asyncio.timeout(deadline_s),
            http.stream(
                method, path, params=params, content=body, headers={**(headers or {}), **extra}
            ) as response,
        ):
            return await _read(response)
    except _NEVER_LEFT as error:
        return Lost(sent=False, reason=type(error).__name__)
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        return Lost(sent=True, reason=type(error).__name__)


async def _read(response: httpx.Response) -> Answer | Lost:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > BODY_MAX:
            return Lost(sent=True, reason="answer too long")
        parts.append(part)
    return Answer(
        status=response.status_code,
        body=b"".join(parts),
        retry_after_s=_seconds(response.headers.get("Retry-After")),
    )


def _seconds(text: str | None) -> int | None:
    """Return a Retry-After in seconds; its other form, a date, is not used by the venue."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) < 6
    return int(text) if plain and text is not None else None

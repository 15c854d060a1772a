"""Public HTTP reads: deadlines, bounded answers, and retries, which a read can always afford."""

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Final

import httpx

from polyarb.core.errors import NotSent, Rejected

_TOO_EARLY: Final = 425
_TOO_MANY: Final = 429
_EXCERPT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """How hard to try. The n-th wait is uniform between 0 and min(cap, base x 2^n).

    deadline_s: for one read with all its attempts. body_max: bytes of an answer after decoding.
    """

    attempts: int = 5
    base_s: float = 0.25
    cap_s: float = 8.0
    attempt_s: float = 10.0
    deadline_s: float = 45.0
    body_max: int = 64 << 20

    def __post_init__(self) -> None:
        assert self.attempts >= 1, self.attempts


class Reader:
    """Sends requests that change nothing. Environment proxies are ignored."""

    def __init__(self, *, rng: Random, policy: ReadPolicy | None = None) -> None:
        self._rng = rng
        self._policy = policy or ReadPolicy()
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(self._policy.attempt_s),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
        )

    async def get(self, url: str, params: dict[str, str] | None = None) -> bytes:
        """Return the body of a GET.

        Raises Rejected for an answer that would not change (4xx), NotSent when no attempt worked.
        """
        return await self._read(self._client.build_request("GET", url, params=params))

    async def post(self, url: str, body: bytes) -> bytes:
        """Return the body of a POST that only asks, such as /books. Raises as `get` does."""
        headers = {"content-type": "application/json"}
        return await self._read(
            self._client.build_request("POST", url, content=body, headers=headers)
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _read(self, request: httpx.Request) -> bytes:
        fault = "no attempt"
        try:
            async with asyncio.timeout(self._policy.deadline_s):
                for attempt in range(self._policy.attempts):
                    answer = await self._attempt(request)
                    if isinstance(answer, bytes):
                        return answer
                    fault = answer.fault
                    if attempt + 1 < self._policy.attempts:
                        await asyncio.sleep(self._wait_s(attempt, answer.retry_after_s))
        except TimeoutError:
            fault = f"deadline of {self._policy.deadline_s} s after: {fault}"
        raise NotSent(f"{request.method} {request.url.copy_with(query=None)}: {fault}")

    async def _attempt(self, request: httpx.Request) -> "bytes | _Again":
        try:
            response = await self._client.send(request, stream=True)
            try:
                body = await self._body(response)
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            return _Again(fault=f"{type(error).__name__}: {error}")
        except httpx.DecodingError as error:
            return _Again(fault=f"undecodable answer: {error}")
        if response.is_success:
            return body
        shown = body[:_EXCERPT].decode(errors="replace")
        fault = f"HTTP {response.status_code}: {shown}"
        if response.status_code in (_TOO_EARLY, _TOO_MANY) or response.is_server_error:
            return _Again(fault=fault, retry_after_s=_seconds(response.headers.get("retry-after")))
        raise Rejected(f"{request.method} {request.url.copy_with(query=None)}: {fault}")

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._policy.body_max:
                raise Rejected(f"{response.request.url}: more than {self._policy.body_max} bytes")
        return bytes(body)

    def _wait_s(self, attempt: int, retry_after_s: float) -> float:
        policy = self._policy
        jitter = self._rng.uniform(0.0, min(policy.cap_s, policy.base_s * 2**attempt))
        return max(jitter, min(retry_after_s, policy.cap_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """A failure that another attempt may mend."""

    fault: str
    retry_after_s: float = 0.0


def _seconds(header: str | None) -> float:
    """Return a Retry-After in seconds; 0 where it is absent or a date, which nobody sends."""
    return float(header) if header and header.isascii() and header.isdigit() else 0.0

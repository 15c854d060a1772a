"""One question with a time limit, whose failure is an answer too."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import httpx

from polyarb.cli.doctor.facts import Unread
from polyarb.core.errors import BadInput, VenueError
from polyarb.venues.polymarket.answers import read_json
from polyarb.venues.polymarket.transport import exchange

T = TypeVar("T")

LIMIT_S: Final = 15.0
"""For one question, with all the requests that it takes."""


async def answered(question: Coroutine[Any, Any, T], limit_s: float = LIMIT_S) -> T | Unread:
    """Return what was answered, or why nothing was."""
    try:
        async with asyncio.timeout(limit_s):
            return await question
    except (VenueError, BadInput) as error:
        return Unread(str(error))
    except TimeoutError:
        return Unread(f"no answer within {limit_s:g} s")


async def get(
    http: httpx.AsyncClient,
    path: str,
    kind: type[T],
    *,
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
) -> T:
    """Return the decoded answer to a GET. Raises VenueError."""
    answer = await exchange(http, "GET", path, headers=headers, params=params, deadline_s=LIMIT_S)
    return read_json(answer, path, kind)

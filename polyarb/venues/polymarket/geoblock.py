"""Where we are, as the venue sees it, and whether it takes orders from there."""

from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

from polyarb.venues.polymarket.answers import printable, read_json
from polyarb.venues.polymarket.transport import exchange

_DEADLINE_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the venue's geoblock endpoint says of our address.

    country, region: as the venue writes them ("US", "NY"); "" where it gives none.
    """

    blocked: bool
    country: str = ""
    region: str = ""

    def __str__(self) -> str:
        return "-".join(part for part in (self.country, self.region) if part) or "nowhere named"


async def read_place(http: httpx.AsyncClient, url: str) -> Place:
    """Return what the endpoint at `url` says. Raises VenueError.

    Source: https://docs.polymarket.com/api-reference/geoblock (read 2026-08-22).
    """
    answer = await exchange(http, "GET", url, deadline_s=_DEADLINE_S)
    said = read_json(answer, "geoblock", _Said)
    return Place(
        blocked=said.blocked,
        country=printable(said.country or ""),
        region=printable(said.region or ""),
    )


def live_refusal(place: Place) -> str:
    """Return why live trading must not start from this place, "" where it may."""
    if not place.blocked:
        return ""
    return (
        f"the venue does not take orders from where this runs ({place}); "
        "live trading does not start here"
    )


class _Said(msgspec.Struct):
    blocked: bool
    country: str | None = None
    region: str | None = None

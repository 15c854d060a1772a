"""The simulated venue's own books, and its end: what the end of a run asks it."""

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueBooks:
    """One wallet as the venue keeps it, in micros. profit: None while it holds any token."""

    deposited: int
    collateral: int
    profit: int | None


class SimulatedVenue:
    """Asks a running simulated venue. Raises httpx.HTTPError when it does not answer."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=5.0, trust_env=False)

    async def is_up(self) -> bool:
        """Return whether it answers."""
        try:
            return (await self._http.get("/sim/status")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def status(self) -> dict[str, Any]:
        """Return its seed, its flow's hash and its counts."""
        response = await self._http.get("/sim/status")
        return dict(response.raise_for_status().json())

    async def books(self, wallet: str) -> VenueBooks | None:
        """Return a wallet's books, None when it was never used."""
        response = await self._http.get("/sim/statement", params={"address": wallet})
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        found = response.raise_for_status().json()
        return VenueBooks(
            deposited=found["deposited"],
            collateral=found["collateral"] + found["pending_collateral"],
            profit=found["profit"],
        )

    async def resolve_all(self) -> None:
        """Resolve every event, so that whatever is held can be redeemed."""
        (await self._http.post("/sim/resolve-all")).raise_for_status()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

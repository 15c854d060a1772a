"""Where the venue is: every base address of one deployment of it."""

from dataclasses import dataclass, replace
from typing import Final, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueUrls:
    """Base addresses without a trailing slash.

    clob must be a bare host: requests are authenticated over their path, so a prefix breaks them.
    rpc: a JSON-RPC node of the chain. market_ws, user_ws: whole WebSocket addresses.
    geoblock: the whole address that says whether orders are taken from where we are.
    """

    clob: str
    gamma: str
    relayer: str
    rpc: str
    market_ws: str
    user_ws: str
    geoblock: str

    @classmethod
    def local(cls, port: int) -> Self:
        """Return the addresses of a venue that serves everything on one loopback port."""
        return cls.at("127.0.0.1", port)

    @classmethod
    def at(cls, host: str, port: int) -> Self:
        """Return the addresses of a venue that serves everything on one port of `host`."""
        http, socket = f"http://{host}:{port}", f"ws://{host}:{port}"
        return cls(
            clob=http,
            gamma=f"{http}/gamma",
            relayer=f"{http}/relayer",
            rpc=f"{http}/rpc",
            market_ws=f"{socket}/ws/market",
            user_ws=f"{socket}/ws/user",
            geoblock=f"{http}/api/geoblock",
        )


PRODUCTION: Final = VenueUrls(
    clob="https://clob.polymarket.com",
    gamma="https://gamma-api.polymarket.com",
    relayer="https://relayer-v2.polymarket.com",
    rpc="https://polygon.drpc.org",
    market_ws="wss://ws-subscriptions-clob.polymarket.com/ws/market",
    user_ws="wss://ws-subscriptions-clob.polymarket.com/ws/user",
    geoblock="https://polymarket.com/api/geoblock",
)
"""The venue itself. Source: the official clients' environments (read 2026-10)."""


def chosen(*, venue: str, simulator_host: str, simulator_port: int, rpc_url: str) -> VenueUrls:
    """Return the addresses of "simulated" or "polymarket".

    rpc_url: a node of the chain for "polymarket"; "" asks none, and nothing counts as exhaustive.
    """
    if venue == "simulated":
        return VenueUrls.at(simulator_host, simulator_port)
    return replace(PRODUCTION, rpc=rpc_url)

"""Where the venue is: every base address of one deployment of it."""

from dataclasses import dataclass
from typing import Final, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueUrls:
    """Base addresses without a trailing slash.

    clob must be a bare host: requests are authenticated over their path, so a prefix breaks them.
    rpc: a JSON-RPC node of the chain. market_ws, user_ws: whole WebSocket addresses.
    """

    clob: str
    gamma: str
    relayer: str
    rpc: str
    market_ws: str
    user_ws: str

    @classmethod
    def local(cls, port: int) -> Self:
        """Return the addresses of a venue that serves everything on one loopback port."""
        http, socket = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        return cls(
            clob=http,
            gamma=f"{http}/gamma",
            relayer=f"{http}/relayer",
            rpc=f"{http}/rpc",
            market_ws=f"{socket}/ws/market",
            user_ws=f"{socket}/ws/user",
        )


PRODUCTION: Final = VenueUrls(
    clob="https://clob.polymarket.com",
    gamma="https://gamma-api.polymarket.com",
    relayer="https://relayer-v2.polymarket.com",
    rpc="https://polygon.drpc.org",
    market_ws="wss://ws-subscriptions-clob.polymarket.com/ws/market",
    user_ws="wss://ws-subscriptions-clob.polymarket.com/ws/user",
)
"""The venue itself. Source: the official clients' environments (read 2026-10)."""

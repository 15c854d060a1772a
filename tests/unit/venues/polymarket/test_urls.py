"""The addresses of the venue."""

from dataclasses import astuple

from polyarb.venues.polymarket.urls import PRODUCTION, VenueUrls


def test_local_keeps_the_clob_at_the_root() -> None:
    """Requests are authenticated over the path, so the local CLOB has no prefix."""
    urls = VenueUrls.local(8080)

    assert urls.clob == "http://127.0.0.1:8080"
    assert urls.user_ws == "ws://127.0.0.1:8080/ws/user"


def test_production_uses_encrypted_connections_only() -> None:
    """Nothing goes to the real venue in clear text."""
    assert all(url.startswith(("https://", "wss://")) for url in astuple(PRODUCTION))

"""Events whose markets differ in their titles alone."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from polyarb.core.market import Event, Market
from unit.services.scanner.quotes import make_event, make_market


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def listed(*titles: str, end: str | None = "2026-12-31", **changes: Any) -> Event:
    """Return an event of markets with these titles, which are not exclusive."""
    markets = tuple(titled(title) for title in titles)
    given = {
        "event_id": hashed("".join(titles))[:8],
        "neg_risk": False,
        "neg_risk_market_id": "",
        "end_time_ns": ns(end) if end else None,
    }
    return make_event(*markets, **{**given, **changes})


def titled(title: str, **changes: Any) -> Market:
    slug = "-".join("".join(c if c.isalnum() else " " for c in title.casefold()).split())
    given = {
        "condition_id": f"0x{hashed(title)}",
        "title": title,
        "slug": slug,
        "rules_sha256": hashed(f"Rules of {title}"),
        "neg_risk": False,
    }
    return make_market(0, **{**given, **changes})

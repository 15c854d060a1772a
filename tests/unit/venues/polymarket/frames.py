"""Messages of the market WebSocket in the shapes that the venue sends, with ids of our own."""

from typing import Any

YES, NO = "11" * 38, "22" * 38
MARKET = "0x" + "ab" * 32
NOW = 1_790_000_000_000_000_000


def book(**changes: Any) -> dict[str, Any]:
    return {
        "market": MARKET,
        "asset_id": YES,
        "timestamp": "1786728432337",
        "hash": "924e",
        "bids": [{"price": "0.001", "size": "2200.8"}, {"price": "0.004", "size": "100"}],
        "asks": [{"price": "0.999", "size": "50"}, {"price": "0.009", "size": "25"}],
        "tick_size": "0.001",
        "last_trade_price": "0.004",
        "event_type": "book",
        **changes,
    }


def change(**changes: Any) -> dict[str, Any]:
    return {
        "asset_id": YES,
        "price": "0.06",
        "size": "374.34",
        "side": "BUY",
        "hash": "f328",
        "best_bid": "0.07",
        "best_ask": "0.08",
        **changes,
    }


def price_change(*changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "market": MARKET,
        "price_changes": list(changes),
        "timestamp": "1786728438403",
        "event_type": "price_change",
    }


def mirrored() -> dict[str, Any]:
    twin = change(asset_id=NO, price="0.94", side="SELL", best_bid="0.92", best_ask="0.93")
    return price_change(change(), twin)


def trade() -> dict[str, Any]:
    return {
        "market": MARKET,
        "asset_id": YES,
        "price": "0.585",
        "size": "2.46",
        "fee_rate_bps": "0",
        "side": "SELL",
        "timestamp": "1786728467101",
        "event_type": "last_trade_price",
        "transaction_hash": "0x6c",
    }


def best() -> dict[str, Any]:
    return {
        "market": MARKET,
        "asset_id": YES,
        "best_bid": "0.585",
        "best_ask": "0.587",
        "spread": "0.002",
        "timestamp": "1786728467006",
        "event_type": "best_bid_ask",
    }


def tick() -> dict[str, Any]:
    return {
        "event_type": "tick_size_change",
        "asset_id": YES,
        "market": MARKET,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": "1757908892351",
    }


def resolved() -> dict[str, Any]:
    return {
        "event_type": "market_resolved",
        "id": "1031769",
        "market": MARKET,
        "assets_ids": [YES, NO],
        "winning_asset_id": YES,
        "winning_outcome": "Yes",
        "timestamp": "1766790415550",
        "tags": ["stocks"],
    }


def added() -> dict[str, Any]:
    return {
        "event_type": "new_market",
        "id": "1031769",
        "question": "Will it?",
        "market": MARKET,
        "assets_ids": [YES, NO],
        "outcomes": ["Yes", "No"],
        "game_start_time": "2026-08-23 19:00:00+00",
        "order_price_min_tick_size": "0.01",
        "event_message": {"id": "125819", "slug": "it"},
    }


EVERY = [book(), mirrored(), trade(), best(), tick(), resolved(), added()]

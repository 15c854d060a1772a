"""Reads order books recorded in Parquet, in the layout of the `resolvedkit` package.

markets.parquet: market_id, slug, question, end_ts, outcome_up, outcome_down. books.parquet:
market_id, ts, side ("UP" or "DOWN"), bid_px, bid_sz, ask_px, ask_sz; times in Unix milliseconds.
Each row becomes the venue's own `book` message and is parsed as one, each market a Gamma object.
The layout holds no fees, tick sizes or smallest orders: fees are the highest known, the tick is the
coarsest that fits every recorded price, and the smallest order is 5 tokens, as the venue has it.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from polyarb.core.errors import BadInput
from polyarb.core.market import TICK_SIZES, Event
from polyarb.core.money import format_decimal, parse_micros
from polyarb.venues.base import BadFrame, FeedUpdate, Skipped
from polyarb.venues.polymarket import parse
from polyarb.venues.polymarket.gamma import assemble
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.polymarket.parse_gamma import parse_event
from polyarb.venues.polymarket.tokens import outcome_tokens

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

ROWS_MAX: Final = 5_000_000
_BATCH: Final = 4_096
_MS: Final = 1_000_000
_DECIMALS: Final = 6
_ULPS: Final = 4
_PRICES: Final = ("bid_px", "ask_px")
_BOOKS: Final = ("market_id", "ts", "side", "bid_px", "bid_sz", "ask_px", "ask_sz")
_MARKETS: Final = ("market_id", "slug", "question", "end_ts", "outcome_up", "outcome_down")
_SIDES: Final = {"UP": 0, "DOWN": 1}
_MIN_ORDER_SIZE: Final = 5
_NO_QUESTION_ID: Final = "0x" + "00" * 32


class ParquetFolder:
    """A recording in memory: `books` and `markets` are pyarrow tables of the layout above."""

    def __init__(self, *, books: "pa.Table", markets: "pa.Table") -> None:
        if books.num_rows > ROWS_MAX:
            raise BadInput("books.parquet", f"more than {ROWS_MAX} rows")
        # Books of several markets interleave in time, whatever their order in the file.
        order = np.argsort(books["ts"].to_numpy(), kind="stable")
        self._books = books.take(order)
        self._markets: list[dict[str, Any]] = markets.to_pylist()
        recorded = self._books["market_id"].unique().to_pylist()
        self._ticks = {market: self._tick(market) for market in recorded}
        self._tokens = {market: _tokens(market) for market in recorded}

    @classmethod
    def open(cls, folder: Path) -> "ParquetFolder":
        """Return the recording in `folder`. Raises BadInput."""
        return cls(
            books=_table(folder / "books.parquet", _BOOKS),
            markets=_table(folder / "markets.parquet", _MARKETS),
        )

    def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return one event for each recorded market, and what could not be used."""
        first_ms = self._books["ts"][0].as_py() if self._books.num_rows else 0
        described = {row["market_id"] for row in self._markets}
        events, skipped = assemble(
            parse_event(self._gamma_event(row), read_time_ns=first_ms * _MS)
            for row in self._markets
        )
        unknown = tuple(
            Skipped(name=market, reason="has books but is not in markets.parquet")
            for market in self._ticks
            if market not in described
        )
        return events, skipped + unknown

    def updates(self) -> Iterator[FeedUpdate]:
        """Yield a snapshot for every row, by time; the two books of one moment stay together."""
        for batch in self._books.to_batches(max_chunksize=_BATCH):
            for row in batch.to_pylist():
                yield from self._row(row)

    def _row(self, row: dict[str, Any]) -> list[FeedUpdate]:
        time_ns = row["ts"] * _MS
        try:
            return parse_frame(self._message(row), receive_time_ns=time_ns)
        except BadInput as error:
            reason = f"market {row['market_id']} at {row['ts']}: {error}"
            return [BadFrame(token_ids=(), reason=reason, receive_time_ns=time_ns)]

    def _message(self, row: dict[str, Any]) -> bytes:
        """Return the row as the venue's `book` message. Raises BadInput."""
        tokens = self._tokens[row["market_id"]]
        if tokens is None:
            raise BadInput("market_id", "is not a condition id")
        if row["side"] not in _SIDES:
            raise BadInput("side", f"expected UP or DOWN, not {row['side']!r}")
        return msgspec.json.encode(
            {
                "event_type": "book",
                "asset_id": tokens[_SIDES[row["side"]]],
                "timestamp": str(row["ts"]),
                "tick_size": self._ticks[row["market_id"]],
                "bids": _levels(row, "bid"),
                "asks": _levels(row, "ask"),
            }
        )

    def _gamma_event(self, row: dict[str, Any]) -> bytes:
        end = datetime.fromtimestamp(row["end_ts"] / 1_000, UTC)
        market = {
            "conditionId": row["market_id"],
            "questionID": _NO_QUESTION_ID,
            "slug": row["slug"],
            "question": row["question"],
            "active": True,
            "closed": False,
            "enableOrderBook": True,
            "acceptingOrders": True,
            "negRisk": False,
            "outcomes": [row["outcome_up"], row["outcome_down"]],
            "clobTokenIds": self._tokens.get(row["market_id"]) or _tokens(row["market_id"]),
            "orderPriceMinTickSize": self._ticks.get(row["market_id"], "0.01"),
            "orderMinSize": _MIN_ORDER_SIZE,
        }
        return msgspec.json.encode(
            {
                "id": row["market_id"],
                "slug": row["slug"],
                "title": row["question"],
                "active": True,
                "closed": False,
                "endDate": end.isoformat(),
                "markets": [market],
            }
        )

    def _tick(self, market: str) -> str:
        """Return the coarsest tick on which every price of a market lies, else the finest."""
        from pyarrow import compute  # noqa: PLC0415 - an optional dependency

        rows = self._books.filter(compute.equal(self._books["market_id"], market))
        values = np.concatenate(
            [
                rows[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
                for name in _PRICES
            ]
        )
        prices = [_micros(value) for value in np.unique(values).tolist()]
        fitting = (tick for tick in TICK_SIZES if all(price % tick == 0 for price in prices))
        return format_decimal(next(fitting, TICK_SIZES[-1]))


def _table(path: Path, columns: tuple[str, ...]) -> "pa.Table":
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional dependency
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise BadInput(
            path.name, "reading Parquet needs pyarrow: install polyarb[replay]"
        ) from None
    try:
        return parquet.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise BadInput(path.name, f"cannot be read: {error}") from None


def _tokens(market_id: str) -> tuple[str, str] | None:
    try:
        condition = parse.condition_id(market_id, "market_id")
    except BadInput:
        return None
    return outcome_tokens(condition, neg_risk=False)


def _levels(row: dict[str, Any], side: str) -> list[dict[str, str]]:
    prices, sizes = row[f"{side}_px"], row[f"{side}_sz"]
    if prices is None or sizes is None or len(prices) != len(sizes):
        raise BadInput(f"{side}_px", "expected as many prices as sizes")
    return [
        {"price": micro_text(price), "size": micro_text(size)}
        for price, size in zip(prices, sizes, strict=True)
    ]


def micro_text(value: float) -> str:
    """Return the shortest decimal that reads back as `value`, without an exponent if it can be.

    Recorders add up sizes as doubles: 1.9300000000000002 is 1.93. A value within a few units in its
    last place of a whole micro is that micro; any other keeps its digits and is refused later.
    """
    text = repr(value)
    if "e" not in text and len(text) - text.find(".") <= _DECIMALS + 1:
        return text
    micro = f"{value:.{_DECIMALS}f}"
    if math.isfinite(value) and abs(float(micro) - value) <= _ULPS * math.ulp(value):
        return micro
    return text


def _micros(value: float) -> int:
    """Return exact micros; 0, which fits every tick, where parsing will refuse the value anyway."""
    try:
        return parse_micros(micro_text(value))
    except ValueError:
        return 0

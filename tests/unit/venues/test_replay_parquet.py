"""Recordings in Parquet: the bundled sample whole, and what can be wrong with such files."""

import importlib.util
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from polyarb.core.book import OrderBook
from polyarb.core.errors import BadInput
from polyarb.core.market import Event
from polyarb.venues.base import BadFrame, BookSnapshot, FeedUpdate, LinkChange
from polyarb.venues.replay import ReplayData
from polyarb.venues.replay_parquet import ParquetFolder, micro_text

MARKET = "0x" + "5d" * 32


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the sample's folder inside its package, whose code is not run."""
    found = importlib.util.find_spec("resolvedkit")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "sample_data"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "market_id": MARKET,
        "ts": 1_790_585_112_649,
        "side": "UP",
        "bid_px": [0.49, 0.48],
        "bid_sz": [514.99, 445.0],
        "ask_px": [0.5, 0.51],
        "ask_sz": [205.0, 75.0],
        **changes,
    }


def described(**changes: Any) -> dict[str, Any]:
    return {
        "market_id": MARKET,
        "slug": "up-or-down",
        "question": "Up or down?",
        "end_ts": 1_790_586_900_000,
        "outcome_up": "Up",
        "outcome_down": "Down",
        **changes,
    }


def written(
    folder: Path, rows: list[dict[str, Any]], markets: Sequence[dict[str, Any]] = ()
) -> ReplayData:
    parquet.write_table(pa.Table.from_pylist(rows), folder / "books.parquet")
    markets = [described(), *markets]
    parquet.write_table(pa.Table.from_pylist(markets), folder / "markets.parquet")
    return ReplayData.open(folder)


def groups(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(m.yes_token, m.no_token) for e in events for m in e.markets]


async def everything(replay: ReplayData) -> list[FeedUpdate]:
    """Return every update but the opening CONNECTED."""
    events, _ = await replay.events()
    first, *rest = [update async for update in replay.subscribe(groups(events))]
    assert isinstance(first, LinkChange)
    return rest


def as_book(snapshot: BookSnapshot) -> OrderBook:
    return OrderBook(
        bids=tuple(sorted(snapshot.bids, reverse=True)), asks=tuple(sorted(snapshot.asks))
    )


@pytest.fixture(scope="session")
def recorded(sample: Path) -> tuple[dict[str, str], list[FeedUpdate]]:
    """Return the sample's NO token of each YES token, and all its updates."""
    folder = ParquetFolder.open(sample)
    events, skipped = folder.events()
    assert skipped == ()
    return dict(groups(events)), list(folder.updates())


def test_every_row_of_the_sample_parses(
    recorded: tuple[dict[str, str], list[FeedUpdate]],
) -> None:
    """38,333 snapshots of 18 markets."""
    no_of, updates = recorded

    assert len(no_of) == 18
    assert Counter(type(u) for u in updates) == {BookSnapshot: 38_333}


def test_the_sample_s_crossed_books_can_be_seen(
    recorded: tuple[dict[str, str], list[FeedUpdate]],
) -> None:
    """Each pair whose asks add to 1 or less is a crossed book, in either token's view."""
    no_of, updates = recorded
    books = [(u, as_book(u)) for u in updates if isinstance(u, BookSnapshot)]

    assert ask_sums(books, no_of) == (18_782, 6, 5)
    assert sum(book.crossed for _, book in books) == 2 * (6 + 5)


def test_the_sample_is_replayed_in_the_order_of_time(
    recorded: tuple[dict[str, str], list[FeedUpdate]],
) -> None:
    """Its markets overlap; a reader's clock never runs backwards."""
    times = [u.receive_time_ns for u in recorded[1]]

    assert times == sorted(times)


def ask_sums(
    books: Sequence[tuple[BookSnapshot, OrderBook]], no_of: dict[str, str]
) -> tuple[int, int, int]:
    """Return the pairs of one instant, those whose asks add to less than 1, those that lock."""
    asks = {(s.token_id, s.venue_time_ms): book.best_ask for s, book in books}
    both = [
        (ask, asks[(no_of[token], at)])
        for (token, at), ask in asks.items()
        if token in no_of and (no_of[token], at) in asks
    ]
    sums = [yes + no for yes, no in both if yes is not None and no is not None]
    return len(both), sum(s < 10**6 for s in sums), sum(s == 10**6 for s in sums)


async def test_the_path_of_the_books_means_their_folder(tmp_path: Path) -> None:
    """Either is what people type."""
    written(tmp_path, [row()])

    updates = await everything(ReplayData.open(tmp_path / "books.parquet"))

    assert len(updates) == 1


async def test_doubles_become_exact_micros(tmp_path: Path) -> None:
    """Prices and sizes are the shortest decimals of what was stored."""
    (update,) = await everything(written(tmp_path, [row(bid_sz=[1.9300000000000002, 0.1])]))

    assert isinstance(update, BookSnapshot)
    assert [tuple(level) for level in update.bids] == [(490_000, 1_930_000), (480_000, 100_000)]
    assert update.venue_time_ms == 1_790_585_112_649
    assert update.tick_size == 10_000


async def test_up_is_yes_and_down_is_no(tmp_path: Path) -> None:
    """The two books of a moment arrive as the two tokens' own snapshots."""
    replay = written(tmp_path, [row(side="DOWN"), row(side="UP")])
    (event,), _ = await replay.events()

    updates = await everything(replay)

    market = event.markets[0]
    assert [u.token_id for u in updates if isinstance(u, BookSnapshot)] == [
        market.no_token,
        market.yes_token,
    ]
    assert market.fee.assumed


@pytest.mark.parametrize(
    "bad",
    [
        {"side": "LEFT"},
        {"bid_px": [1.49, 0.48]},
        {"bid_px": [float("nan"), 0.48]},
        {"bid_px": [0.1234567, 0.48]},
        {"bid_px": [0.48]},
        {"bid_px": None},
        {"ask_sz": [-1.0, 2.0]},
        {"ask_sz": [1e300, 2.0]},
        {"ask_sz": [1e-9, 2.0]},
        {"ask_sz": [float("inf"), 2.0]},
    ],
    ids=str,
)
async def test_a_bad_row_is_reported_and_the_others_replayed(
    tmp_path: Path, bad: dict[str, Any]
) -> None:
    """No row is guessed at, none is dropped in silence."""
    updates = await everything(written(tmp_path, [row(), row(**bad), row()]))

    assert [type(u) for u in updates] == [BookSnapshot, BadFrame, BookSnapshot]


@pytest.mark.parametrize(
    ("market", "reason"),
    [("0x" + "77" * 32, "has books but is not in"), ("masked", "has books but is not in")],
)
async def test_books_without_a_market_are_told(tmp_path: Path, market: str, reason: str) -> None:
    """Unknown markets are listed as skipped, with the reason."""
    replay = written(tmp_path, [row(), row(market_id=market)])

    _, skipped = await replay.events()

    assert [s.name for s in skipped] == [market]
    assert skipped[0].reason.startswith(reason)


async def test_a_market_with_a_masked_id_is_skipped(tmp_path: Path) -> None:
    """Without a condition id there are no tokens."""
    events, skipped = await written(tmp_path, [row()], [described(market_id="masked")]).events()

    assert len(events) == 1
    assert skipped[0].reason.startswith("conditionId: ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (205.0, "205.0"),
        (1e-05, "0.000010"),
        (1e16, "10000000000000000.000000"),
        (1e-09, "1e-09"),
        (1.9300000000000002, "1.930000"),
        (5.5600000000000005, "5.560000"),
        (0.1234567, "0.1234567"),
    ],
)
def test_a_double_is_written_without_an_exponent(value: float, text: str) -> None:
    """Float noise of a few units in the last place is taken off; real digits stay."""
    assert micro_text(value) == text


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really PAR1"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """The file is named."""
    (tmp_path / "books.parquet").write_bytes(content)

    with pytest.raises(BadInput, match=r"books\.parquet: cannot be read"):
        ReplayData.open(tmp_path)


def test_a_folder_without_markets_is_refused(tmp_path: Path) -> None:
    """Books alone do not say what they are of."""
    parquet.write_table(pa.Table.from_pylist([row()]), tmp_path / "books.parquet")

    with pytest.raises(BadInput, match=r"markets\.parquet: cannot be read"):
        ReplayData.open(tmp_path)


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    """Another layout is another format."""
    thin = {k: v for k, v in row().items() if k != "side"}
    parquet.write_table(pa.Table.from_pylist([thin]), tmp_path / "books.parquet")

    with pytest.raises(BadInput, match=r"books\.parquet"):
        ReplayData.open(tmp_path)


def test_without_pyarrow_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet is an optional extra."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(BadInput, match=r"install polyarb\[replay\]"):
        ReplayData.open(tmp_path)

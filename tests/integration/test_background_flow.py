"""The background order flow on the real exchange: what its plan promises holds in the books."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, takewhile

import pytest

from polyarb.core.fees import fee_per_token_atto
from polyarb.core.money import MICROS, Collateral, Price
from polyarb.core.order import TimeInForce
from polyarb.venues.simulated.commands import (
    CARELESS,
    TAKER,
    TRADERS,
    Cancel,
    Command,
    ListEvent,
    Place,
    Resolve,
    new_order,
    order_id,
)
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.flow import background
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.records import AccountKind, ExchangeRules, Refusal
from polyarb.venues.simulated.world import ListedEvent, Listing, build_world, rolling_event

SPAN_MS = 120_000
SEEDS = (7, 8)
WORLD = build_world(1_763_769_600_000_000_000)
EVENT_OF = {q.market.condition_id: e for e in WORLD.events for q in e.questions}
_QUESTIONS = {q.slug: q for q in WORLD.listings()}
IMPLICATIONS = [
    *(p for e in WORLD.events if e.kind is Kind.NESTED for p in combinations(e.narrowest_first, 2)),
    *((_QUESTIONS[q.implied_by], q) for q in WORLD.listings() if q.implied_by),
]


@dataclass
class Run:
    """What a run of the background on an exchange showed."""

    exchange: Exchange
    answers: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    careless_cancels: Counter[bool] = field(default_factory=Counter)
    worth_alone: list[str] = field(default_factory=list)
    worth_mispriced: set[str] = field(default_factory=set)
    crossed: set[tuple[str, str]] = field(default_factory=set)
    trap_asks: list[int] = field(default_factory=list)
    careless_in: dict[int, str] = field(default_factory=dict)


@cache
def _run(seed: int) -> Run:
    exchange = Exchange(ExchangeRules(seed=seed))
    for trader in TRADERS:
        exchange.open_account(trader, deposit=Collateral(0), kind=AccountKind.BOTTOMLESS)
    run = Run(exchange)
    for event in WORLD.events:
        _list(run, event, now_ms=0)
    for batch in _instants(seed):
        exchange.advance(batch[0].at_ms)
        touched = {slug for command in batch for slug in _do(run, command)}
        exchange.drain()
        _look(run, touched, batch[0].at_ms)
        _look_at_implications(run, touched, batch[0].at_ms)
    return run


def _instants(seed: int) -> Iterator[list[Command]]:
    batch: list[Command] = []
    for command in takewhile(lambda c: c.at_ms <= SPAN_MS, background(seed, WORLD)):
        if batch and command.at_ms != batch[0].at_ms:
            yield batch
            batch = []
        batch.append(command)
    yield batch


def _list(run: Run, event: ListedEvent, *, now_ms: int) -> None:
    for market in event.sim_markets():
        run.exchange.add_market(market, now_ms=now_ms)


def _do(run: Run, command: Command) -> set[str]:
    """Carry out one command; return the listed events whose books it may have changed."""
    exchange, now_ms = run.exchange, command.at_ms
    match command:
        case Place():
            return _place(run, command)
        case Cancel():
            done = exchange.cancel(command.trader, order_id(command.ref), now_ms=now_ms)
            if command.trader == CARELESS:
                run.careless_cancels[done] += 1
                run.careless_in.pop(command.ref, None)
        case ListEvent():
            _list(run, rolling_event(command.serial, now_ns=0, end_ns=1), now_ms=now_ms)
        case Resolve():
            exchange.resolve(command.condition_id, yes_payout=command.yes_payout, now_ms=now_ms)
    return set()


def _place(run: Run, command: Place) -> set[str]:
    answer = run.exchange.place(new_order(command), now_ms=command.at_ms)
    refusal = answer.refusal.value if answer.refusal else ""
    run.answers[command.trader, command.time_in_force.value, answer.status.value or refusal] += 1
    market = run.exchange.market_of_token(command.token_id)
    event = EVENT_OF.get(market.condition_id) if market else None
    if event and command.trader == CARELESS:
        run.careless_in[command.ref] = event.event.slug
    return {event.event.slug} if event else set()


def _look(run: Run, touched: set[str], at_ms: int) -> None:
    """Note what each touched group is worth in the books as they stand."""
    for event in WORLD.events:
        if event.event.neg_risk and event.event.slug in touched:
            slug = event.event.slug
            if _worth(run.exchange, event) > 0:
                if slug in run.careless_in.values():
                    run.worth_mispriced.add(slug)
                else:
                    run.worth_alone.append(f"{at_ms} {slug}")
        if event.kind is Kind.TRUNCATED:
            books = [run.exchange.book(q.market.condition_id) for q in event.quoted]
            run.trap_asks.append(sum(b.best_ask or 0 for b in books))


def _look_at_implications(run: Run, touched: set[str], at_ms: int) -> None:
    """Note which market's bid is worth more than the ask of one that it implies."""
    careless = set(run.careless_in.values())
    for narrow, wide in IMPLICATIONS:
        events = {EVENT_OF[q.market.condition_id].event.slug for q in (narrow, wide)}
        if events & touched and _crossing(run.exchange, narrow, wide) > 0:
            if events & careless:
                run.crossed.add((narrow.slug, wide.slug))
            else:
                run.worth_alone.append(f"{at_ms} {narrow.slug} {wide.slug}")


def _crossing(exchange: Exchange, narrow: Listing, wide: Listing) -> float:
    """Return what NO of the narrow and YES of the wide market leave after fees."""
    bid = exchange.book(narrow.market.condition_id).best_bid or Price(0)
    ask = exchange.book(wide.market.condition_id).best_ask or Price(MICROS)
    legs = ((narrow.market, bid), (wide.market, ask))
    return bid - ask - sum(fee_per_token_atto(m.fee, price) for m, price in legs) / 10**12


def _worth(exchange: Exchange, event: ListedEvent) -> float:
    """Return what the best NO set, or a full YES set where one must win, leaves after fees."""
    no_set, yes_set = -float(MICROS), float(MICROS)
    for q in event.quoted:
        book, fee = exchange.book(q.market.condition_id), q.market.fee
        bid, ask = book.best_bid or Price(0), book.best_ask or Price(MICROS)
        no_set += max(0.0, bid - fee_per_token_atto(fee, bid) / 10**12)
        yes_set -= ask + fee_per_token_atto(fee, ask) / 10**12
    return max(no_set, yes_set) if event.kind is Kind.DECIDED else no_set


@pytest.mark.parametrize("seed", SEEDS)
def test_every_background_order_is_accepted(seed: int) -> None:
    """Only takers that find nothing to take are turned away; no resting order trades at once."""
    answers = _run(seed).answers

    refused = {kind for kind in answers if kind[2] not in {"live", "matched"}}
    assert refused <= {(TAKER, "FAK", Refusal.KILLED.value)}
    resting = {kind[2] for kind in answers if kind[1] == TimeInForce.GTC.value}
    assert resting == {"live"}
    assert answers[TAKER, "FAK", "matched"] > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mispricing_stands_until_it_is_taken_back(seed: int) -> None:
    """No background trader eats what the careless one offers."""
    cancels = _run(seed).careless_cancels

    assert cancels[True] > 50
    assert cancels[False] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_only_mispriced_events_are_worth_trading(seed: int) -> None:
    """With takers at work too, makers alone never leave an arbitrage in the books."""
    run = _run(seed)

    assert run.worth_alone == []
    assert len(run.worth_mispriced) >= 4
    assert len(run.crossed) >= 4


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truncated_event_stays_a_trap(seed: int) -> None:
    """The YES asks that are listed sum below 0.93 at every instant."""
    assert max(_run(seed).trap_asks) < 930_000


@pytest.mark.parametrize("seed", SEEDS)
def test_the_exchange_balances_after_the_flow(seed: int) -> None:
    """No collateral and no token appeared or vanished."""
    exchange = _run(seed).exchange

    exchange.audit()

    assert sum(exchange.statement(t).fees_paid for t in TRADERS) > 0

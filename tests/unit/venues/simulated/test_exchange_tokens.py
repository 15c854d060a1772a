import pytest

from polyarb.core.money import MICROS, Price, Size
from polyarb.venues.simulated.records import (
    ActionReverted,
    CancelReason,
    MarketListed,
    MarketResolved,
    OrderChanged,
    Refusal,
)
from unit.venues.simulated.desk import BINARY, GROUP, NO, YES, Desk, condition, question

TEN = Size(10_000_000)


def _convert(desk: Desk, index_set: int, amount: Size = TEN) -> None:
    desk.exchange.convert(
        "ann", neg_risk_market_id=GROUP, index_set=index_set, amount=amount, now_ms=desk.now_ms
    )


def _give_sets(desk: Desk, *indices: int) -> int:
    """Split 10 sets of each question for ann and for bob; returns ann's cash afterwards."""
    for index in indices:
        desk.give("ann", "10", condition(index))
        desk.exchange.split("bob", condition_id=condition(index), amount=TEN, now_ms=desk.now_ms)
    return desk.cash("ann")


def test_split_then_merge_changes_nothing() -> None:
    """One collateral is one YES and one NO, both ways."""
    desk = Desk()
    desk.give("ann", "10")
    split = desk.tokens("ann")

    desk.exchange.merge("ann", condition_id=BINARY, amount=TEN, now_ms=desk.now_ms)

    assert split == {YES: 10_000_000, NO: 10_000_000}
    assert (desk.tokens("ann"), desk.cash("ann")) == ({}, 0)


@pytest.mark.parametrize("amount", ["1000.000001", "5000"])
def test_split_beyond_the_balance_reverts(amount: str) -> None:
    """Nothing changes."""
    desk = Desk()

    with pytest.raises(ActionReverted):
        desk.give("ann", amount)

    assert (desk.tokens("ann"), desk.cash("ann")) == ({}, 0)


@pytest.mark.parametrize(
    ("index_set", "cash", "yes"),
    [
        (0b0001, 0, {"y1", "y2", "y3"}),
        (0b0101, 1, {"y1", "y3"}),
        (0b0111, 2, {"y3"}),
        (0b1111, 3, set()),
    ],
)
def test_conversion_pays_m_minus_one_and_yes_of_the_others(
    index_set: int, cash: int, yes: set[str]
) -> None:
    """NO of m questions become YES of all others, placeholders too, and m - 1 collateral."""
    desk = Desk()
    chosen = [i for i in range(4) if index_set >> i & 1]
    before = _give_sets(desk, *chosen)

    _convert(desk, index_set)

    own = {f"y{i}" for i in chosen}
    assert desk.cash("ann") - before == cash * TEN
    assert desk.tokens("ann") == dict.fromkeys(own | yes, TEN)
    desk.exchange.audit()


def test_full_yes_set_costs_exactly_one() -> None:
    """Split one question and convert its NO: YES of every question for 1.00 a set."""
    desk = Desk()
    desk.give("ann", "10", condition(2))

    _convert(desk, 0b0100)

    assert desk.tokens("ann") == {f"y{i}": TEN for i in range(4)}
    assert desk.cash("ann") == -TEN


def test_conversion_keeps_the_fee_of_tokens_and_collateral() -> None:
    """2 % of 10.000001 sets, rounded down, stays with the venue."""
    desk = Desk(fee_bips=200)
    desk.give("ann", "10.000001", condition(0))
    desk.give("ann", "10.000001", condition(1))
    before = desk.cash("ann")

    _convert(desk, 0b0011, Size(10_000_001))

    assert desk.cash("ann") - before == 10_000_001 - 200_000
    assert desk.tokens("ann")["y3"] == 10_000_001 - 200_000
    assert desk.exchange.treasury().collateral == 200_000
    assert desk.exchange.treasury().tokens == {"y2": 200_000, "y3": 200_000}
    desk.exchange.audit()


@pytest.mark.parametrize(
    ("index_set", "reason"),
    [
        (0, "invalid index set"),
        (0b10000, "invalid index set"),
        (0b0011, "token balance is too low"),
    ],
)
def test_conversion_that_the_chain_refuses_changes_nothing(index_set: int, reason: str) -> None:
    """An empty set, a bit beyond the last question, tokens that are not there."""
    desk = Desk()
    desk.give("ann", "10", condition(0))
    before = (desk.tokens("ann"), desk.cash("ann"))

    with pytest.raises(ActionReverted, match=reason):
        _convert(desk, index_set)

    assert (desk.tokens("ann"), desk.cash("ann")) == before


def test_conversion_of_an_unknown_event_reverts() -> None:
    """There is nothing to convert into."""
    desk = Desk()

    with pytest.raises(ActionReverted, match="not prepared"):
        desk.exchange.convert(
            "ann", neg_risk_market_id="0x5500", index_set=1, amount=TEN, now_ms=desk.now_ms
        )


def test_new_question_changes_what_a_conversion_gives() -> None:
    """An augmented event may grow: later conversions pay YES of the new question as well."""
    desk = Desk()
    desk.exchange.add_market(question(4), now_ms=desk.now_ms)
    desk.give("ann", "10", condition(0))

    _convert(desk, 0b00001)

    assert desk.exchange.question_count(GROUP) == 5
    assert desk.tokens("ann")["y4"] == TEN
    assert [type(u) for u in desk.updates()] == [MarketListed]


@pytest.mark.parametrize(
    ("yes_payout", "paid"), [(0, 3_000_001), (500_000, 6_500_000), (1_000_000, 10_000_000)]
)
def test_redemption_pays_the_payouts(yes_payout: int, paid: int) -> None:
    """10 YES and 3.000001 NO are paid 1/0, 0/1 or half and half, rounded down per token."""
    desk = Desk()
    desk.give("ann", "10")
    before = desk.cash("ann")
    desk.exchange.resolve(BINARY, yes_payout=Price(yes_payout), now_ms=desk.now_ms)

    desk.exchange.redeem(
        "ann", condition_id=BINARY, yes=TEN, no=Size(3_000_001), now_ms=desk.now_ms
    )

    assert desk.cash("ann") - before == paid
    desk.exchange.audit()


def test_redemption_before_the_resolution_reverts() -> None:
    """There are no payouts yet."""
    desk = Desk()
    desk.give("ann", "10")

    with pytest.raises(ActionReverted, match="not received"):
        desk.exchange.redeem("ann", condition_id=BINARY, yes=TEN, no=Size(0), now_ms=desk.now_ms)


def test_resolution_cancels_orders_and_stops_trading() -> None:
    """Resting orders go, new ones find no book, and the outcome is told."""
    desk = Desk()
    desk.buy("ann", YES, "0.50", "10")
    desk.updates()

    desk.exchange.resolve(BINARY, yes_payout=Price(MICROS), now_ms=desk.now_ms)

    updates = desk.updates()
    (cancelled,) = [u for u in updates if isinstance(u, OrderChanged)]
    (resolved,) = [u for u in updates if isinstance(u, MarketResolved)]
    assert cancelled.reason is CancelReason.RESOLVED
    assert resolved.yes_payout == MICROS
    assert desk.exchange.payout(BINARY) == MICROS
    assert desk.buy("ann", YES, "0.50", "10").refusal is Refusal.NO_BOOK


def test_event_in_which_nobody_wins_pays_every_no() -> None:
    """All NO is a possible world of a negative-risk event."""
    desk = Desk()
    for index in range(4):
        desk.give("ann", "10", condition(index))
        desk.exchange.resolve(condition(index), yes_payout=Price(0), now_ms=desk.now_ms)

    for index in range(4):
        desk.exchange.redeem(
            "ann", condition_id=condition(index), yes=TEN, no=TEN, now_ms=desk.now_ms
        )

    assert desk.exchange.statement("ann").profit == 0


def test_second_winner_and_half_payout_are_errors() -> None:
    """The operator of a negative-risk event can report neither."""
    desk = Desk()
    with pytest.raises(AssertionError):
        desk.exchange.resolve(condition(0), yes_payout=Price(500_000), now_ms=desk.now_ms)
    desk.exchange.resolve(condition(0), yes_payout=Price(MICROS), now_ms=desk.now_ms)

    with pytest.raises(AssertionError):
        desk.exchange.resolve(condition(1), yes_payout=Price(MICROS), now_ms=desk.now_ms)


def test_no_set_over_the_winner_pays_after_conversion_too() -> None:
    """Converted or held, NO of all questions pays three of four."""
    desk = Desk()
    before = _give_sets(desk, 0, 1, 2, 3)
    _convert(desk, 0b1111)
    converted = desk.cash("ann") - before
    held = 0
    for index in range(4):
        payout = Price(MICROS if index == 1 else 0)
        desk.exchange.resolve(condition(index), yes_payout=payout, now_ms=desk.now_ms)
        start = desk.cash("bob")
        desk.exchange.redeem(
            "bob", condition_id=condition(index), yes=Size(0), no=TEN, now_ms=desk.now_ms
        )
        held += desk.cash("bob") - start

    assert converted == held == 3 * TEN
    desk.exchange.audit()


def test_orders_that_lose_their_tokens_are_cancelled() -> None:
    """Merging tokens on offer takes the newest offers off the book."""
    desk = Desk()
    desk.give("ann", "20")
    kept = desk.sell("ann", YES, "0.60", "10")
    desk.sell("ann", YES, "0.70", "10")
    desk.updates()

    desk.exchange.merge("ann", condition_id=BINARY, amount=TEN, now_ms=desk.now_ms)

    assert [o.order_id for o in desk.exchange.open_orders("ann")] == [kept.order_id]
    (change,) = [u for u in desk.updates() if isinstance(u, OrderChanged)]
    assert change.reason is CancelReason.INVALID
    desk.exchange.audit()

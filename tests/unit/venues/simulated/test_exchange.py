import pytest

from polyarb.core.market import Outcome
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.records import (
    BookChanged,
    ExchangeRules,
    FeeRounding,
    OrderChange,
    OrderChanged,
    PlacedStatus,
    Refusal,
    TradeChanged,
    Traded,
)
from unit.venues.simulated.desk import BINARY, NO, POLITICS, YES, Desk

FAK, FOK = TimeInForce.FAK, TimeInForce.FOK


def test_complementary_match_moves_tokens_and_collateral() -> None:
    """A BUY of YES takes a SELL of YES: no set is made, the seller is paid."""
    desk = Desk()
    desk.give("bob", "10")
    desk.sell("bob", YES, "0.52", "10")

    placement = desk.buy("ann", YES, "0.52", "10")
    desk.wait()

    assert placement.status is PlacedStatus.MATCHED
    assert (placement.making, placement.taking) == (5_200_000, 10_000_000)
    assert (desk.tokens("ann"), desk.cash("ann")) == ({YES: 10_000_000}, -5_200_000)
    assert (desk.tokens("bob"), desk.cash("bob")) == ({NO: 10_000_000}, -10_000_000 + 5_200_000)


def test_two_buyers_of_opposite_tokens_mint_a_set() -> None:
    """A BUY of YES takes a BUY of NO whose price completes 1.00; both pay, both get tokens."""
    desk = Desk()
    desk.buy("bob", NO, "0.48", "10")

    placement = desk.buy("ann", YES, "0.52", "10")
    desk.wait()

    assert placement.status is PlacedStatus.MATCHED
    assert (desk.tokens("ann"), desk.cash("ann")) == ({YES: 10_000_000}, -5_200_000)
    assert (desk.tokens("bob"), desk.cash("bob")) == ({NO: 10_000_000}, -4_800_000)
    desk.exchange.audit()


def test_two_sellers_of_opposite_tokens_merge_a_set() -> None:
    """A SELL of YES takes a SELL of NO whose price completes 1.00; both are paid."""
    desk = Desk()
    desk.give("ann", "10")
    desk.give("bob", "10")
    desk.sell("bob", NO, "0.48", "10")

    placement = desk.sell("ann", YES, "0.52", "10")
    desk.wait()

    assert (placement.making, placement.taking) == (10_000_000, 5_200_000)
    assert (desk.tokens("ann"), desk.cash("ann")) == ({NO: 10_000_000}, -4_800_000)
    assert (desk.tokens("bob"), desk.cash("bob")) == ({YES: 10_000_000}, -5_200_000)
    desk.exchange.audit()


def test_one_taker_is_filled_by_yes_and_no_makers_at_one_level() -> None:
    """Makers of both tokens share one queue: one trade, each slice in its own coordinates."""
    desk = Desk(tick="0.001")
    desk.give("bob", "100")
    desk.sell("bob", YES, "0.518", "20")
    desk.buy("cat", NO, "0.482", "30")
    desk.sell("bob", YES, "0.518", "50")

    placement = desk.buy("ann", YES, "0.518", "80")
    (trade,) = desk.exchange.trades("ann")

    assert placement.trade_ids == (trade.trade_id,)
    assert [
        (m.account, m.side, m.outcome, m.price, m.matched_amount) for m in trade.maker_orders
    ] == [
        ("bob", Side.SELL, Outcome.YES, 518_000, 20_000_000),
        ("cat", Side.BUY, Outcome.NO, 482_000, 30_000_000),
        ("bob", Side.SELL, Outcome.YES, 518_000, 30_000_000),
    ]
    assert (trade.size, trade.price, trade.bucket_index) == (80_000_000, 518_000, 0)


def test_taker_gets_the_price_improvement() -> None:
    """A limit BUY of exact shares pays the makers' prices, best first."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "10")
    desk.sell("maker", YES, "0.48", "10")

    placement = desk.buy("ann", YES, "0.60", "20")

    assert (placement.making, placement.taking) == (9_800_000, 20_000_000)


def test_older_order_at_a_price_is_filled_first() -> None:
    """Price, then time."""
    desk = Desk()
    first = desk.buy("bob", YES, "0.50", "10")
    second = desk.buy("cat", YES, "0.50", "10")

    desk.sell("maker", YES, "0.50", "10", tif=FAK)

    assert desk.exchange.order(first.order_id) is None
    assert desk.exchange.order(second.order_id) is not None


def test_sweep_makes_one_trade_per_level_with_rising_buckets() -> None:
    """A long sweep is split by level; all records name the same taker order."""
    desk = Desk()
    for price in ("0.50", "0.51", "0.52"):
        desk.sell("maker", YES, price, "10")

    placement = desk.buy("ann", YES, "0.55", "25")
    trades = desk.exchange.trades("ann")

    assert [(t.price, t.size, t.bucket_index) for t in trades] == [
        (500_000, 10_000_000, 0),
        (510_000, 10_000_000, 1),
        (520_000, 5_000_000, 2),
    ]
    assert {t.taker_order_id for t in trades} == {placement.order_id}
    assert len(set(placement.trade_ids)) == 3


def test_market_buy_spends_its_dollars_and_gets_more_shares() -> None:
    """4.95 at a limit of .99 over an ask of .98 brings 5.051 shares, not 5."""
    desk = Desk()
    desk.sell("maker", YES, "0.98", "100")

    placement = desk.spend("ann", YES, "0.99", "4.95")

    assert placement.taking == 5_051_000
    assert 4_950_000 - 10_000 < placement.making <= 4_950_000


def test_limit_buy_gets_exactly_its_shares() -> None:
    """The same order as GTC is only cheaper."""
    desk = Desk()
    desk.sell("maker", YES, "0.98", "100")

    placement = desk.buy("ann", YES, "0.99", "5")

    assert (placement.making, placement.taking) == (4_900_000, 5_000_000)


def test_market_sell_sells_exactly_its_shares() -> None:
    """Better bids raise the proceeds, not the size."""
    desk = Desk()
    desk.give("ann", "10")
    desk.buy("maker", YES, "0.60", "5")
    desk.buy("maker", YES, "0.55", "50")

    placement = desk.sell("ann", YES, "0.50", "10", tif=FAK)

    assert (placement.making, placement.taking) == (10_000_000, 3_000_000 + 2_750_000)


def test_fak_takes_what_is_there_and_never_rests() -> None:
    """The rest of a FAK is gone."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "5")
    desk.updates()

    placement = desk.spend("ann", YES, "0.50", "10")

    assert (placement.making, placement.taking) == (2_500_000, 5_000_000)
    assert desk.exchange.open_orders("ann") == ()
    changes = [u.change for u in desk.updates() if isinstance(u, OrderChanged)]
    assert changes == [OrderChange.UPDATE, OrderChange.CANCELLATION]


def test_fak_without_a_match_is_killed() -> None:
    """Nothing moved, and the text is the venue's."""
    desk = Desk()

    placement = desk.spend("ann", YES, "0.50", "10")

    assert placement.refusal is Refusal.KILLED
    assert placement.error.startswith("no orders found to match with FAK order")
    assert desk.exchange.statement("ann").cash_change == 0


def test_fok_that_cannot_be_filled_whole_takes_nothing() -> None:
    """All or nothing: the book is as before."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "5")
    before = desk.exchange.book(BINARY)

    placement = desk.spend("ann", YES, "0.50", "10", tif=FOK)

    assert placement.refusal is Refusal.KILLED
    assert placement.error == (
        "order couldn't be fully filled. FOK orders are fully filled or killed."
    )
    assert desk.exchange.book(BINARY) == before


def test_fok_over_several_levels_is_filled_whole() -> None:
    """Its dollars are spent to the last cent but one."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "5")
    desk.sell("maker", YES, "0.53", "50")

    placement = desk.spend("ann", YES, "0.53", "10", tif=FOK)

    assert placement.status is PlacedStatus.MATCHED
    assert 9_990_000 < placement.making <= 10_000_000


@pytest.mark.parametrize("price", ["0.01", "0.13", "0.52", "0.77", "0.99"])
def test_every_match_has_whole_micros(price: str) -> None:
    """A size is cut to the granularity of its price, so no party is paid a fraction."""
    desk = Desk()
    desk.sell("maker", YES, price, "1000.07")

    desk.spend("ann", YES, price, "7.77")
    (trade,) = desk.exchange.trades("ann")

    assert trade.size * trade.price % 1_000_000 == 0


def test_rest_of_a_limit_order_joins_the_book() -> None:
    """What is not matched rests at the order's own limit."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "5")

    placement = desk.buy("ann", YES, "0.52", "10")

    assert placement.status is PlacedStatus.MATCHED
    assert desk.exchange.book(BINARY).bids == ((520_000, 5_000_000),)
    (order,) = desk.exchange.open_orders("ann")
    assert (order.size, order.matched) == (10_000_000, 5_000_000)


def test_order_for_no_rests_mirrored_in_the_yes_book() -> None:
    """A bid for NO at .30 is an ask for YES at .70 and is counted once."""
    desk = Desk()

    desk.buy("ann", NO, "0.30", "10")

    assert desk.exchange.book(BINARY).asks == ((700_000, 10_000_000),)
    assert desk.exchange.book(BINARY).bids == ()


def test_book_change_names_new_totals_and_tops() -> None:
    """One command makes one change per market, told before the trade it came from."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "10")
    desk.sell("maker", YES, "0.51", "10")
    desk.updates()

    desk.buy("ann", YES, "0.51", "15")
    change, *others = desk.updates()

    assert isinstance(change, BookChanged)
    assert [(level.bid, level.price, level.size) for level in change.levels] == [
        (False, 500_000, 0),
        (False, 510_000, 5_000_000),
    ]
    assert (change.best_bid, change.best_ask) == (None, 510_000)
    assert [type(u) for u in others] == [
        Traded, TradeChanged, Traded, TradeChanged, OrderChanged,
    ]  # fmt: skip


def test_last_trade_price_is_seen_from_each_token() -> None:
    """The last price of NO is the complement of YES's."""
    desk = Desk()
    desk.sell("maker", YES, "0.30", "10")

    desk.buy("ann", YES, "0.30", "5")

    assert desk.exchange.last_trade_price(YES) == 300_000
    assert desk.exchange.last_trade_price(NO) == 700_000


def test_buyer_pays_the_fee_on_top_and_the_maker_none() -> None:
    """10 at .52 at a rate of .04: 5.20 and 0.09984 more; the shares are not reduced."""
    desk = Desk(fee=POLITICS)
    desk.buy("bob", NO, "0.48", "10")

    placement = desk.buy("ann", YES, "0.52", "10")
    desk.wait()

    assert placement.fee == 99_840
    assert (desk.tokens("ann"), desk.cash("ann")) == ({YES: 10_000_000}, -5_200_000 - 99_840)
    assert desk.cash("bob") == -4_800_000
    assert desk.exchange.treasury().collateral == 99_840


def test_seller_pays_the_fee_from_the_proceeds() -> None:
    """100 at .30 at a rate of .04 costs 0.84."""
    desk = Desk(fee=POLITICS)
    desk.give("ann", "100")
    desk.buy("maker", YES, "0.30", "100")

    placement = desk.sell("ann", YES, "0.30", "100", tif=FAK)
    desk.wait()

    assert placement.fee == 840_000
    assert desk.cash("ann") == -100_000_000 + 30_000_000 - 840_000
    assert desk.exchange.statement("ann").fees_paid == 840_000


def test_fee_is_charged_per_level() -> None:
    """Each trade record carries its own rounded fee."""
    desk = Desk(fee=POLITICS)
    desk.sell("maker", YES, "0.50", "5.01")
    desk.sell("maker", YES, "0.51", "5.01")

    placement = desk.buy("ann", YES, "0.51", "10.02")

    assert [t.fee for t in desk.exchange.trades("ann")] == [50_100, 50_080]
    assert placement.fee == 50_100 + 50_080


@pytest.mark.parametrize(
    ("rounding", "fee"), [(FeeRounding.HALF_UP, 200), (FeeRounding.FLOOR, 190)]
)
def test_fee_rounding_is_a_switch(rounding: FeeRounding, fee: int) -> None:
    """5 at .001 at .04 is 0.0001998: 0.00020 half up, 0.00019 rounded down."""
    desk = Desk(ExchangeRules(fee_rounding=rounding), fee=POLITICS, tick="0.001")
    desk.give("ann", "5")
    desk.buy("maker", YES, "0.001", "1000")

    placement = desk.sell("ann", YES, "0.001", "5", tif=FAK)

    assert placement.fee == fee


def test_maker_sees_its_slice_and_the_takers_record() -> None:
    """A maker finds the trade by its condition; the top of the record is the taker's."""
    desk = Desk()
    resting = desk.buy("bob", NO, "0.48", "10")
    desk.buy("ann", YES, "0.52", "10")

    (trade,) = desk.exchange.trades("bob", condition_id=BINARY)
    by_token = desk.exchange.trades("bob", token_id=NO)

    assert (trade.token_id, trade.side, trade.price) == (YES, Side.BUY, 520_000)
    (mine,) = trade.maker_orders
    assert (mine.order_id, mine.token_id, mine.price) == (resting.order_id, NO, 480_000)
    assert by_token == ()


def test_cancelled_order_frees_its_collateral() -> None:
    """What a resting order holds can be used again."""
    desk = Desk()
    placement = desk.buy("ann", YES, "0.50", "100")

    cancelled = desk.exchange.cancel("ann", placement.order_id, now_ms=desk.now_ms)

    assert cancelled
    assert desk.exchange.statement("ann").reserved == 0
    assert desk.exchange.book(BINARY).bids == ()
    assert not desk.exchange.cancel("ann", placement.order_id, now_ms=desk.now_ms)


def test_order_of_another_account_cannot_be_cancelled() -> None:
    """Only the owner cancels."""
    desk = Desk()
    placement = desk.buy("ann", YES, "0.50", "100")

    cancelled = desk.exchange.cancel("bob", placement.order_id, now_ms=desk.now_ms)

    assert not cancelled
    assert desk.exchange.order(placement.order_id) is not None


def test_cancel_market_takes_only_the_named_orders() -> None:
    """By condition, by token, or both."""
    desk = Desk()
    yes = desk.buy("ann", YES, "0.10", "10")
    no = desk.buy("ann", NO, "0.10", "10")
    other = desk.buy("ann", "y0", "0.10", "10")

    by_token = desk.exchange.cancel_market("ann", token_id=NO, now_ms=desk.now_ms)
    by_condition = desk.exchange.cancel_market("ann", condition_id=BINARY, now_ms=desk.now_ms)
    rest = desk.exchange.cancel_all("ann", now_ms=desk.now_ms)

    assert (by_token, by_condition, rest) == ((no.order_id,), (yes.order_id,), (other.order_id,))


def test_same_commands_give_the_same_updates() -> None:
    """Ids, hashes and order of updates depend on the commands and the seed only."""
    runs = []
    for _ in range(2):
        desk = Desk(ExchangeRules(seed=7))
        desk.sell("maker", YES, "0.50", "10")
        desk.spend("ann", YES, "0.50", "3")
        desk.wait()
        runs.append(desk.updates())

    first, second = runs

    assert first == second

"""Actions move exactly what the venue and the chain move, and nothing below zero."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from polyarb.core.actions import (
    Action,
    Buy,
    Convert,
    Holdings,
    Impossible,
    Merge,
    MintSet,
    Quote,
    Sell,
    Split,
    Token,
    conversion_pays,
    flow,
    perform,
    perform_all,
)
from polyarb.core.book import OrderBook
from polyarb.core.executable import TooSmall
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import Side
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.records import AccountKind, ActionReverted, SimMarket

Event = tuple[Group, tuple[OrderBook, ...]]
Quoted = Callable[..., Event]
YES, NO = Outcome.YES, Outcome.NO
ONE = Size(MICROS)
CASH = Collateral(100 * MICROS)


def test_buying_pays_price_and_fee_rounded_up(quoted: Quoted) -> None:
    """0.000003 YES at 0.35 cost 0.00000105 and a fee: two micros and a step of the fee."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("", "0.35 x 9"), ("", "")], rate=40_000)

    after = do(group, books, Holdings(CASH), Buy(0, YES, Price(350_000), Size(3)))

    assert after == Holdings(
        Collateral(CASH - 2 - 10),
        {(0, YES): 3},
        taken={Quote(0, Side.SELL, Price(350_000)): 3},
    )


def test_selling_is_paid_price_less_fee_rounded_down(quoted: Quoted) -> None:
    """0.000003 YES at 0.35 bring 0.00000105 less a step of the fee."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("0.35 x 9", ""), ("", "")], rate=40_000)

    after = do(group, books, Holdings(CASH, {(0, YES): 3}), Sell(0, YES, Price(350_000), Size(3)))

    assert after == Holdings(
        Collateral(CASH + 1 - 10), taken={Quote(0, Side.BUY, Price(350_000)): 3}
    )


def test_exact_flow_is_price_and_fee_without_rounding(quoted: Quoted) -> None:
    """One NO at 0.65 costs 0.65 + 0.04 x 0.65 x 0.35; selling it brings 0.65 less that."""
    group, _ = quoted(GroupKind.AT_MOST_ONE, [("", ""), ("", "")], rate=40_000)

    bought = flow(group, Buy(1, NO, Price(650_000), ONE))
    sold = flow(group, Sell(1, NO, Price(650_000), ONE))

    assert (bought.exact, bought.collateral) == (-659_100 * 10**18, -659_100)
    assert (sold.exact, sold.collateral) == (640_900 * 10**18, 640_900)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Buy(0, YES, Price(400_000), ONE), Sell(0, NO, Price(600_000), ONE)),
        (Sell(0, NO, Price(600_000), ONE), Buy(0, YES, Price(400_000), ONE)),
        (Buy(0, NO, Price(700_000), ONE), Sell(0, YES, Price(300_000), ONE)),
        (Sell(0, YES, Price(300_000), ONE), Buy(0, NO, Price(700_000), ONE)),
    ],
)
def test_one_level_is_never_taken_from_both_sides(
    quoted: Quoted, first: Action, second: Action
) -> None:
    """What was bought as YES is no longer there to sell NO to, and the other way round."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("0.30 x 1.5", "0.40 x 1.5"), ("", "")])
    start = Holdings(CASH, {(0, YES): MICROS, (0, NO): MICROS})

    alone = perform_all(group, books, start, [first])
    both = perform_all(group, books, start, [first, second])

    assert isinstance(alone, Holdings)
    assert isinstance(both, Impossible)
    assert "level: 2000000 of 1500000" in both.reason


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Buy(0, YES, Price(410_000), ONE), "level: 1000000 of 0"),
        (Buy(0, YES, Price(400_000), Size(9 * MICROS)), "level: 9000000 of 5000000"),
        (Sell(0, YES, Price(300_000), Size(1)), "1 YES of Candidate 0 are missing"),
        (Sell(1, NO, Price(600_000), Size(MICROS + 1)), "1 NO of Candidate 1 are missing"),
        (Split(0, Size(CASH + 1)), "1 micros are missing"),
        (MintSet(0, Size(CASH + 1)), "1 micros are missing"),
        (Merge(1, Size(1)), "1 YES of Candidate 1 are missing"),
        (Convert((0, 1), Size(1)), "1 NO of Candidate 0 are missing"),
        (Convert((1, 0), Size(1)), "do not rise"),
        (Convert((1, 1), Size(1)), "do not rise"),
        (Convert((), Size(1)), "do not rise"),
        (Convert((1, 2), Size(1)), "of 2 markets"),
        (Split(-1, ONE), "of 2 markets"),
        (Split(0, Size(0)), "not positive"),
        (Merge(0, Size(-1)), "not positive"),
        (Buy(0, YES, Price(0), ONE), "not inside"),
        (Sell(0, YES, Price(MICROS), ONE), "not inside"),
    ],
)
def test_what_is_not_there_is_refused(quoted: Quoted, action: Action, reason: str) -> None:
    """No naked short, no size beyond a level, no unfunded purchase, nothing malformed."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("0.30 x 5", "0.40 x 5"), ("", "0.40 x 5")])
    start = Holdings(CASH, {(1, NO): MICROS})

    result = perform(group, books, start, action)

    assert isinstance(result, Impossible)
    assert reason in result.reason


@pytest.mark.parametrize("action", [Convert((0,), ONE), MintSet(0, ONE)])
def test_nothing_converts_where_outcomes_do_not_exclude_each_other(
    quoted: Quoted, action: Action
) -> None:
    """A group that is no negative-risk event has no adapter."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("", ""), ("", "")])
    start = Holdings(CASH, {(0, NO): MICROS})

    result = perform(replace(group, neg_risk_market_id=""), books, start, action)

    assert isinstance(result, Impossible)
    assert "nothing can be converted" in result.reason


def test_a_minted_set_is_a_split_and_a_conversion(quoted: Quoted) -> None:
    """YES of every question on chain for 1.00, a fee on all but the market that was split."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("", "")] * 3, fee_bips=200)
    group = replace(group, question_count=5)
    size = Size(1_000_049)

    minted = do(group, books, Holdings(CASH), MintSet(1, size))

    left = size - 20_000
    assert minted == do(group, books, Holdings(CASH), Split(1, size), Convert((1,), size))
    assert minted.collateral == CASH - size
    assert minted.tokens == {(0, YES): left, (1, YES): size, (2, YES): left}
    assert minted.unlisted == {3: left, 4: left}


def test_a_refused_action_names_itself(quoted: Quoted) -> None:
    """The first action that fails stops the rest."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("", ""), ("", "")])

    result = perform_all(group, books, Holdings(CASH), [Split(0, ONE), Merge(1, ONE)])

    assert isinstance(result, Impossible)
    assert result.reason.startswith("Merge(market_index=1")


def test_proved_portfolios_pay_at_once_what_their_certificate_says(
    quoted: Quoted, built: Callable[[Event], Opportunity | TooSmall]
) -> None:
    """Buying every level and converting every tranche leaves `settle_now`, conversion fee and all.

    A stack with two depths, 4 % taker fee and 0.5 % conversion fee.
    """
    quotes = [("0.65 x 30, 0.63 x 20", ""), ("0.45 x 50", ""), ("0.30 x 20", "")]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000, fee_bips=50)
    opportunity = built((group, books))
    assert isinstance(opportunity, Opportunity)

    after = do(
        group,
        books,
        Holdings(CASH),
        *(
            Buy(leg.market_index, NO, level.price, level.size)
            for leg in opportunity.legs
            for level in leg.levels
        ),
        *(
            Convert(tuple(opportunity.legs[i].market_index for i in tranche.legs), tranche.size)
            for tranche in opportunity.tranches
        ),
    )

    assert len(opportunity.tranches) == 2
    assert after.collateral - CASH == opportunity.certificate.settle_now


@pytest.mark.parametrize("fee_bips", [0, 1, 37, 200, 9_999])
def test_the_simulated_chain_moves_the_same(quoted: Quoted, fee_bips: int) -> None:
    """300 random splits, merges, conversions and mintings with odd dust, refusals included.

    Five questions on chain, of which the group lists the first, the third and the fourth.
    """
    event, books = quoted(GroupKind.AT_MOST_ONE, [("", "")] * 5, fee_bips=fee_bips)
    group = replace(event, markets=tuple(event.markets[i] for i in (0, 2, 3)), question_count=5)
    chain, account = _chain(event)
    rng, holdings = Random(f"chain/{fee_bips}"), Holdings(Collateral(account.collateral))
    done = refused = 0
    for _ in range(300):
        action = _random_action(rng)
        result = perform(group, books[:3], holdings, action)
        if isinstance(result, Impossible):
            refused += 1
            with pytest.raises(ActionReverted):
                _on_chain(chain, account, group, action)
        else:
            done += 1
            _on_chain(chain, account, group, action)
            holdings = result

        assert holdings.collateral == account.collateral
        assert _tokens(group, event, holdings) == account.tokens
    chain.audit()
    assert done > 100
    assert refused > 20


def test_a_conversion_fee_is_rounded_down() -> None:
    """1 of 10,000 is nothing of 9,999 micros."""
    assert conversion_pays(Size(9_999), 1) == 9_999
    assert conversion_pays(Size(10_000), 1) == 9_999
    assert conversion_pays(Size(19_999), 1) == 19_998


def do(
    group: Group, books: tuple[OrderBook, ...], holdings: Holdings, *actions: Action
) -> Holdings:
    result = perform_all(group, books, holdings, actions)
    assert isinstance(result, Holdings), result
    return result


def _chain(event: Group) -> tuple[ConditionalTokens, Account]:
    chain = ConditionalTokens()
    for market in event.markets:
        chain.prepare(_sim(event, market.question_index))
    account = Account("ann", AccountKind.TRADER)
    account.deposit(50 * MICROS)
    return chain, account


def _sim(event: Group, index: int) -> SimMarket:
    return SimMarket(
        market=event.markets[index],
        event_id="1",
        neg_risk_market_id=event.neg_risk_market_id,
        fee_bips=event.fee_bips,
    )


def _random_action(rng: Random) -> Action:
    size, market = (
        Size(rng.choice((rng.randint(1, 99_999), rng.randint(1, 9 * MICROS)))),
        rng.randrange(3),
    )
    match rng.randrange(4):
        case 0:
            return Split(market, size)
        case 1:
            return Merge(market, size)
        case 2:
            return MintSet(market, size)
        case _:
            return Convert(tuple(sorted(rng.sample(range(3), rng.randint(1, 3)))), size)


def _on_chain(chain: ConditionalTokens, account: Account, group: Group, action: Action) -> None:
    def bits(*indexes: int) -> int:
        return sum(1 << group.markets[index].question_index for index in indexes)

    def sim(index: int) -> SimMarket:
        return SimMarket(
            market=group.markets[index],
            event_id="1",
            neg_risk_market_id=group.neg_risk_market_id,
            fee_bips=group.fee_bips,
        )

    def convert(index_set: int, size: Size) -> None:
        chain.convert(account, group.neg_risk_market_id, index_set=index_set, amount=size)

    match action:
        case Split(market, size):
            chain.split(account, sim(market), size)
        case Merge(market, size):
            chain.merge(account, sim(market), size)
        case Convert(markets, size):
            convert(bits(*markets), size)
        case MintSet(market, size):
            chain.split(account, sim(market), size)
            convert(bits(market), size)
        case _:
            raise AssertionError(action)


def _tokens(group: Group, event: Group, holdings: Holdings) -> dict[str, int]:
    listed: dict[Token, int] = dict(holdings.tokens)
    own = {group.markets[index].token(outcome): size for (index, outcome), size in listed.items()}
    return own | {event.markets[i].yes_token: size for i, size in holdings.unlisted.items()}

"""Who holds what of resolved markets, how the payment is split, and what is redeemed next."""

from dataclasses import replace

from polyarb.core.basket import ChainActionState, Execution, holdings
from polyarb.core.money import MICROS, Price
from polyarb.core.order import BasketState
from polyarb.venues.base import Resolution
from services.executor.basket import Basket
from services.executor.redeem import Due, HeldMarket, Resolutions, claims_of, redemptions
from unit.services.executor.story import entered, yes_set

MARKET = f"0x{1:064x}"
SECOND_NS = 1_000_000_000


def holding(size: str, *, name: str = "a", state: BasketState = BasketState.HOLDING) -> Basket:
    """A settled set of YES that waits; its first market is MARKET."""
    story = entered(replace(yes_set(), intent_id=name))
    for order_id in ("0/0", "1/0", "2/0"):
        story.match(order_id, size)
    story.settle()
    story.basket.set_state(state)
    return story.basket


def resolved(yes: int) -> Resolution:
    return Resolution(condition_id=MARKET, yes_payout=Price(yes), no_payout=Price(MICROS - yes))


class Chain:
    """A chain on which every market has paid; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolution(self, condition_id: str) -> Resolution | None:
        self.asked.append(condition_id)
        return replace(resolved(MICROS), condition_id=condition_id)


def due(name: str) -> Due:
    return Due(HeldMarket(name, f"yes of {name}", f"no of {name}", neg_risk=True), ())


def test_claims_of_all_quiet_baskets_on_a_market_come_together() -> None:
    """One redemption takes all that the wallet holds, so it is on behalf of everybody."""
    baskets = [holding("10", name="a"), holding("30", name="b", state=BasketState.COMPLETE)]

    found = claims_of(baskets)

    assert len(found) == 3
    assert [claim.yes for claim in found[MARKET].claims] == [10 * MICROS, 30 * MICROS]
    assert found[MARKET].wish.yes == 40 * MICROS


def test_a_market_waits_for_the_basket_that_still_works_on_it() -> None:
    """Its tokens would be redeemed along, and nobody would have booked them."""
    working = [holding("10", name="b", state=state) for state in (
        BasketState.WORKING, BasketState.SETTLING, BasketState.CONVERTING)]  # fmt: skip

    for basket in working:
        assert claims_of([holding("10"), basket]) == {}


def test_a_basket_with_a_pending_action_is_left_alone() -> None:
    """What it holds is not known before the action has ended."""
    basket = holding("10")
    (_, action), *_ = redemptions(claims_of([basket])[MARKET], resolved(MICROS))

    assert action.state is ChainActionState.PENDING
    assert claims_of([basket]) == {}


def test_a_basket_without_tokens_claims_nothing() -> None:
    """Nor does it stand in the way of others."""
    basket = holding("10", state=BasketState.VOID)
    basket.execution = Execution(intent_id="a", state=BasketState.VOID)

    assert set(claims_of([basket, holding("20", name="b")])) == set(claims_of([holding("20")]))


def test_worthless_tokens_are_redeemed_too() -> None:
    """The basket ends flat: they bring nothing and are gone."""
    basket = holding("10")
    ((_, action),) = redemptions(claims_of([basket])[MARKET], resolved(0))
    basket.put_action(replace(action, state=ChainActionState.CONFIRMED))

    assert action.collateral == 0
    assert "101" not in holdings(basket.execution).tokens


def test_the_payment_is_split_to_the_micro() -> None:
    """At one half, 3 and 5 micro-tokens are 4 for the wallet: what roundings leave is not lost."""
    first, second = holding("10", name="a"), holding("30", name="b")
    found = claims_of([first, second])[MARKET]
    odd = replace(found, claims=(
        replace(found.claims[0], yes=3), replace(found.claims[1], yes=5)))  # fmt: skip

    parts = redemptions(odd, resolved(MICROS // 2))

    assert [action.collateral for _, action in parts] == [2, 2]
    assert [action.tokens for _, action in parts] == [(("101", -3),), (("101", -5),)]


def test_actions_of_one_batch_have_their_own_ids() -> None:
    """Two markets of one basket are two records."""
    basket = holding("10")
    found = claims_of([basket])

    ids = [a.action_id for one in found.values() for _, a in redemptions(one, resolved(MICROS))]

    assert len(set(ids)) == len(ids) == 3


async def test_a_market_is_asked_about_until_it_is_known() -> None:
    """And not again afterwards."""
    chain = Chain()
    resolutions = Resolutions(chain, now_ns=lambda: 0)  # type: ignore[arg-type]
    held = {name: due(name) for name in ("a", "b")}

    first, second = await resolutions.resolved(held), await resolutions.resolved(held)

    assert first == second == list(held.values())
    assert sorted(chain.asked) == ["a", "b"]


async def test_many_markets_have_their_turns() -> None:
    """Not more than 64 questions a round, and everybody is asked about within three."""
    chain = Chain()
    resolutions = Resolutions(chain, now_ns=lambda: 0)  # type: ignore[arg-type]
    held = {str(i): due(str(i)) for i in range(150)}

    rounds = [len(await resolutions.resolved(held)) for _ in range(3)]

    assert rounds == [64, 128, 150]


async def test_what_failed_is_tried_alone_after_a_growing_pause() -> None:
    """Two seconds, then four; the others are not held up, and success is forgotten."""
    now = [0]
    resolutions = Resolutions(Chain(), now_ns=lambda: now[0])  # type: ignore[arg-type]
    held = {name: due(name) for name in ("bad", "x", "y", "z")}

    async def batches(seconds: int) -> list[list[str]]:
        now[0] = seconds * SECOND_NS
        found = resolutions.batches(await resolutions.resolved(held), most=2)
        return [[one.market.condition_id for one in batch] for batch in found]

    resolutions.note([held["bad"]], ChainActionState.FAILED)
    at_once, later = await batches(1), await batches(2)
    resolutions.note([held["bad"]], ChainActionState.FAILED)
    again = await batches(5), await batches(6)
    resolutions.note([held["bad"]], ChainActionState.CONFIRMED)

    assert at_once == [["x", "y"], ["z"]]
    assert later == again[1] == [["x", "y"], ["z"], ["bad"]]
    assert again[0] == at_once
    assert await batches(6) == [["bad", "x"], ["y", "z"]]

"""Which remedy a broken basket gets: complete, unwind, level, or none, by its worst case."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from polyarb.core.basket import Intent
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import GroupKind
from polyarb.core.money import MICROS, Size
from polyarb.core.order import OrderState, TradeState
from services.executor.exposure import RemedyOrder, best_remedy, payoff, shares_of
from unit.services.executor.story import Story, entered, micros, no_set, yes_set

TOKEN = MICROS
FEE = FeeSchedule(30_000)
THIN = (("0.25", "0.25"), ("0.25", "0.25"), ("0.25", "0.24"), ("0.24", "0.23"))


def held(intent: Intent, *sizes: str) -> Story:
    """A basket whose legs bought so much at their limits; "" is a leg that was refused."""
    story = entered(intent)
    for index, size in enumerate(sizes):
        if size:
            story.match(f"{index}/0", size)
        else:
            story.answer(f"{index}/0", OrderState.REJECTED)
    return story


def best(story: Story) -> list[tuple[int, str, int]]:
    """(leg, what, whole tokens) of each order of the remedy."""
    return [_short(order) for order in best_remedy(story.intent, story.execution)]


def _short(order: RemedyOrder) -> tuple[int, str, int]:
    return order.leg, "unwind" if order.unwind else "complete", order.size // TOKEN


def spoil(story: Story, leg: int, times: int = 3) -> None:
    """Use up remedies of a leg without a fill."""
    for attempt in range(1, times + 1):
        remedy = RemedyOrder(
            leg, attempt, unwind=False, size=story.intent.remedies[leg].size_max,
            limit_price=story.intent.remedies[leg].complete_price,
        )  # fmt: skip
        story.basket.add_orders((story._planned(remedy),))
        story.answer(f"{leg}/{attempt}", OrderState.SENT)
        story.answer(f"{leg}/{attempt}", OrderState.REJECTED)


@pytest.mark.parametrize("make", [no_set, yes_set])
@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("part", ["", "40"])
def test_a_missing_part_of_any_leg_is_completed(
    make: Callable[[], Intent], missing: int, part: str
) -> None:
    """One cent more on the rest costs less than selling the others a few cents lower."""
    story = held(make(), *(part if i == missing else "100" for i in range(3)))

    assert best(story) == [(missing, "complete", 60 if part else 100)]


@pytest.mark.parametrize("make", [no_set, yes_set])
@pytest.mark.parametrize("only", [0, 1, 2])
def test_two_missing_legs_are_completed_together(make: Callable[[], Intent], only: int) -> None:
    """One remedy for both: half of it would be worth nothing."""
    story = held(make(), *("100" if i == only else "" for i in range(3)))

    assert best(story) == [(i, "complete", 100) for i in range(3) if i != only]


def test_completing_costs_at_most_the_tolerance_more_than_the_limit() -> None:
    """The price of the order is the envelope's."""
    story = held(no_set(), "100", "100", "")

    (order,) = best_remedy(story.intent, story.execution)

    assert order.limit_price == story.intent.remedies[2].complete_price == micros("0.65")


def test_nothing_is_done_about_a_full_basket() -> None:
    """Nor about one that got more for its dollars, nor about less than the smallest order."""
    for sizes in (("100", "100", "100"), ("130", "100", "112"), ("100", "95.01", "100")):
        assert best(held(no_set(), *sizes)) == []


def test_an_edge_too_thin_for_the_tolerance_is_unwound() -> None:
    """At .99 for 1.00, three cents more for three legs are a loss of two: selling costs one."""
    story = held(yes_set(THIN), "100", "", "", "")

    assert best(story) == [(0, "unwind", 100)]


def test_fees_count_on_both_ways() -> None:
    """Without fees completing is better; the fees of three more legs turn that around."""
    quotes = (("0.25", "0.25"), ("0.24", "0.23"), ("0.24", "0.23"), ("0.24", "0.23"))
    free = held(yes_set(quotes), "100", "", "", "")
    charged = held(yes_set(quotes, fee=FEE), "100", "", "", "")

    assert best(free) == [(1, "complete", 100), (2, "complete", 100), (3, "complete", 100)]
    assert best(charged) == [(0, "unwind", 100)]


def test_unwinding_buys_the_opposite_at_the_worst_bids_complement() -> None:
    """A bid of .25 for the leg is an offer of .75 for the opposite; one cent more is allowed."""
    story = held(yes_set(THIN), "100", "", "", "")

    (order,) = best_remedy(story.intent, story.execution)

    assert order.limit_price == micros("0.76")


def test_what_nobody_bids_for_is_not_unwound() -> None:
    """Without a bid the envelope has no price: completing is all there is, and then nothing."""
    quotes = (("0.60", ""), ("0.62", ""), ("0.64", ""))
    story = held(no_set(quotes), "100", "", "")
    first = best(story)
    spoil(story, 1)
    spoil(story, 2)

    assert first == [(1, "complete", 100), (2, "complete", 100)]
    assert best(story) == []


def test_a_partly_missing_leg_that_cannot_be_bought_levels_the_others() -> None:
    """Only what is above the smallest leg is sold: the 40 complete sets keep their profit."""
    story = held(yes_set(), "100", "40", "100")
    spoil(story, 1)

    assert best(story) == [(0, "unwind", 60), (2, "unwind", 60)]


def test_a_smaller_set_of_no_is_accepted_where_its_legs_are_worth_more_than_their_bids() -> None:
    """NO of two of three outcomes pays 1.00 for 1.00 spent; their bids bring .96."""
    quotes = (("0.50", "0.48"), ("0.50", "0.48"), ("0.64", "0.62"))
    story = held(no_set(quotes), "100", "100", "")
    spoil(story, 2)

    assert best(story) == []


def test_completing_is_over_once_unwinding_has_begun() -> None:
    """A pair of both tokens is not a missing leg: the rest is sold, not bought back."""
    story = held(yes_set(THIN), "100", "", "", "")
    story.remedy()
    story.match("0/1", "30")
    (share, *_) = shares_of(story.intent, story.execution)

    assert (share.own, share.pairs, share.opposite) == (70 * TOKEN, 30 * TOKEN, 0)
    assert best(story) == [(0, "unwind", 70)]


def test_a_basket_that_began_to_shrink_is_not_completed_again() -> None:
    """One leg was sold, the others are still there: they are sold too, not made whole again."""
    story = held(yes_set(), "100", "100", "100")
    sale = RemedyOrder(
        0, 1, unwind=True, size=Size(100 * TOKEN), limit_price=story.intent.remedies[0].unwind_price
    )
    story.basket.add_orders((story._planned(sale),))
    story.send()
    story.match("0/1")

    assert best(story) == [(1, "unwind", 100), (2, "unwind", 100)]


def test_pairs_that_were_merged_are_not_missing_either() -> None:
    """After the merge the leg is flat, and nothing is bought again."""
    story = held(yes_set(THIN), "100", "", "", "")
    story.remedy()
    story.match("0/1")
    story.settle()
    story.act()

    assert best(story) == []


def test_an_opposite_token_left_alone_is_paired_off() -> None:
    """The leg's own fill failed after its unwind: its own token is bought to merge the two."""
    story = held(yes_set(THIN), "100", "", "", "")
    story.remedy()
    story.match("0/1")
    story.settle("0/1")
    story.settle("0/0", state=TradeState.FAILED)

    assert best(story) == [(0, "complete", 100)]


def test_every_leg_has_three_attempts() -> None:
    """The fourth is never made."""
    story = held(no_set(), "100", "100", "")
    attempts = []
    while remedy := best_remedy(story.intent, story.execution):
        attempts += [(o.leg, o.attempt) for o in story.remedy()]
        for order in remedy:
            story.answer(f"{order.leg}/{order.attempt}", OrderState.REJECTED)

    assert attempts[:3] == [(2, 1), (2, 2), (2, 3)]
    assert max(n for _, n in attempts) == 3
    assert len(attempts) == len(set(attempts))


def test_an_order_stays_within_its_envelope_when_more_was_bought() -> None:
    """A better price bought 180 for the dollars of 100; at most 100 may be sold at once."""
    story = held(yes_set(THIN), "180", "", "", "")

    assert best(story) == [(0, "unwind", 100)]


def test_less_than_a_dollar_or_the_smallest_order_is_not_sent() -> None:
    """The venue refuses such a buy, and the attempt would be lost."""
    cheap = (("0.48", "0.40"), ("0.48", "0.40"), ("0.02", "0.01"))
    tiny = held(no_set(), "100", "100", "95.5")
    small = held(yes_set(cheap), "100", "100", "70")

    assert best(tiny) == []
    assert best(small) == [(0, "unwind", 30), (1, "unwind", 30)]


@pytest.mark.parametrize(
    ("sizes", "paid"), [((100, 100, 100), 200), ((100, 100, 0), 100), ((100, 60, 30), 90)]
)
def test_no_tokens_pay_all_but_the_largest_leg(sizes: tuple[int, ...], paid: int) -> None:
    """The worst world is the one in which the biggest leg loses."""
    assert payoff(no_set(), sizes) == paid
    assert payoff(no_set(fee_bips=1_000), sizes) == paid * 9 // 10


def test_yes_tokens_pay_only_as_a_complete_set() -> None:
    """The smallest leg counts, and nothing where an outcome has none."""
    assert payoff(yes_set(), (100, 60, 80)) == 60
    assert payoff(yes_set(), (100, 100, 0)) == 0


def test_yes_tokens_of_an_event_that_may_have_no_winner_pay_nothing_for_sure() -> None:
    """A complete set is worth 1.00 only where exactly one outcome comes true."""
    intent = yes_set()
    open_ended = replace(intent.opportunity, kind=GroupKind.AT_MOST_ONE)

    assert payoff(replace(intent, opportunity=open_ended), (100, 100, 100)) == 0

"""The page of every kind of decision: what a person must find on it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import BasketState, RefusalCode
from unit.cli.explain.tales import (
    INTENT,
    NOON,
    broken,
    completed,
    decision,
    flat,
    general,
    intent,
    ladder_pair,
    no_stack,
    order_id,
    page_of,
    refused,
    told,
    yes_set,
)

MIN_PROFIT = refused(RefusalCode.MIN_PROFIT, "net edge 0.0190 below 0.0200")


def _refused(found: Opportunity) -> str:
    return flat(page_of(told(decision(found, MIN_PROFIT))))


def test_refusal_is_explained_with_its_numbers() -> None:
    """The verdict in capitals, risk's own sentence, and what the code means."""
    page = _refused(yes_set())

    assert page.startswith("REFUSED, MIN_PROFIT Who wins?")
    assert "net edge 0.0190 below 0.0200" in page
    assert "as a fraction of one set's face, is less than asked for" in page
    assert "2026-09-21 14:13:20.005 UTC" in page
    assert "who-wins (42)" in page


def test_yes_set_shows_levels_fees_worlds_and_the_world_without_a_winner() -> None:
    """Twenty sets at two levels: 17.70 and at most 0.49908 of fees for 20.00."""
    page = _refused(yes_set())

    assert "Exactly one of 3 wins." in page
    assert "Known to exhaust what can happen: all 3 questions listed; rules reviewed." in page
    assert "0.29 x 10" in page
    assert "0.30 x 10" in page
    assert "0.16636" in page  # the fee of a leg
    assert "CORE WORLDS: ALL 3" in page
    assert page.count("20.00 +1.80092 worst") == 3
    assert "nobody wins, although a review says that somebody must -18.19908" in page
    assert "settle now nothing converts" in page
    assert "17.70 before fees" in page
    assert "0.49908 at most" in page


def test_no_stack_shows_its_tranches_and_both_profits() -> None:
    """What is converted at once and what is held to the end are told apart."""
    page = _refused(no_stack())

    assert "At most one of 4 wins; it may be none of them." in page
    assert "Not taken to exhaust what can happen: 4 of 9 questions tradable." in page
    assert "Tranche 1: 10 sets of every leg" in page
    assert "Tranche 2: 10 sets of legs 1, 2" in page
    assert "Ada wins 30.00 +5.30 worst" in page
    assert "none of these wins 50.00 +25.30" in page
    assert "hold +5.30 guaranteed at the resolution, about 2026-09-30 (9 days later)" in page
    assert "settle now +5.30 by converting the NO tokens at once" in page
    assert "no bid" in page  # the third leg cannot be sold back


def test_ladder_pair_shows_rungs_and_what_a_void_loses() -> None:
    """Each rung implies the next; a market that is called off is no core world."""
    page = _refused(ladder_pair())

    assert "A ladder of 3: each rung implies the next." in page
    assert "Open by March? => Open by June?" in page
    assert "all of them NO 10.00 +0.50 worst" in page
    assert "YES: Open by June? and every wider one 20.00 +10.50" in page
    assert "Open by June? is called off: both its tokens pay one half -4.50" in page
    assert "abnormal -4.50 at worst" in page
    assert "120.07 % simple interest, locked for about 16 days" in page  # 0.5 / 9.5 x 365 / 16
    assert "Reviewed: bridge-open-by." in page


def test_general_logic_is_written_out() -> None:
    """Cliques, clauses and implications in words, markets that are not held by number."""
    page = _refused(general())

    assert "at most one of: Team A wins; Team B wins; A draw" in page
    assert "at least one of: Team A wins; Team B wins; A draw" in page
    assert "Team A wins => market 4 (not held)" in page
    assert "never both: Team B wins; market 4 (not held)" in page
    assert "YES: A draw 10.00 +1.00 worst" in page


def test_proof_is_checked_again() -> None:
    """A person need not believe the services."""
    page = _refused(yes_set())

    assert f"digest {yes_set().certificate.digest}" in page
    assert "verified again yes" in page


def test_approval_shows_size_bound_and_reservation() -> None:
    """What limited the size is a sentence; how much of the offer was taken is a share."""
    basket = intent(no_stack())
    page = flat(page_of(told(decision(no_stack(), basket))))

    assert page.startswith("APPROVED Who wins?")
    assert "3 legs for 24.70, fees included, pay at least 30.00: +5.30 guaranteed." in page
    assert "20 of 20 sets on offer (100.00 %)" in page
    assert "EXPLORATION: too little history of such baskets" in page
    assert f"reserved {basket.reserved // 10**6}.{basket.reserved // 10**4 % 100:02d}" in page
    assert "0.875 that every leg fills as modelled" in page
    assert "epoch 3, paper" in page
    assert INTENT in page


def test_completed_basket_shows_fills_slippage_actions_and_result() -> None:
    """One leg came a cent cheaper than certified, so the result is 0.20 better."""
    basket, execution = completed()
    page = flat(
        page_of(told(decision(basket.opportunity, basket), executions=[execution], name=INTENT))
    )

    assert page.startswith("APPROVED, COMPLETE")
    assert "1 entry NO BUY 20 0.39 0.00 -7.80 CONFIRMED" in page
    assert "1 Ada 20 of 20 7.80 8.00 -0.20" in page
    assert "together 24.50 24.70 -0.20" in page
    assert "CONVERT" in page
    assert "net +5.50 in all" in page
    assert "certified +5.30 if every leg fills" in page
    assert "difference +0.20" in page
    assert "still held" not in page


def test_broken_basket_shows_the_remedy_and_the_loss() -> None:
    """A killed leg, an unwinding order, a trade that failed: each with its own words."""
    basket, execution = broken()
    story = told(decision(basket.opportunity, basket), executions=[execution], name=order_id(0, 1))
    page = flat(page_of(story))

    assert page.startswith("APPROVED, UNWOUND")
    assert f"order {order_id(0, 1)}: remedy 1 of leg 1" in page
    assert "matched <- asked for" in page
    assert "CANCELED no match: killed" in page
    assert "1 remedy 1 YES BUY 10 0.46 0.00 -4.60" in page
    assert "2 entry YES BUY 3 0.40 0.00 undone FAILED" in page
    assert "2 Open by June? 0 of 10 0.00 0.00" in page
    assert "net -0.10 in all" in page
    assert "difference -0.60" in page


def test_open_basket_shows_what_it_holds() -> None:
    """Before its end a net is no result."""
    basket, ended = completed()
    execution = replace(ended, state=BasketState.HOLDING, actions=())
    page = flat(page_of(told(decision(basket.opportunity, basket), executions=[execution])))

    assert "net -24.50 so far" in page
    assert "difference" not in page
    assert "still held 20 NO of Ada, settled" in page


def test_corrupted_certificate_is_called_out() -> None:
    """A claim that does not hold is not shown as proved, whatever risk said then."""
    found = yes_set()
    claim = replace(found.certificate, guaranteed=Collateral(5_000_000))

    page = _refused(replace(found, certificate=claim))

    assert "verified again NO: certificate.guaranteed: 5000000, recomputed 1800920" in page


def test_malformed_portfolio_lists_no_worlds() -> None:
    """Legs outside the group have no world; the fault is named, and the page is drawn."""
    found = yes_set()
    legs = (*found.legs[:2], replace(found.legs[2], market_index=7))

    page = _refused(replace(found, legs=legs))

    assert "verified again NO: legs[2].market_index: 7, not 0..2" in page
    assert "CORE WORLDS" not in page


def test_titles_are_neither_markup_nor_commands() -> None:
    """What a venue writes cannot colour, hide or erase what we say."""
    found = yes_set()
    legs = (replace(found.legs[0], title="[red]Ada[/red]\x1b[2J"), *found.legs[1:])

    page = _refused(replace(found, legs=legs, title="Who [bold]wins[/bold]?"))

    assert "[red]Ada[/red]?[2J wins" in page
    assert "Who [bold]wins[/bold]?" in page


def test_timeline_lists_every_decision_and_how_to_ask_for_it() -> None:
    """An opportunity is judged again and again; the approval is told in full."""
    basket, execution = completed()
    later = replace(
        decision(basket.opportunity, refused(RefusalCode.ALREADY_OPEN, "a basket is open")),
        decision_id="d0000000-0000-4000-8000-000000000009",
        decision_time_ns=NOON + 10**9,
    )
    story = told(
        decision(basket.opportunity, basket), later, executions=[execution], left_out=4
    )  # fmt: skip
    page = flat(page_of(story))

    assert page.startswith("APPROVED, COMPLETE")
    assert "ALL 2 DECISIONS, OLDEST FIRST" in page
    assert "(the one above)" in page
    assert "REFUSED, ALREADY_OPEN: a basket is open" in page
    assert "d0000000-0000-4000-8000-000000000009" in page
    assert "4 more found no room in the answer." in page


def test_basket_without_a_stored_decision_is_told_from_its_intent() -> None:
    """Risk may die between the reservation and the record of its verdict."""
    basket, execution = completed()

    page = flat(page_of(told(intents=[basket], executions=[execution], name=INTENT)))

    assert page.startswith("APPROVED, COMPLETE")
    assert "decision never stored; told from the intent" in page


def test_answer_that_holds_nothing_is_said() -> None:
    """Known, but too large for one message."""
    assert "too large for one answer" in page_of(told(left_out=1))


@pytest.mark.parametrize("make", [yes_set, no_stack, ladder_pair, general])
@pytest.mark.parametrize("width", [100, 160])
def test_page_fits_its_width_without_colour(make: Callable[[], Opportunity], width: int) -> None:
    """Long titles wrap, figures are whole, and no escape sequence is printed."""
    found = make()
    long = " ".join(["Will the bridge between the two towns be open"] * 3)
    legs = tuple(replace(leg, title=f"{leg.title} {long}") for leg in found.legs)
    basket = intent(replace(found, legs=legs))

    page = page_of(told(decision(found, basket)), width)

    assert max(len(line) for line in page.splitlines()) <= width
    assert "\x1b" not in page
    assert "\u2026" not in page
    for leg in found.legs:
        assert f"{leg.limit_price / 1e6:.2f} x " in page

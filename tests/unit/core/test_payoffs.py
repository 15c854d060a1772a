"""What portfolios pay at worst, in normal and in abnormal outcomes, worked by hand."""

from polyarb.core.logic import UNTIED, at_least_one, exactly_one, implies
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Size
from polyarb.core.payoffs import NO_WINNER, Position, tail_payoffs, worst_payoff

ONE = Size(MICROS)
YES, NO = Outcome.YES, Outcome.NO


def held(*tokens: tuple[int, Outcome], can_void: bool = True) -> tuple[Position, ...]:
    return tuple(Position(index, outcome, ONE, can_void) for index, outcome in tokens)


def test_implication_pair_pays_one_and_half_when_one_side_is_called_off() -> None:
    """NO of the narrow and YES of the wide: 1 in every world; .50 if one of the two is void."""
    pair = held((0, NO), (1, YES))

    worst = worst_payoff(pair, GroupKind.LADDER, market_count=2, logic=UNTIED)
    tails = tail_payoffs(pair, GroupKind.LADDER, market_count=2, logic=UNTIED)

    assert worst.total == MICROS
    assert tails == {"void:0": MICROS // 2, "void:1": MICROS // 2, "void:all": MICROS}


def test_complete_set_of_one_market_is_immune_to_its_void() -> None:
    """YES and NO of the same market pay 1, whether it is answered or called off."""
    both = held((0, NO), (0, YES))

    tails = tail_payoffs(both, GroupKind.LADDER, market_count=2, logic=UNTIED)

    assert tails == {"void:0": MICROS}


def test_market_of_a_negative_risk_event_is_not_called_off() -> None:
    """Its operator refuses half payouts: only the other market can be void."""
    pair = (*held((0, NO), can_void=False), *held((1, YES)))

    tails = tail_payoffs(pair, GroupKind.GENERAL, market_count=2, logic=implies(0, 1))

    assert tails == {"void:1": MICROS // 2}


def test_set_that_leans_on_a_winner_says_what_it_pays_without_one() -> None:
    """All YES of an event that must have a winner pay nothing if nobody wins; NO do not care."""
    every_yes, every_no = held((0, YES), (1, YES)), held((0, NO), (1, NO))
    reviewed = exactly_one((0, 1))

    for kind, logic in ((GroupKind.EXACTLY_ONE, UNTIED), (GroupKind.GENERAL, reviewed)):
        tails = tail_payoffs(every_yes, kind, market_count=2, logic=logic)
        assert tails[NO_WINNER] == 0
        assert NO_WINNER not in tail_payoffs(every_no, kind, market_count=2, logic=logic)


def test_odd_micro_of_a_void_market_is_rounded_down() -> None:
    """Half of three micros is one."""
    three = (Position(0, YES, Size(3), can_void=True),)

    tails = tail_payoffs(three, GroupKind.GENERAL, market_count=2, logic=at_least_one((0, 1)))

    assert tails["void:0"] == 1


def test_world_of_an_event_names_its_winner() -> None:
    """NO of two of three outcomes pays 1 where one of the two wins, which is the worst."""
    worst = worst_payoff(
        held((0, NO), (2, NO)), GroupKind.AT_MOST_ONE, market_count=3, logic=UNTIED
    )

    assert worst.total == MICROS
    assert worst.winners in {(0,), (2,)}

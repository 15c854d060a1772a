"""What a portfolio of outcome tokens pays in the worst world, normal or not. Exact, in integers."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from polyarb.core.logic import Logic
from polyarb.core.market import TIED, GroupKind, Outcome
from polyarb.core.money import Size
from polyarb.core.worlds import Worst, logic_of, worst

NO_WINNER: Final = "no_winner"
"""Tail world: of outcomes that a review says exhaust an event, none comes about."""

VOID: Final = "void"
"""Tail world "void:3": market 3 is called off and both its tokens pay one half."""

VOID_ALL: Final = "void:all"
"""Tail world: every market of the portfolio that can be called off is."""


class Position(NamedTuple):
    """Tokens of one market's outcome. can_void: whether the venue may settle it at one half."""

    market_index: int
    outcome: Outcome
    size: Size
    can_void: bool


def worst_payoff(
    positions: Iterable[Position], kind: GroupKind, *, market_count: int, logic: Logic
) -> Worst:
    """Return what the tokens pay in the worst core world, in micros, and who wins in it.

    logic: of a GENERAL group. Raises NoWorld, TooManyWorlds.
    """
    return _worst(positions, logic_of(kind, market_count, logic), market_count)


def tail_payoffs(
    positions: Iterable[Position], kind: GroupKind, *, market_count: int, logic: Logic
) -> Mapping[str, int]:
    """Return by name what the tokens pay at worst in each abnormal outcome, rounded down.

    A market that is called off says nothing about the others any more: those are at their worst.
    Markets of a negative-risk event are not called off; their operator refuses it.
    """
    held = tuple(positions)
    tails: dict[str, int] = {}
    if _wants_winner(kind, held, logic):
        open_ended = Logic(logic_of(kind, market_count, logic).cliques, _but_exhausting(logic))
        tails[NO_WINNER] = _worst(held, open_ended, market_count).total
    if kind in TIED:
        rules = logic_of(kind, market_count, logic)
        voidable = sorted({p.market_index for p in held if p.can_void})
        for market in voidable:
            tails[f"{VOID}:{market}"] = _with_void(held, {market}, rules, market_count)
        if len(voidable) > 1:
            tails[VOID_ALL] = _with_void(held, set(voidable), rules, market_count)
    return tails


def _worst(positions: Iterable[Position], rules: Logic, count: int) -> Worst:
    """Return the least payoff: NO tokens pay unless their market wins."""
    weights: dict[int, int] = {}
    paid_unless = 0
    for market, outcome, size, _ in positions:
        signed = size if outcome is Outcome.YES else -size
        weights[market] = weights.get(market, 0) + signed
        paid_unless += size if outcome is Outcome.NO else 0
    found = worst(rules, weights, count=count)
    return Worst(paid_unless + found.total, found.winners)


def _with_void(held: tuple[Position, ...], void: set[int], rules: Logic, count: int) -> int:
    halves = sum(p.size for p in held if p.market_index in void) // 2
    return halves + _worst((p for p in held if p.market_index not in void), rules, count).total


def _wants_winner(kind: GroupKind, held: tuple[Position, ...], logic: Logic) -> bool:
    """Return whether the proof leans on somebody having to win."""
    if all(p.outcome is Outcome.NO for p in held):
        return False
    return kind is GroupKind.EXACTLY_ONE or _but_exhausting(logic) != logic.clauses


def _but_exhausting(logic: Logic) -> tuple[tuple[int, ...], ...]:
    """Return the clauses that do not merely say that one of several markets must win."""
    return tuple(clause for clause in logic.clauses if any(literal < 0 for literal in clause))

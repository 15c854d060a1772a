"""Words for what the system names by codes: refusals, bounds, states, logics and outcomes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from polyarb.core.basket import BindingConstraint
from polyarb.core.logic import UNTIED, Literal, market_of
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, format_decimal, format_micros
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import BasketState, OrderState, RefusalCode
from polyarb.core.payoffs import NO_WINNER, VOID, VOID_ALL

CONSTRAINTS_SHOWN: Final = 12
"""Constraints of a general logic that a page writes out."""

_TITLE_MAX: Final = 120

REFUSED: Final = {
    RefusalCode.HALTED: "Trading was halted; only remedies of open baskets go on.",
    RefusalCode.DAILY_LOSS_LIMIT: (
        "What was lost today, what open baskets can still lose and what this one can lose"
        " together exceed the daily limit."
    ),
    RefusalCode.OPEN_POSITIONS_LIMIT: "As many baskets were open as may be at once.",
    RefusalCode.POSITION_SIZE_LIMIT: (
        "Even the smallest basket that the venue takes costs more than one trade may."
    ),
    RefusalCode.CAPITAL_LIMIT: (
        "Entry and the dearest remedy have to be held before anything is sent; so much was not"
        " free."
    ),
    RefusalCode.EXPLORATION_LIMIT: "The day's budget for baskets without history is spent.",
    RefusalCode.TAIL_LOSS_LIMIT: (
        "In an abnormal outcome, such as a market that is called off, it loses more than is"
        " allowed."
    ),
    RefusalCode.MIN_PROFIT: (
        "What is certain after fees, as a fraction of one set's face, is less than asked for."
    ),
    RefusalCode.MIN_DISCREPANCY: (
        "What is certain before fees, as a fraction of one set's face, is less than asked for."
    ),
    RefusalCode.MIN_CONFIDENCE: "It is too unlikely that every leg fills as modelled.",
    RefusalCode.KELLY_ZERO: (
        "Against what a broken basket loses, the odds are not worth any stake at all."
    ),
    RefusalCode.TOO_SMALL: (
        "What is left after the venue's minimum sizes, the share lattice and our bounds cannot be"
        " sent."
    ),
    RefusalCode.STALE: "It was seen too long ago: the books have moved on since.",
    RefusalCode.BAD_CERTIFICATE: "The proof that came with it does not hold.",
    RefusalCode.DATA_ALARM: "The data looks like money and is not believed.",
    RefusalCode.VENUE_UNAVAILABLE: "The venue or the executor could not take orders.",
    RefusalCode.AUTHORITY_LOST: "Another process has become the one that may approve.",
    RefusalCode.LEDGER_UNAVAILABLE: "The ledger did not answer, and nothing is sent unbooked.",
    RefusalCode.ALREADY_OPEN: "A basket of the same event was still open.",
    RefusalCode.DRY_RUN: "A dry run decides and sizes but approves nothing.",
    RefusalCode.HURDLE_RATE: (
        "For the time that its capital would be locked, it earns less a year than the hurdle rate."
    ),
    RefusalCode.WIDE_SPREAD: (
        "A leg is asked far above its bid, as left-over orders are when an event is over."
    ),
}

BOUND_BY: Final = {
    BindingConstraint.DEPTH: "the order books: beyond it a lot no longer pays the thresholds",
    BindingConstraint.KELLY: "Kelly: so much of the capital at these odds and this confidence",
    BindingConstraint.CAPITAL: "the capital that was free for entry and the dearest remedy",
    BindingConstraint.POSITION_SIZE: "the most that one trade may cost",
    BindingConstraint.EXPLORATION: (
        "too little history of such baskets: the smallest size that the venue takes"
    ),
    BindingConstraint.MAX_LOSS: "what may be lost: today, or in an abnormal outcome",
}

STATE: Final = {
    BasketState.RESERVED: "its capital is held, nothing was sent yet",
    BasketState.WORKING: "its entry orders are out, or not accounted for yet",
    BasketState.REMEDY: "its legs filled unevenly and are being completed or unwound",
    BasketState.SETTLING: "it is filled; the chain has not confirmed everything yet",
    BasketState.CONVERTING: "its tokens are being merged or converted",
    BasketState.HOLDING: "it is balanced and waits for the markets to resolve",
    BasketState.VOID: "it ended with nothing filled",
    BasketState.COMPLETE: "it ended as planned",
    BasketState.HEDGED: "it ended as a smaller balanced set",
    BasketState.UNWOUND: "it ended with every fill undone",
    BasketState.RESIDUAL: "it ended with something left that needs a person",
}

ORDER: Final = {
    OrderState.INTENT: "not sent",
    OrderState.SENT: "sent, no answer yet",
    OrderState.LIVE: "resting",
    OrderState.DELAYED: "held by the venue",
    OrderState.MATCHED: "matched",
    OrderState.REJECTED: "rejected",
    OrderState.UNKNOWN: "may have happened",
    OrderState.CANCEL_SENT: "being cancelled",
    OrderState.CANCELED: "cancelled",
    OrderState.ABSENT: "never arrived",
}


def plain(text: str) -> str:
    """Return a text of the venue with what could move a terminal's cursor replaced."""
    return "".join(c if c.isprintable() else "?" for c in text)


def amount(micros: int) -> str:
    """Return collateral exactly, with two decimals or more: 29.33, 0.673232."""
    whole, _, fraction = format_decimal(micros).partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


def gain(micros: int) -> str:
    """Return an amount that may be won or lost, with its sign."""
    return f"+{amount(micros)}" if micros >= 0 else amount(micros)


def size(micros: int) -> str:
    """Return a number of tokens or sets exactly, without needless decimals."""
    return format_decimal(micros)


def percent(part: int, whole: int) -> str:
    """Return a share with two decimals, cut towards zero; "n/a" of nothing."""
    if whole <= 0:
        return "n/a"
    sign = "-" if part < 0 else ""
    return f"{sign}{format_micros(abs(part) * 100 * MICROS // whole, 2)} %"


def instant(time_ns: int) -> str:
    """Return a UTC time to the millisecond."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ns % 1_000_000_000 // 1_000_000:03d} UTC"


def days(duration_ns: int) -> str:
    """Return a duration in days or hours, cut."""
    hours = duration_ns // 3_600_000_000_000
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


def shortened(identifier: str) -> str:
    """Return a long hash with its middle left out."""
    return identifier if len(identifier) <= 20 else f"{identifier[:10]}...{identifier[-6:]}"


def market_name(legs: Iterable[Leg], market: int) -> str:
    """Return a market's title, or its number where the portfolio holds nothing of it."""
    found = next((leg.title for leg in legs if leg.market_index == market), "")
    return plain(found)[:_TITLE_MAX] or f"market {market + 1} (not held)"


def logic_lines(opportunity: Opportunity) -> list[str]:
    """Return how the group's markets are tied together, in sentences."""
    count = opportunity.market_count
    lines = [kind_sentence(opportunity.kind, count)]
    if opportunity.kind is GroupKind.LADDER:
        lines.append(_rungs(opportunity))
    if opportunity.logic != UNTIED:
        lines += _constraints(opportunity)
    lines.append(_known_because(opportunity))
    if opportunity.question_count is not None:
        lines.append(f"Questions on chain: {opportunity.question_count}.")
    return lines


def _known_because(opportunity: Opportunity) -> str:
    reason = plain(opportunity.reason) or "no reason given"
    match opportunity.kind:
        case GroupKind.EXACTLY_ONE:
            return f"Known to exhaust what can happen: {reason}."
        case GroupKind.AT_MOST_ONE:
            return f"Not taken to exhaust what can happen: {reason}."
        case _:
            return f"{reason[0].upper()}{reason[1:]}."


def event_name(slug: str, event_id: str) -> str:
    """Return how an event may be asked for."""
    return f"{slug} ({event_id})" if slug not in {"", event_id} else event_id


def kind_sentence(kind: GroupKind, count: int) -> str:
    """Return which joint outcomes of `count` markets are possible."""
    match kind:
        case GroupKind.BINARY:
            return "A single market: YES or NO, and nothing else to hold against it."
        case GroupKind.EXACTLY_ONE:
            return f"Exactly one of {count} wins."
        case GroupKind.AT_MOST_ONE:
            return f"At most one of {count} wins; it may be none of them."
        case GroupKind.LADDER:
            return f"A ladder of {count}: each rung implies the next."
        case GroupKind.GENERAL:
            return f"{count} markets, tied together by reviewed relations:"


def _rungs(opportunity: Opportunity) -> str:
    held = sorted(leg.market_index for leg in opportunity.legs)
    return "  " + " => ".join(market_name(opportunity.legs, m) for m in held)


def _constraints(opportunity: Opportunity) -> list[str]:
    legs, logic = opportunity.legs, opportunity.logic
    lines = [_clique(legs, c) for c in logic.cliques] + [_clause(legs, c) for c in logic.clauses]
    hidden = len(lines) - CONSTRAINTS_SHOWN
    shown = [f"  {line}" for line in lines[:CONSTRAINTS_SHOWN]]
    return [*shown, f"  and {hidden} more"] if hidden > 0 else shown


def _clique(legs: Sequence[Leg], clique: Sequence[Literal]) -> str:
    return f"at most one of: {'; '.join(_literal(legs, x) for x in clique)}"


def _clause(legs: Sequence[Leg], clause: Sequence[Literal]) -> str:
    premises = [x for x in clause if x < 0]
    if len(clause) == 2 and len(premises) == 1:
        (conclusion,) = (x for x in clause if x > 0)
        return f"{_literal(legs, -premises[0])} => {_literal(legs, conclusion)}"
    if len(clause) == 2 and len(premises) == 2:
        return f"never both: {'; '.join(_literal(legs, -x) for x in clause)}"
    return f"at least one of: {'; '.join(_literal(legs, x) for x in clause)}"


def _literal(legs: Sequence[Leg], literal: Literal) -> str:
    name = market_name(legs, market_of(literal))
    return name if literal > 0 else f"not {name}"


def tail_words(name: str, legs: Sequence[Leg]) -> str:
    """Return what an abnormal outcome is, from its name in a certificate."""
    if name == NO_WINNER:
        return "nobody wins, although a review says that somebody must"
    if name == VOID_ALL:
        return "every market held is called off: all tokens pay one half"
    what, _, market = name.partition(":")
    if what == VOID and market.isdecimal():
        return f"{market_name(legs, int(market))} is called off: both its tokens pay one half"
    return plain(name)


def world_words(opportunity: Opportunity, winners: Sequence[int]) -> str:
    """Return a core world as the markets held see it. winners: those of them that resolve YES."""
    legs, held = opportunity.legs, sorted(leg.market_index for leg in opportunity.legs)
    names = [market_name(legs, m) for m in winners]
    others = opportunity.market_count - len(held)
    match opportunity.kind:
        case GroupKind.EXACTLY_ONE | GroupKind.AT_MOST_ONE if winners:
            return f"{names[0]} wins"
        case GroupKind.EXACTLY_ONE:
            return "one that is not held wins"
        case GroupKind.AT_MOST_ONE:
            return "none of these wins" if others else "nobody wins"
        case GroupKind.LADDER if winners:
            return f"YES: {names[0]} and every wider one"
        case _:
            return f"YES: {'; '.join(names)}" if winners else "all of them NO"


def buys(leg: Leg) -> str:
    """Return which token a leg buys."""
    return "YES" if leg.outcome is Outcome.YES else "NO"

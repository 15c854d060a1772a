"""How the simulated time ends: every open question gets an answer that the others allow. Pure."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.world import ListedEvent, Listing

PayoutOf = Callable[[str], Price | None]
"""A condition's payout in micros per YES token, None while it is unresolved."""


def answers(
    events: Sequence[ListedEvent], *, payout_of: PayoutOf, rng: Random
) -> Iterator[tuple[str, Price]]:
    """Yield (condition id, micros per YES token) for every unresolved question of `events`.

    Outcomes are drawn with the probabilities that the listing started from. At most one question
    of a negative-risk event is YES, exactly one where somebody must win; of nested questions every
    one that is likelier than a YES; and whatever a YES of an earlier event implies. What is
    already resolved binds the rest.
    """
    draw = _Draw(events, payout_of, rng)
    for listed in events:
        for question, wins in zip(listed.questions, draw.winners(listed), strict=True):
            condition_id = question.market.condition_id
            if question.version == "v1" and payout_of(condition_id) is None:
                yield condition_id, Price(MICROS if wins else 0)


def nested_winners(
    fairs: Sequence[int], rng: Random, *, above: int = 0, below: int = MICROS
) -> list[bool]:
    """Return which of several nested questions are YES: those likelier than one drawn number.

    above, below: what the number lies between, in micros.
    """
    drawn = rng.randrange(above, below)
    return [drawn < fair for fair in fairs]


def winners_by_hand(listed: ListedEvent, winner: str) -> list[bool]:
    """Return which questions are YES when the one with this condition id is; "" is none.

    Of nested questions all that it implies are YES too.
    """
    named = [q for q in listed.questions if q.market.condition_id == winner]
    nested = listed.kind is Kind.NESTED
    return [any(q is n or (nested and q.fair >= n.fair) for n in named) for q in listed.questions]


def contradiction(events: Sequence[ListedEvent], payout_of: PayoutOf) -> str:
    """Return which two slugs are resolved against what one implies, "" where none are."""
    questions = {q.slug: q for e in events for q in e.questions}
    for question in questions.values():
        premise = questions.get(question.implied_by)
        lost = payout_of(question.market.condition_id) == 0
        if premise and lost and payout_of(premise.market.condition_id) == MICROS:
            return f"{premise.slug} without {question.slug}"
    return ""


class _Draw:
    """One drawing of everything that is open."""

    def __init__(self, events: Sequence[ListedEvent], payout_of: PayoutOf, rng: Random) -> None:
        self._payout_of = payout_of
        self._rng = rng
        self._fair_of = {q.slug: q.fair for e in events for q in e.questions}
        self._excluded = {q.implied_by for e in events for q in e.questions if self._lost(q)}
        self._won: set[str] = set()

    def winners(self, listed: ListedEvent) -> list[bool]:
        """Return which questions of the next event are YES."""
        if listed.event.neg_risk:
            wins = self._exclusive(listed)
        elif listed.kind is Kind.NESTED:
            wins = self._nested(listed)
        else:
            wins = [self._alone(q) for q in listed.questions]
        self._won.update(q.slug for q, won in zip(listed.questions, wins, strict=True) if won)
        return wins

    def _settled(self, question: Listing) -> Price | None:
        return self._payout_of(question.market.condition_id)

    def _lost(self, question: Listing) -> bool:
        return self._settled(question) == 0

    def _exclusive(self, listed: ListedEvent) -> list[bool]:
        settled = [self._settled(q) == MICROS for q in listed.questions]
        if any(settled):
            return settled
        open_ended = listed.kind is not Kind.DECIDED
        rest = max(0, MICROS - sum(q.fair for q in listed.questions)) if open_ended else 0
        weights = [0 if self._impossible(q) else q.fair for q in listed.questions]
        if not any(weights) and not rest:
            return settled
        (picked,) = self._rng.choices(range(len(weights) + 1), weights=[*weights, rest])
        return [index == picked for index in range(len(weights))]

    def _impossible(self, question: Listing) -> bool:
        return self._lost(question) or question.slug in self._excluded

    def _nested(self, listed: ListedEvent) -> list[bool]:
        fairs = [q.fair for q in listed.questions]
        above = max((q.fair for q in listed.questions if self._lost(q)), default=0)
        yes = (q.fair for q in listed.questions if self._settled(q) == MICROS)
        return nested_winners(fairs, self._rng, above=above, below=min(yes, default=MICROS))

    def _alone(self, question: Listing) -> bool:
        """Draw one question, likelier by as much as its premise has not come true."""
        if question.implied_by in self._won:
            return True
        premise = self._fair_of.get(question.implied_by, 0)
        return self._rng.randrange(MICROS - premise) < question.fair - premise

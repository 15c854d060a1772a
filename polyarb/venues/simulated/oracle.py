"""How the simulated time ends: every open question gets an answer, drawn once per event. Pure."""

from collections.abc import Callable, Iterator
from random import Random

from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.world import ListedEvent

IsOpen = Callable[[str], bool]
"""Whether a condition is still unresolved."""


def answers(
    events: tuple[ListedEvent, ...], *, is_unresolved: IsOpen, rng: Random
) -> Iterator[tuple[str, Price]]:
    """Yield (condition id, micros per YES token) for every unresolved question of `events`.

    Outcomes are drawn with the probabilities that the listing started from. At most one question
    of a negative-risk event is YES, exactly one where somebody must win.
    """
    for listed in events:
        fairs = [q.fair for q in listed.questions]
        if listed.event.neg_risk:
            rest = 0 if listed.kind is Kind.DECIDED else max(0, MICROS - sum(fairs))
            picked = rng.choices(range(len(fairs) + 1), weights=[*fairs, rest])[0]
            paid = [MICROS if i == picked else 0 for i in range(len(fairs))]
        else:
            paid = [MICROS if rng.randrange(MICROS) < fair else 0 for fair in fairs]
        for question, payout in zip(listed.questions, paid, strict=True):
            if question.version == "v1" and is_unresolved(question.market.condition_id):
                yield question.market.condition_id, Price(payout)

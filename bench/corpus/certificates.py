"""Certificates by the thousand: all of the corpus verify, and no change of a field passes unnamed.

Beside the verifier, what every portfolio nets is counted in the worlds of the case it came from.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from bench.corpus.cases import Labelled
from bench.corpus.mutations import HARMLESS, keeps_its_claim, mutations, sealed
from bench.corpus.ours import best, books_of, built, group_of
from bench.corpus.truth import Position, worst_net
from polyarb.core.certificate import verify
from polyarb.core.executable import TooSmall, resize
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Size
from polyarb.core.opportunity import Opportunity

WORLDS_MAX: Final = 300
"""Of a case whose opportunity is changed: what is accepted is counted in every world."""

CERTIFICATES: Final = 10_000
MUTATIONS: Final = 10_000

_IDENTIFIERS: Final = frozenset({"legs.token_id", "legs.complement_token_id"})

Sent = tuple[Labelled, Opportunity]


@dataclass(slots=True)
class Verified:
    """Certificates that were checked, by the kind of their group, and what was wrong."""

    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Mutated:
    """Changes that were tried and accepted, by field, and what was wrong."""

    tried: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def sent_of(cases: Iterable[Labelled]) -> Iterator[Sent]:
    """Yield what can be sent of each case, on the share lattice and with its proof."""
    for case in cases:
        group = group_of(case)
        opportunity = built(case, group, best(group, books_of(case, group)))
        if opportunity is not None:
            yield case, opportunity


def resized(sent: Sequence[Sent], *, count: int, rng: Random) -> Iterator[Sent]:
    """Yield `count` opportunities: those sent, then each of them at random smaller sizes."""
    yield from sent[:count]
    left = count - len(sent)
    while left > 0:
        case, opportunity = rng.choice(sent)
        sets = Size(rng.randrange(opportunity.certificate.face))
        smaller = resize(opportunity, sets)
        if not isinstance(smaller, TooSmall):
            left -= 1
            yield case, smaller


def verified(sent: Iterable[Sent]) -> Verified:
    """Return what the verifier and the worlds of each case say of the certificates."""
    result = Verified()
    for case, opportunity in sent:
        result.kinds[opportunity.kind.value] += 1
        fault = verify(opportunity)
        if fault is not None:
            result.faults.append(f"{case.name}: certificate: {fault}")
        if not _really_pays(case, opportunity):
            result.faults.append(f"{case.name}: pays less than its certificate")
    return result


def mutated(sent: Sequence[Sent], *, count: int, rng: Random) -> Mutated:
    """Return what becomes of `count` changes, from opportunities drawn one after the other."""
    result, left = Mutated(), count
    few = [(case, o) for case, o in sent if case.space.count <= WORLDS_MAX]
    for case, opportunity in rng.sample(few, len(few)):
        changes = list(mutations(opportunity))
        for name, changed in rng.sample(changes, min(len(changes), left, 200)):
            left -= 1
            result.tried[name] += 1
            result.kinds[opportunity.kind.value] += 1
            _take(result, case, name, sealed(changed))
    if left:
        result.faults.append(f"only {count - left} of {count} changes could be tried")
    return result


def _take(result: Mutated, case: Labelled, name: str, changed: Opportunity) -> None:
    if verify(changed) is not None:
        return
    result.accepted[name] += 1
    if name not in HARMLESS:
        result.faults.append(f"{case.name}: a change of {name} was accepted")
    if not keeps_its_claim(changed):
        result.faults.append(f"{case.name}: {name} changed: some world pays less than is claimed")
    if name not in _IDENTIFIERS and not _really_pays(case, changed):
        result.faults.append(f"{case.name}: {name} changed: the tokens pay less than is claimed")


def _really_pays(case: Labelled, opportunity: Opportunity) -> bool:
    """Return whether the tokens that would be bought net what is claimed, whatever happens."""
    tokens = {
        market.token(outcome): (place, outcome)
        for place, (market, _) in enumerate(case.quoted)
        for outcome in Outcome
    }
    bought = [Position(*tokens[leg.token_id], leg.levels) for leg in opportunity.legs]
    return worst_net(case, bought) >= opportunity.certificate.guaranteed * MICROS**3

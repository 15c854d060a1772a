"""Measures detectors on the corpus, and says what is wrong with ours."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Final

from bench.corpus.cases import Case, Family, Labelled
from bench.corpus.naive import NAIVE
from bench.corpus.naive_tied import NAIVE_TIED
from bench.corpus.ours import Finder, books_of, built, detect, group_of, legs_of, portfolio_of
from bench.corpus.programs import POSITIVE, Program
from bench.corpus.tied import TiedCase
from bench.corpus.truth import YOCTO, Portfolio, worst_net
from polyarb.core.certificate import verify
from polyarb.core.money import MICROS
from polyarb.core.opportunity import Opportunity

TOLERANCE: Final = 1e-9
SHARE_MIN: Final = 0.2
"""Of every class: how much holds a true arbitrage, and how much a naive false one."""

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A portfolio that a detector proposes. net: in its worst world, in 1e-24 collateral."""

    net: int

    @property
    def true(self) -> bool:
        """Return whether it pays whatever happens."""
        return self.net > 0

    @property
    def dollars(self) -> float:
        """Return the net in its worst world."""
        return self.net / YOCTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case and all verdicts on it. best: the most that can be guaranteed, in dollars.

    denied: whether the gate sent nothing where executable orders pay.
    """

    case: Labelled
    best: float
    claimed: float
    ours: Claim | None
    naive: dict[str, Claim | None]
    sent: Opportunity | None
    sent_net: int
    alarmed: bool
    denied: bool
    find_ns: int
    program_ns: int

    @property
    def positive(self) -> bool:
        """Return whether there is a true arbitrage."""
        return self.best > POSITIVE

    @property
    def fooled(self) -> bool:
        """Return whether some naive detector proposes what can lose."""
        return any(claim is not None and not claim.true for claim in self.naive.values())

    @property
    def leaked(self) -> bool:
        """Return whether what is sent has a leg on a crossed book."""
        crossed = {market.condition_id for market, book in self.case.quoted if book.crossed}
        return self.sent is not None and any(g.condition_id in crossed for g in self.sent.legs)

    @property
    def deviation(self) -> float:
        """Return how far our dollars, claimed and counted, are from the program's, relatively."""
        best = self.best if self.positive else 0.0
        counted = self.ours.dollars if self.ours else 0.0
        return max(abs(x - best) for x in (self.claimed, counted)) / (best or 1.0)


@dataclass(frozen=True, slots=True)
class Score:
    """What one detector makes of some cases. worst: the worst world of its worst claim, dollars."""

    positives: int
    found: int
    false: int
    dollars: float
    worst: float


def judge(cases: Iterable[Labelled], finder: Finder, clock: Clock) -> Iterator[Judged]:
    """Yield the verdicts on each case. clock: nanoseconds."""
    program = Program()
    for case in cases:
        group = group_of(case)
        books = books_of(case, group)
        started = clock()
        solution = finder(group, books)
        find_ns = clock() - started
        program.load(case)
        started = clock()
        best = program.solve()
        program_ns = clock() - started
        sent, alarmed = detect(case, group)
        yield Judged(
            case=case,
            best=best,
            claimed=solution.profit / YOCTO,
            ours=_claim(case, portfolio_of(case, group, solution)),
            naive={name: _claim(case, found) for name, found in _naive(case)},
            sent=sent,
            sent_net=worst_net(case, legs_of(case, sent)) if sent else 0,
            alarmed=alarmed,
            denied=sent is None and built(case, group, solution) is not None,
            find_ns=find_ns,
            program_ns=program_ns,
        )


def _naive(case: Labelled) -> Iterator[tuple[str, Portfolio]]:
    if isinstance(case, Case):
        yield from ((name, detector(case)) for name, detector in NAIVE.items())
    if isinstance(case, TiedCase):
        yield from ((name, detector(case)) for name, detector in NAIVE_TIED.items())


def _claim(case: Labelled, portfolio: Portfolio) -> Claim | None:
    return Claim(worst_net(case, portfolio)) if portfolio else None


def score(judged: Sequence[Judged], claims: Sequence[Claim | None]) -> Score:
    """Return the score of a detector from its claims on the judged cases, in their order.

    Found: a positive case with a claim that pays in every world. False: a claim that does not.
    """
    made = [claim for claim in claims if claim is not None]
    pairs = zip(judged, claims, strict=True)
    return Score(
        positives=sum(j.positive for j in judged),
        found=sum(j.positive and claim is not None and claim.true for j, claim in pairs),
        false=sum(not claim.true for claim in made),
        dollars=sum(claim.dollars for claim in made if claim.true),
        worst=min((claim.dollars for claim in made), default=0.0),
    )


def of_family(judged: Sequence[Judged], family: Enum) -> list[Judged]:
    """Return the cases of one class."""
    return [j for j in judged if j.case.family is family]


def faults(judged: Sequence[Judged], families: Iterable[Enum] = Family) -> list[str]:
    """Return what the corpus, the finder or the gate fails in; empty is a pass."""
    found = [fault for j in judged for fault in case_faults(j)]
    for family in families:
        cases = of_family(judged, family)
        for name, count in (
            ("true arbitrage", sum(j.positive for j in cases)),
            ("naive false arbitrage", sum(j.fooled for j in cases)),
        ):
            if not cases or count < SHARE_MIN * len(cases):
                found.append(f"{family.value}: {name} in {count} of {len(cases)}: proves nothing")
    return found


def case_faults(j: Judged) -> Iterator[str]:
    """Yield what the finder or the gate fails in on one case."""
    name = j.case.name
    if j.positive and not (j.ours and j.ours.true):
        yield f"{name}: missed ${j.best:.6f}"
    if j.ours and not (j.positive and j.ours.true):
        yield f"{name}: false arbitrage, worst world ${j.ours.dollars:.6f}"
    if j.deviation > TOLERANCE:
        yield f"{name}: ${j.claimed!r} claimed, the program has ${j.best!r}"
    if j.case.crossed is not j.alarmed:
        yield f"{name}: {'no' if j.case.crossed else 'an'} alarm for a crossed book"
    if j.denied:
        yield f"{name}: the gate lets nothing pass, and there are orders that pay"
    if j.sent is not None:
        yield from (f"{name}: {fault}" for fault in _sent_faults(j, j.sent))


def _sent_faults(j: Judged, sent: Opportunity) -> Iterator[str]:
    if j.case.family is Family.BINARY or j.leaked:
        yield "a data alarm passed the gate"
    fault = verify(sent)
    if fault is not None:
        yield f"certificate: {fault}"
    nets, guaranteed = j.sent_net / YOCTO, sent.certificate.guaranteed
    if not 0 < guaranteed * YOCTO <= j.sent_net * MICROS:
        yield f"sent as {guaranteed} micros, nets ${nets!r}"
    if nets > j.best * (1 + TOLERANCE):
        yield f"sent for ${nets!r}, the program has ${j.best!r}: more than the books hold"


def microseconds(spans_ns: Iterable[int]) -> float:
    """Return the median of spans of time."""
    return median(spans_ns) / 1_000

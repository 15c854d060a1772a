"""A portfolio on a page: the logic, the legs, the worlds, both profits and the certificate."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from polyarb.cli.explain import wording
from polyarb.cli.explain.layout import BAD, GOOD, facts, heading, lines, row, table
from polyarb.cli.explain.proof import Proof
from polyarb.cli.explain.worlds import WORLDS_MAX, HeldWorld
from polyarb.core.money import MICROS
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.returns import returns


def portfolio_parts(opportunity: Opportunity, proof: Proof) -> Iterator[RenderableType]:
    """Yield the sections that explain a portfolio."""
    yield heading("The logic")
    yield lines(proof.logic)
    yield heading("Legs: what is bought, level by level")
    yield _legs(opportunity)
    yield lines(_tranches(opportunity))
    yield from _worlds(opportunity, proof)
    yield heading("What it is worth")
    yield facts(list(_worth(opportunity)))
    yield heading("The certificate")
    yield facts(list(_certificate(opportunity, proof)))


def _legs(opportunity: Opportunity) -> RenderableType:
    made = table("#", "<market>", "buy", "limit", "price x size", "cost", "fee max", "left", "exit")
    for number, leg in enumerate(opportunity.legs, 1):
        row(
            made,
            str(number),
            wording.plain(leg.title),
            wording.buys(leg),
            wording.amount(leg.limit_price),
            "\n".join(f"{wording.amount(p)} x {wording.size(s)}" for p, s in leg.levels),
            wording.amount(leg.cost),
            wording.amount(leg.fee_most),
            wording.size(leg.depth - leg.size),
            _exit(leg),
        )
    made.caption = (
        "left: tokens still on offer at the limit or better. exit: best bid, and what selling the"
        " whole leg back brings."
    )
    made.caption_justify = "left"
    return made


def _exit(leg: Leg) -> str:
    if not leg.exit_levels:
        return "no bid"
    best, back = wording.amount(leg.exit_levels[0].price), wording.amount(leg.exit_proceeds)
    covered = sum(level.size for level in leg.exit_levels) >= leg.size
    return f"{best} bid\n{back} back" if covered else f"{best} bid\n{back} part"


def _tranches(opportunity: Opportunity) -> list[str]:
    every = tuple(range(len(opportunity.legs)))
    return [
        f"Tranche {number}: {wording.size(tranche.size)} sets of "
        + (
            "every leg"
            if tranche.legs == every
            else f"legs {', '.join(str(leg + 1) for leg in tranche.legs)}"
        )
        for number, tranche in enumerate(opportunity.tranches, 1)
    ]


def _worlds(opportunity: Opportunity, proof: Proof) -> Iterator[RenderableType]:
    if proof.worst is not None:
        some = f"Core worlds: more than {WORLDS_MAX}, here the worst"
        every = f"Core worlds: all {len(proof.worlds or ())} that the portfolio can tell apart"
        yield heading(every if proof.worlds else some)
        yield _world_table(opportunity, proof.worlds or (proof.worst,))
    tails = opportunity.certificate.tail_worlds
    if tails:
        yield heading("Tail worlds: outside the logic")
        made = table("<if>", "net at worst")
        for tail in tails:
            words = wording.tail_words(tail.name, opportunity.legs)
            row(made, words, wording.gain(tail.profit))
        yield made


def _world_table(opportunity: Opportunity, worlds: tuple[HeldWorld, ...]) -> RenderableType:
    made = table("<if>", "pays", "net", "")
    for world in worlds:
        row(
            made,
            wording.world_words(opportunity, world.winners),
            wording.amount(world.pays),
            wording.gain(world.net),
            "worst" if world.net == worlds[0].net else "",
        )
    return made


def _worth(opportunity: Opportunity) -> Iterator[tuple[str, str | Text]]:
    proof = opportunity.certificate
    yield "pays at worst", f"{wording.amount(proof.payoff)} in the worst core world"
    yield "costs", f"{wording.amount(proof.cost)} before fees"
    yield "fees", f"{wording.amount(proof.fees)} at most"
    yield (
        "hold",
        f"{wording.gain(proof.guaranteed)} guaranteed at the resolution{_when(opportunity)}",
    )
    if proof.settle_now is None:
        earned = returns(opportunity)
        locked = f"locked for about {earned.locked_days:.0f} days, disputes included"
        yield "settle now", "nothing converts: the cash comes with the resolution"
        yield "a year", f"{100 * earned.annualised:.2f} % simple interest, {locked}"
    else:
        yield "settle now", f"{wording.gain(proof.settle_now)} by converting the NO tokens at once"
    yield "per set", _per_set(opportunity)
    if proof.tail_worlds:
        worst = proof.worst_tail_profit
        told = "proved: not even an abnormal outcome loses" if proof.proved else "at worst"
        yield "abnormal", f"{wording.gain(worst)} {told}"
    best = wording.gain(opportunity.best_profit)
    yield "all depth", f"{best} was the exact optimum found, before lots and minimum sizes"


def _per_set(opportunity: Opportunity) -> str:
    proof = opportunity.certificate
    if proof.face <= 0:
        return "n/a"
    return (
        f"{wording.gain(proof.guaranteed * MICROS // proof.face)} on a face of 1.00, "
        f"{wording.size(proof.face)} sets; {wording.percent(proof.profit, opportunity.cost)} of "
        "what it costs"
    )


def _when(opportunity: Opportunity) -> str:
    if opportunity.end_time_ns is None:
        return ", whose day the venue does not tell"
    left = max(0, opportunity.end_time_ns - opportunity.detected_time_ns)
    return f", about {wording.instant(opportunity.end_time_ns)[:10]} ({wording.days(left)} later)"


def _certificate(opportunity: Opportunity, proof: Proof) -> Iterator[tuple[str, str | Text]]:
    yield "digest", opportunity.certificate.digest
    if proof.fault is None:
        yield "verified again", Text("yes, here and now, in integers", style=GOOD)
    else:
        yield "verified again", Text(f"NO: {wording.plain(proof.fault)}", style=BAD)
    ages = [opportunity.detected_time_ns - leg.book_time_ns for leg in opportunity.legs]
    oldest = max(0, *ages) / 1e6
    lasted = max(0, opportunity.detected_time_ns - opportunity.first_seen_time_ns) / 1e6
    yield "books", f"the oldest was {oldest:.0f} ms old; the chance had lasted {lasted:.0f} ms"

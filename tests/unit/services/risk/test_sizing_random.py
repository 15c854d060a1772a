"""Sizing at random: whatever is approved keeps every promise, whatever is sent is survived."""

from dataclasses import replace
from random import Random
from typing import Any

from polyarb.core.basket import BindingConstraint
from polyarb.core.certificate import verify
from polyarb.core.errors import BadInput
from polyarb.core.features import BUCKETS, bucket_of
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import Refused
from polyarb.core.returns import returns
from polyarb.v1 import opportunity_pb2
from polyarb.wire.opportunity import opportunity_from, opportunity_to
from services.risk.exposure import Portfolio, Record
from services.risk.sizing import Policy, Sized, size
from unit.services.risk.desk import NOW, ONE, SECOND, policy, portfolio, random_opportunity

CASES = 1_000
SEED = 20_260_822


def _money(rng: Random, most: int) -> Collateral:
    return Collateral(int(most * rng.random() ** 3) * ONE + rng.randrange(ONE))


def _policy(rng: Random) -> Policy:
    return policy(
        daily_loss=_money(rng, 500),
        position=_money(rng, 2_000),
        tail_loss=_money(rng, 500),
        bankroll=rng.choice((Collateral(0), _money(rng, 5_000))),
        exploration=rng.choice((None, _money(rng, 50))),
        min_profit=rng.choice((0, 5_000, 20_000)),
        min_discrepancy=rng.choice((0, 10_000, 30_000)),
        loss_fraction=rng.choice(("auto", 0.3, 1.0)),
        min_confidence=rng.choice((0.0, 0.0, 0.5)),
        kelly_multiplier=rng.choice((0.5, 1.0)),
        hurdle_rate=rng.choice((0.0, 0.04, 0.2)),
    )


def _portfolio(rng: Random) -> Portfolio:
    ended = rng.choice((0, 19, 20, 300))
    record = Record(ended, ended - rng.choice((0, 0, ended // 10)))
    return portfolio(
        collateral=_money(rng, 10_000),
        reserved=_money(rng, 200),
        open_cost=_money(rng, 100),
        open_worst_value=_money(rng, 100),
        realised_today=Collateral(_money(rng, 100) - 50 * ONE),
        worst_loss_held=_money(rng, 60),
        exploration_today=_money(rng, 30),
        open_positions=rng.randint(0, 10),
        records={"no_set": record, "yes_set": record},
    )


def _with_buckets(rng: Random, held: Portfolio) -> Portfolio:
    """Return the portfolio with a record of some of the buckets too, good or bad."""
    records = dict(held.records)
    for bucket in sorted(BUCKETS):
        ended = rng.choice((0, 0, 0, 5, 25, 300))
        records[bucket] = Record(ended, int(ended * rng.choice((0.5, 0.9, 1.0))))
    return replace(held, records=records)


def _faults(basket: Sized, offered: Opportunity, held: Portfolio, terms: Policy) -> list[str]:
    """Return the promises that an approval breaks."""
    limits, certificate = terms.limits, basket.opportunity.certificate
    by_token = {leg.token_id: leg for leg in offered.legs}
    promises = {
        "proved": verify(basket.opportunity) is None,
        "profit": certificate.profit > 0 and certificate.guaranteed > 0,
        "min_profit": certificate.net_edge_micros >= limits.min_profit,
        "min_discrepancy": certificate.gross_edge_micros >= limits.min_discrepancy,
        "position": basket.opportunity.cost <= limits.position,
        "tail": -certificate.worst_tail_profit <= limits.tail_loss,
        "capital": basket.reserved <= held.collateral - held.reserved,
        "bankroll": not limits.bankroll
        or basket.reserved + held.reserved + held.open_cost <= limits.bankroll,
        "day": held.daily_loss_used + basket.worst_loss <= limits.daily_loss,
        "positions": held.open_positions < limits.open_positions,
        "exploration": basket.binding_constraint is not BindingConstraint.EXPLORATION
        or limits.exploration is None
        or held.exploration_today + basket.worst_loss <= limits.exploration,
        "history": (basket.binding_constraint is BindingConstraint.EXPLORATION)
        == (held.record_of_kind(bucket_of(offered)).ended < 20),
        "hurdle": returns(basket.opportunity).settles_now
        or returns(basket.opportunity).discounted(terms.hurdle_rate) > 0,
        "confidence": terms.min_confidence * 0.05 <= basket.confidence <= 1,
        "reserved": basket.reserved >= basket.opportunity.cost >= 0 <= basket.worst_loss,
        "offered": all(
            leg.levels[:-1] == by_token[leg.token_id].levels[: len(leg.levels) - 1]
            and leg.levels[-1].price == by_token[leg.token_id].levels[len(leg.levels) - 1].price
            and leg.levels[-1].size <= by_token[leg.token_id].levels[len(leg.levels) - 1].size
            for leg in basket.opportunity.legs
        ),
    }
    return [name for name, kept in promises.items() if not kept]


def test_whatever_is_approved_keeps_every_promise() -> None:
    """Proved, profitable, inside every cap, and no larger than what was offered."""
    rng, seen, broken = Random(SEED), dict[str, int](), []
    for case in range(CASES):
        offered, held, terms = random_opportunity(rng), _portfolio(rng), _policy(rng)
        held = rng.choice((held, _with_buckets(rng, held)))

        found = size(offered, held, terms, NOW)

        verdict = found.code.name if isinstance(found, Refused) else found.binding_constraint.name
        seen[verdict] = seen.get(verdict, 0) + 1
        if isinstance(found, Sized) and (faults := _faults(found, offered, held, terms)):
            broken.append((case, faults))

    assert not broken, f"seed {SEED}: {broken[:5]}"
    assert {c.name for c in BindingConstraint} <= seen.keys(), f"seed {SEED}: {seen}"


def test_more_room_never_makes_a_basket_smaller() -> None:
    """Each cap alone, raised: what was approved stays approved, at its size or a larger one."""
    rng, broken = Random(SEED + 1), []
    for case in range(CASES // 4):
        offered, held, terms = random_opportunity(rng), _portfolio(rng), _policy(rng)
        terms = replace(terms, limits=replace(terms.limits, bankroll=Collateral(0)))
        before = size(offered, held, terms, NOW)
        if isinstance(before, Refused):
            continue
        for cap in ("position", "tail_loss", "daily_loss"):
            wider = replace(terms.limits, **{cap: 2 * getattr(terms.limits, cap)})
            after = size(offered, held, replace(terms, limits=wider), NOW)
            if isinstance(after, Refused) or after.opportunity.cost < before.opportunity.cost:
                broken.append((case, cap))

    assert not broken, f"seed {SEED + 1}: {broken[:5]}"


def _mutate(message: Any, rng: Random) -> None:
    """Change one random field anywhere in a message."""
    whole = message
    while True:
        field = rng.choice(message.DESCRIPTOR.fields)
        value = getattr(message, field.name)
        if field.is_repeated and value:
            if field.message_type is None:
                value[rng.randrange(len(value))] = rng.choice((-1, 0, 1, 2, 7, 2**31 - 1))
                return
            if rng.random() < 0.2:
                del value[rng.randrange(len(value))]
                return
            message = value[rng.randrange(len(value))]
        elif field.is_repeated:
            message = whole  # nothing in here to change: look elsewhere
        elif field.message_type is not None:
            message = value
        elif isinstance(value, str):
            setattr(message, field.name, rng.choice(("", "x", "0x" + "0" * 64, "1")))
            return
        elif isinstance(value, bool):
            setattr(message, field.name, not value)
            return
        else:
            near = rng.choice((-value, value + 1, value * 2, value // 2, 0, 1, -1, 2**31 - 1))
            setattr(message, field.name, max(-(2**31), min(2**31 - 1, near)))
            return


def test_whatever_comes_over_the_wire_is_judged_and_never_crashes() -> None:
    """Up to three fields changed at random: refused, or still an approval that keeps its word."""
    rng, verdicts, broken = Random(SEED + 2), dict[str, int](), []
    for case in range(CASES * 2):
        message = opportunity_pb2.Opportunity()
        message.CopyFrom(opportunity_to(random_opportunity(rng)))
        for _ in range(rng.randint(1, 3)):
            _mutate(message, rng)
        held, terms = _portfolio(rng), _policy(rng)
        try:
            offered = opportunity_from(message)
        except BadInput:
            verdicts["BAD_INPUT"] = verdicts.get("BAD_INPUT", 0) + 1
            continue

        found = size(offered, held, terms, NOW + rng.randint(0, SECOND))

        name = found.code.name if isinstance(found, Refused) else "APPROVED"
        verdicts[name] = verdicts.get(name, 0) + 1
        if isinstance(found, Sized) and (faults := _faults(found, offered, held, terms)):
            broken.append((case, faults))

    assert not broken, f"seed {SEED + 2}: {broken[:5]}"
    assert min(verdicts[k] for k in ("BAD_INPUT", "BAD_CERTIFICATE", "APPROVED")) > 20, verdicts

"""Requests that must not come near the books."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from integration.ledger_parts import ONE, completed, execution, fill, intent
from polyarb.core.basket import ChainAction, ChainActionKind, ChainActionState, Intent
from polyarb.core.errors import BadInput
from polyarb.core.features import bucket_of
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import Collateral, Size
from polyarb.core.order import BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from services.ledger import checks

GOOD = intent("a")


def test_a_sound_intent_passes() -> None:
    """The control of everything below."""
    checks.check_intent(GOOD)
    checks.check_execution(completed(GOOD))


def test_legs_of_both_outcomes_pass() -> None:
    """What relations tie is bought on both sides."""
    legs = GOOD.opportunity.legs
    mixed = (replace(legs[0], outcome=Outcome.YES), legs[1])
    opportunity = replace(GOOD.opportunity, kind=GroupKind.LADDER, legs=mixed)

    checks.check_intent(replace(GOOD, opportunity=opportunity, bucket=bucket_of(opportunity)))


@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        ("intent.intent_id", lambda b: replace(b, intent_id="basket 7")),
        ("intent.intent_id", lambda b: replace(b, intent_id=b.intent_id.upper())),
        ("intent.epoch", lambda b: replace(b, epoch=0)),
        ("intent.reserved_micros", lambda b: replace(b, reserved=Collateral(0))),
        ("intent.reserved_micros", lambda b: replace(b, reserved=Collateral(9 * ONE - 1))),
        ("intent.worst_loss_micros", lambda b: replace(b, worst_loss=Collateral(-1))),
        ("intent.remedies", lambda b: replace(b, remedies=b.remedies + b.remedies[:1])),
        ("intent.bucket", lambda b: replace(b, bucket="")),
        ("intent.bucket", lambda b: replace(b, bucket="no_set")),
        ("intent.bucket", lambda b: replace(b, bucket="no_set/fresh/new/lucky")),
        ("intent.orders[0].leg", lambda b: replace(b, orders=b.orders[::-1])),
        (
            "intent.orders[0].order_id",
            lambda b: replace(b, orders=(replace(b.orders[0], order_id="0xAB"), b.orders[1])),
        ),
    ],
)
def test_a_malformed_intent_is_refused_by_field(
    field: str, spoil: Callable[[Intent], Intent]
) -> None:
    """The answer names what is wrong."""
    with pytest.raises(BadInput) as raised:
        checks.check_intent(spoil(GOOD))

    assert raised.value.field == field


def test_a_fill_that_is_no_whole_micro_is_taken() -> None:
    """The venue tells such sizes: they are booked rounded against us, not refused."""
    odd = execution(GOOD, BasketState.WORKING, fills=[fill(GOOD.orders[0], size=1)])

    checks.check_execution(odd)

    assert odd.fills[0].cash == -1 - odd.fills[0].fee


@pytest.mark.parametrize(
    ("kind", "collateral", "sizes"),
    [
        (ChainActionKind.MERGE, 10, (-10, -9)),
        (ChainActionKind.MERGE, 11, (-10, -10)),
        (ChainActionKind.MERGE, -10, (10, 10)),
        (ChainActionKind.SPLIT, 10, (-10, -10)),
        (ChainActionKind.SPLIT, -10, (10,)),
        (ChainActionKind.REDEEM, 10, (10,)),
        (ChainActionKind.CONVERT, 10, (10, 10)),
        (ChainActionKind.CONVERT, -1, (-10, -10)),
    ],
)
def test_an_action_that_makes_or_loses_tokens_is_refused(
    kind: ChainActionKind, collateral: int, sizes: tuple[int, ...]
) -> None:
    """A pair is worth exactly one collateral, in both directions."""
    action = ChainAction(
        action_id="x",
        kind=kind,
        subject_id="m",
        collateral=Collateral(collateral),
        tokens=tuple((str(i + 1), Size(size)) for i, size in enumerate(sizes)),
        state=ChainActionState.CONFIRMED,
    )

    with pytest.raises(BadInput):
        checks.check_execution(execution(GOOD, BasketState.SETTLING, actions=[action]))


@pytest.mark.parametrize(
    "field",
    [
        "daily_loss_micros_max",
        "open_positions_max",
        "bankroll_micros_max",
        "exploration_micros_max",
    ],
)
def test_a_negative_cap_is_refused(field: str) -> None:
    """Zero means nothing is allowed; below it means nothing at all."""
    with pytest.raises(BadInput, match=field):
        checks.check_limits(pb.Limits(**{field: -1}))

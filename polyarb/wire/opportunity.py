"""Markets, books and opportunities on the wire."""

from collections.abc import Iterable

from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import CONSTRAINTS_MAX, MARKETS_MAX
from polyarb.core.errors import BadInput
from polyarb.core.fees import FeeSchedule
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import TICK_SIZES, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import (
    AlarmKind,
    Certificate,
    DataAlarm,
    Leg,
    Opportunity,
    TailWorld,
    Tranche,
)
from polyarb.v1 import market_pb2, opportunity_pb2
from polyarb.wire.scalars import enum_name, enum_value, positive, time_ns, timestamp


def levels_to(levels: Iterable[Level]) -> list[market_pb2.Level]:
    """Return levels as messages, in order."""
    return [market_pb2.Level(price_micros=p, size_micros=s) for p, s in levels]


def levels_from(messages: Iterable[market_pb2.Level], field: str) -> tuple[Level, ...]:
    """Return levels in order. Raises BadInput for a price outside (0, 1) or no size."""
    levels = []
    for message in messages:
        if not 0 < message.price_micros < MICROS:
            raise BadInput(
                f"{field}.price_micros",
                f"must lie between 0 and 1000000, got {message.price_micros}",
            )
        size = positive(message.size_micros, f"{field}.size_micros")
        levels.append(Level(Price(message.price_micros), Size(size)))
    return tuple(levels)


def book_to(
    book: OrderBook, *, condition_id: str, receive_time_ns: int, quarantine_reason: str
) -> market_pb2.OrderBook:
    """Return a YES book as a message."""
    return market_pb2.OrderBook(
        condition_id=condition_id,
        bids=levels_to(book.bids),
        asks=levels_to(book.asks),
        version=book.version,
        receive_time=timestamp(receive_time_ns),
        quarantine_reason=quarantine_reason,
    )


def fee_to(fee: FeeSchedule) -> market_pb2.FeeSchedule:
    """Return a fee schedule as a message."""
    return market_pb2.FeeSchedule(rate_micros=fee.rate_micros, assumed=fee.assumed)


def fee_from(message: market_pb2.FeeSchedule, field: str) -> FeeSchedule:
    """Return a fee schedule. Raises BadInput for a rate outside 0..1."""
    if not 0 <= message.rate_micros <= MICROS:
        raise BadInput(f"{field}.rate_micros", f"must be 0 to 1000000, got {message.rate_micros}")
    return FeeSchedule(rate_micros=message.rate_micros, assumed=message.assumed)


def group_kind_to(kind: GroupKind) -> str:
    """Return a group kind as the message field takes it."""
    return enum_name(kind, "GROUP_KIND_")


def leg_to(leg: Leg) -> opportunity_pb2.Leg:
    """Return a leg as a message."""
    return opportunity_pb2.Leg(
        market_index=leg.market_index,
        condition_id=leg.condition_id,
        question_id=leg.question_id,
        title=leg.title,
        token_id=leg.token_id,
        complement_token_id=leg.complement_token_id,
        outcome=enum_name(leg.outcome, "OUTCOME_"),
        neg_risk=leg.neg_risk,
        tick_size_micros=leg.tick_size,
        min_order_size_micros=leg.min_order_size,
        fee=fee_to(leg.fee),
        fee_read_time=timestamp(leg.fee_read_time_ns),
        levels=levels_to(leg.levels),
        exit_levels=levels_to(leg.exit_levels),
        depth_micros=leg.depth,
        book_version=leg.book_version,
        book_time=timestamp(leg.book_time_ns),
    )


def leg_from(message: opportunity_pb2.Leg, field: str) -> Leg:
    """Return a leg. Raises BadInput."""
    if message.tick_size_micros not in TICK_SIZES:
        raise BadInput(
            f"{field}.tick_size_micros",
            f"must be one of {TICK_SIZES}, got {message.tick_size_micros}",
        )
    if not message.levels:
        raise BadInput(f"{field}.levels", "must hold at least one level")
    return Leg(
        market_index=message.market_index,
        condition_id=message.condition_id,
        question_id=message.question_id,
        title=message.title,
        token_id=message.token_id,
        complement_token_id=message.complement_token_id,
        outcome=enum_value(
            message.outcome, market_pb2.Outcome, "OUTCOME_", Outcome, f"{field}.outcome"
        ),
        neg_risk=message.neg_risk,
        tick_size=Price(message.tick_size_micros),
        min_order_size=Size(message.min_order_size_micros),
        fee=fee_from(message.fee, f"{field}.fee"),
        fee_read_time_ns=time_ns(message.fee_read_time),
        levels=levels_from(message.levels, f"{field}.levels"),
        exit_levels=levels_from(message.exit_levels, f"{field}.exit_levels"),
        depth=Size(message.depth_micros),
        book_version=message.book_version,
        book_time_ns=time_ns(message.book_time),
    )


def certificate_to(certificate: Certificate) -> opportunity_pb2.Certificate:
    """Return a certificate as a message."""
    return opportunity_pb2.Certificate(
        worst_world=certificate.worst_world,
        payoff_micros=certificate.payoff,
        cost_micros=certificate.cost,
        fees_micros=certificate.fees,
        guaranteed_micros=certificate.guaranteed,
        settle_now_micros=certificate.settle_now,
        face_micros=certificate.face,
        tail_worlds=[
            opportunity_pb2.TailWorld(name=w.name, profit_micros=w.profit)
            for w in certificate.tail_worlds
        ],
        digest=certificate.digest,
    )


def certificate_from(message: opportunity_pb2.Certificate) -> Certificate:
    """Return a certificate as it was claimed; `certificate.verify` judges it."""
    has_settle_now = message.HasField("settle_now_micros")
    return Certificate(
        worst_world=tuple(message.worst_world),
        payoff=Collateral(message.payoff_micros),
        cost=Collateral(message.cost_micros),
        fees=Collateral(message.fees_micros),
        guaranteed=Collateral(message.guaranteed_micros),
        settle_now=Collateral(message.settle_now_micros) if has_settle_now else None,
        face=Size(positive(message.face_micros, "opportunity.certificate.face_micros")),
        tail_worlds=tuple(
            TailWorld(name=w.name, profit=Collateral(w.profit_micros)) for w in message.tail_worlds
        ),
        digest=message.digest,
    )


def opportunity_to(opportunity: Opportunity) -> opportunity_pb2.Opportunity:
    """Return an opportunity as a message."""
    message = opportunity_pb2.Opportunity(
        opportunity_id=opportunity.opportunity_id,
        event_id=opportunity.event_id,
        slug=opportunity.slug,
        title=opportunity.title,
        kind=group_kind_to(opportunity.kind),
        reason=opportunity.reason,
        neg_risk_market_id=opportunity.neg_risk_market_id,
        fee_bips=opportunity.fee_bips,
        market_count=opportunity.market_count,
        question_count=opportunity.question_count,
        legs=[leg_to(leg) for leg in opportunity.legs],
        tranches=[
            opportunity_pb2.Tranche(size_micros=t.size, legs=t.legs) for t in opportunity.tranches
        ],
        certificate=certificate_to(opportunity.certificate),
        best_profit_micros=opportunity.best_profit,
        first_seen_time=timestamp(opportunity.first_seen_time_ns),
        detected_time=timestamp(opportunity.detected_time_ns),
    )
    if opportunity.end_time_ns is not None:
        message.end_time.CopyFrom(timestamp(opportunity.end_time_ns))
    if opportunity.logic != UNTIED:
        message.logic.CopyFrom(logic_to(opportunity.logic))
    return message


def opportunity_from(message: opportunity_pb2.Opportunity) -> Opportunity:
    """Return an opportunity. Raises BadInput; its proof is not checked here."""
    if not message.opportunity_id:
        raise BadInput("opportunity.opportunity_id", "must not be empty")
    if not message.legs or len(message.legs) > 15:
        raise BadInput("opportunity.legs", f"must be 1 to 15 legs, got {len(message.legs)}")
    if not 1 <= message.market_count <= MARKETS_MAX:
        raise BadInput(
            "opportunity.market_count", f"must be 1 to {MARKETS_MAX}, got {message.market_count}"
        )
    return Opportunity(
        opportunity_id=message.opportunity_id,
        event_id=message.event_id,
        slug=message.slug,
        title=message.title,
        kind=enum_value(
            message.kind, market_pb2.GroupKind, "GROUP_KIND_", GroupKind, "opportunity.kind"
        ),
        reason=message.reason,
        neg_risk_market_id=message.neg_risk_market_id,
        fee_bips=message.fee_bips,
        market_count=message.market_count,
        question_count=message.question_count if message.HasField("question_count") else None,
        end_time_ns=time_ns(message.end_time) if message.HasField("end_time") else None,
        legs=tuple(leg_from(leg, f"opportunity.legs[{i}]") for i, leg in enumerate(message.legs)),
        tranches=tuple(Tranche(Size(t.size_micros), tuple(t.legs)) for t in message.tranches),
        certificate=certificate_from(message.certificate),
        best_profit=Collateral(message.best_profit_micros),
        first_seen_time_ns=time_ns(message.first_seen_time),
        detected_time_ns=time_ns(message.detected_time),
        logic=logic_from(message.logic, market_count=message.market_count),
    )


def logic_to(logic: Logic) -> opportunity_pb2.Logic:
    """Return a logic as a message."""
    return opportunity_pb2.Logic(
        cliques=[opportunity_pb2.Literals(literals=clique) for clique in logic.cliques],
        clauses=[opportunity_pb2.Literals(literals=clause) for clause in logic.clauses],
    )


def logic_from(message: opportunity_pb2.Logic, *, market_count: int) -> Logic:
    """Return a logic over `market_count` markets. Raises BadInput."""
    found = []
    for name, constraints in (("cliques", message.cliques), ("clauses", message.clauses)):
        field = f"opportunity.logic.{name}"
        if len(constraints) > CONSTRAINTS_MAX:
            raise BadInput(field, f"at most {CONSTRAINTS_MAX}, got {len(constraints)}")
        for index, constraint in enumerate(constraints):
            for literal in constraint.literals:
                if not 1 <= abs(literal) <= market_count:
                    raise BadInput(
                        f"{field}[{index}]",
                        f"literals must be 1 to {market_count} or their negatives, got {literal}",
                    )
        found.append(tuple(tuple(constraint.literals) for constraint in constraints))
    return Logic(cliques=found[0], clauses=found[1])


def alarm_to(alarm: DataAlarm) -> opportunity_pb2.DataAlarm:
    """Return a data alarm as a message."""
    return opportunity_pb2.DataAlarm(
        kind=enum_name(alarm.kind, "ALARM_KIND_"),
        event_id=alarm.event_id,
        condition_id=alarm.condition_id,
        message=alarm.message,
        edge_micros=alarm.edge_micros,
        time=timestamp(alarm.time_ns),
    )


def alarm_from(message: opportunity_pb2.DataAlarm) -> DataAlarm:
    """Return a data alarm. Raises BadInput."""
    return DataAlarm(
        kind=enum_value(
            message.kind, opportunity_pb2.AlarmKind, "ALARM_KIND_", AlarmKind, "alarm.kind"
        ),
        event_id=message.event_id,
        condition_id=message.condition_id,
        message=message.message,
        edge_micros=message.edge_micros,
        time_ns=time_ns(message.time),
    )

"""What became of a basket: orders, fills, chain actions, slippage and the result."""

from collections.abc import Iterator

from rich.console import RenderableType

from polyarb.cli.explain import wording
from polyarb.cli.explain.costs import EntryCost, entry_costs
from polyarb.cli.explain.layout import facts, heading, row, table
from polyarb.core.basket import Execution, Intent, OrderRecord, holdings
from polyarb.core.opportunity import Leg
from polyarb.core.order import FINAL_BASKET_STATES, TradeState


def outcome_parts(intent: Intent, execution: Execution, asked: str) -> Iterator[RenderableType]:
    """Yield the sections that tell what came of a basket. asked: an id to point at."""
    yield heading(f"What became of it: {execution.state.value}")
    yield facts(list(_state(execution)))
    yield _orders(intent, execution, asked.lower())
    if execution.fills:
        yield heading("Fills")
        yield _fills(intent, execution)
        yield heading("Paid against certified")
        yield _slippage(intent, entry_costs(intent.opportunity, execution))
    if execution.actions:
        yield heading("On chain")
        yield _actions(execution)
    yield heading("The result")
    yield facts(list(_result(intent, execution)))


def _state(execution: Execution) -> Iterator[tuple[str, str]]:
    yield "state", wording.STATE[execution.state]
    if execution.reason:
        yield "because", execution.reason


def _orders(intent: Intent, execution: Execution, asked: str) -> RenderableType:
    made = table("leg", "order", "for", "state", "<told>")
    for record in execution.orders:
        row(
            made,
            str(record.leg + 1),
            wording.shortened(record.order_id),
            _purpose(record),
            f"{record.state.value}",
            _told(record, asked),
            style="bold" if record.order_id == asked else "",
        )
    made.caption = f"{len(intent.orders)} entry orders left in one batch; none of them may rest."
    made.caption_justify = "left"
    return made


def _purpose(record: OrderRecord) -> str:
    return f"remedy {record.attempt}" if record.attempt else "entry"


def _told(record: OrderRecord, asked: str) -> str:
    words = wording.plain(record.reason) or wording.ORDER[record.state]
    return f"{words} <- asked for" if record.order_id == asked else words


def _fills(intent: Intent, execution: Execution) -> RenderableType:
    orders = {record.order_id: record for record in execution.orders}
    made = table("leg", "for", "token", "side", "size", "price", "fee", "cash", "trade", "<id>")
    for booked in execution.fills:
        fill = booked.fill
        record = orders.get(fill.order_id)
        row(
            made,
            str(record.leg + 1) if record else "?",
            _purpose(record) if record else "?",
            _token(intent, fill.token_id),
            fill.side.value,
            wording.size(fill.size),
            wording.amount(fill.price),
            wording.amount(booked.fee),
            "undone" if fill.state is TradeState.FAILED else wording.gain(booked.cash),
            fill.state.value,
            wording.shortened(fill.trade_id),
        )
    return made


def _token(intent: Intent, token_id: str) -> str:
    """Return which outcome of its market a token is."""
    for leg in intent.opportunity.legs:
        if token_id == leg.token_id:
            return leg.outcome.value
        if token_id == leg.complement_token_id:
            return leg.outcome.opposite.value
    return "?"


def _slippage(intent: Intent, costs: tuple[EntryCost, ...]) -> RenderableType:
    made = table("leg", "<market>", "bought", "paid", "certified", "slippage", "fee", "fee max")
    legs = intent.opportunity.legs
    for cost in costs:
        leg = legs[cost.leg]
        row(made, str(cost.leg + 1), wording.plain(leg.title), *_cost_cells(cost, leg))
    total = [sum(c.paid for c in costs), sum(c.certified for c in costs)]
    row(
        made,
        *("", "together", ""),
        *(wording.amount(micros) for micros in total),
        wording.gain(total[0] - total[1]),
        wording.amount(sum(c.fee for c in costs)),
        wording.amount(sum(leg.fee_most for leg in legs)),
        style="bold",
    )
    return made


def _cost_cells(cost: EntryCost, leg: Leg) -> tuple[str, ...]:
    return (
        f"{wording.size(cost.bought)} of {wording.size(leg.size)}",
        wording.amount(cost.paid),
        wording.amount(cost.certified),
        wording.gain(cost.slippage),
        wording.amount(cost.fee),
        wording.amount(leg.fee_most),
    )


def _actions(execution: Execution) -> RenderableType:
    made = table("what", "<of>", "tokens", "collateral", "state")
    for action in execution.actions:
        moved = max((abs(size) for _, size in action.tokens), default=0)
        row(
            made,
            action.kind.value,
            wording.shortened(action.subject_id),
            wording.size(moved),
            wording.gain(action.collateral),
            action.state.value,
        )
    return made


def _result(intent: Intent, execution: Execution) -> Iterator[tuple[str, str]]:
    held = holdings(execution)
    certified = intent.opportunity.certificate.profit
    final = execution.state in FINAL_BASKET_STATES
    yield "net", f"{wording.gain(held.cash)} {'in all' if final else 'so far'}"
    yield "certified", f"{wording.gain(certified)} if every leg fills"
    if final:
        yield "difference", wording.gain(held.cash - certified)
    for token_id, size in sorted(held.tokens.items()):
        settled = "settled" if held.settled.get(token_id) == size else "not settled yet"
        yield "still held", f"{wording.size(size)} {_named(intent, token_id)}, {settled}"


def _named(intent: Intent, token_id: str) -> str:
    for leg in intent.opportunity.legs:
        if token_id in {leg.token_id, leg.complement_token_id}:
            return f"{_token(intent, token_id)} of {leg.title}"
    return f"of token {token_id}"

"""`polyarb explain --event`: what the scanner sees in one event now, and why it pays or not."""

import json
from collections.abc import Iterator, Sequence
from itertools import combinations

import grpc
from google.protobuf.json_format import MessageToDict
from rich.console import Console, RenderableType
from rich.text import Text

from polyarb.cli.explain import wording
from polyarb.cli.explain.layout import BAD, GOOD, facts, heading, lines, row, show, table
from polyarb.cli.explain.portfolio import portfolio_parts
from polyarb.cli.explain.proof import proof_of
from polyarb.cli.explain.story import proof_dict
from polyarb.clients import ScannerClient
from polyarb.core.errors import PolyarbError
from polyarb.core.market import GroupKind
from polyarb.core.money import MICROS
from polyarb.v1 import market_pb2
from polyarb.v1.scanner_service_pb2 import ExplainEventResponse, ListEventsResponse
from polyarb.wire.opportunity import opportunity_from
from polyarb.wire.scalars import enum_value


class NotWatched(PolyarbError):
    """The scanner does not look at such an event; the message says why, where that is known."""


async def read(scanner: ScannerClient, name: str) -> ExplainEventResponse:
    """Return what is seen in the event with this id or slug. Raises grpc.RpcError, NotWatched."""
    try:
        return await scanner.explain_event(name)
    except grpc.aio.AioRpcError as e:
        if e.code() is not grpc.StatusCode.NOT_FOUND:
            raise
    return await scanner.explain_event(event_id_of(await scanner.events(), name))


def event_id_of(catalogue: ListEventsResponse, slug: str) -> str:
    """Return the id of the watched event with this slug. Raises NotWatched."""
    found = [event.event_id for event in catalogue.events if event.slug == slug]
    if found:
        return found[0]
    why = [s.reason for s in catalogue.skipped if s.name.partition(":")[0] == slug]
    if why:
        raise NotWatched(f"{wording.plain(slug)} is left out: {wording.plain('; '.join(why))}")
    raise NotWatched(f"no watched event has the id or slug {wording.plain(slug)!r}")


def as_json(response: ExplainEventResponse) -> str:
    """Return the answer as protobuf JSON, with the proof checked here. Raises BadInput."""
    told = MessageToDict(response, always_print_fields_with_no_presence=True)
    if response.HasField("opportunity"):
        told["proof"] = proof_dict(proof_of(opportunity_from(response.opportunity)))
    return json.dumps(told, indent=2)


def draw(console: Console, response: ExplainEventResponse) -> None:
    """Show what is seen in an event. Raises BadInput."""
    show(console, list(_parts(response)))


def _parts(response: ExplainEventResponse) -> Iterator[RenderableType]:
    event, found = response.event, response.HasField("opportunity")
    kind = enum_value(event.kind, market_pb2.GroupKind, "GROUP_KIND_", GroupKind, "event.kind")
    verdict = Text(
        "OPPORTUNITY NOW" if found else "NO OPPORTUNITY NOW", style=GOOD if found else BAD
    )
    yield verdict.append(f"  {wording.plain(event.title or event.slug)}", style="bold")
    yield facts([("event", wording.event_name(event.slug, event.event_id))])
    yield heading("Why")
    yield lines([response.verdict])
    yield heading("The books now, in prices of YES")
    yield _markets(event.markets)
    yield lines([*_tops(kind, event.markets)])
    if found:
        opportunity = opportunity_from(response.opportunity)
        yield facts([("opportunity", opportunity.opportunity_id)])
        yield from portfolio_parts(opportunity, proof_of(opportunity))
        return
    yield heading("The logic")
    yield lines([wording.kind_sentence(kind, len(event.markets)), event.reason])


def _markets(markets: Sequence[market_pb2.Market]) -> RenderableType:
    made = table("#", "<market>", "bid", "ask", "tick", "fee rate", "<book>")
    for number, market in enumerate(markets, 1):
        row(
            made,
            str(number),
            wording.plain(market.title),
            _price(market, "best_bid_micros"),
            _price(market, "best_ask_micros"),
            wording.amount(market.tick_size_micros),
            wording.amount(market.fee.rate_micros) + (" assumed" if market.fee.assumed else ""),
            wording.plain(market.quarantine_reason) or "usable",
        )
    return made


def _price(market: market_pb2.Market, side: str) -> str:
    return wording.amount(getattr(market, side)) if market.HasField(side) else "none"


def _tops(kind: GroupKind, markets: Sequence[market_pb2.Market]) -> Iterator[str]:
    """Yield what the best prices of usable books alone say, before fees and sizes."""
    usable = [market for market in markets if not market.quarantine_reason]
    match kind:
        case GroupKind.EXACTLY_ONE if len(usable) == len(markets):
            yield from _all_yes(usable)
            yield from _all_no(usable)
        case GroupKind.EXACTLY_ONE | GroupKind.AT_MOST_ONE:
            yield "YES of all may pay nothing: another outcome, or none, can win."
            yield from _all_no(usable)
        case GroupKind.LADDER:
            yield from _rungs(usable)
        case GroupKind.BINARY:
            yield "YES and NO of one market are one book: together they cost 1.00 or more."
        case GroupKind.GENERAL:
            return


def _all_yes(markets: Sequence[market_pb2.Market]) -> Iterator[str]:
    asks = [m.best_ask_micros for m in markets if m.HasField("best_ask_micros")]
    if len(asks) == len(markets):
        yield f"YES of all costs {wording.amount(sum(asks))} and pays 1.00, before fees."
    else:
        yield f"YES of all cannot be bought: {len(markets) - len(asks)} have no ask."


def _all_no(markets: Sequence[market_pb2.Market]) -> Iterator[str]:
    bids = [m.best_bid_micros for m in markets if m.HasField("best_bid_micros")]
    if len(bids) > 1:
        cost, pays = len(bids) * MICROS - sum(bids), (len(bids) - 1) * MICROS
        yield (
            f"NO of the {len(bids)} with a bid costs {wording.amount(cost)} and pays at least "
            f"{wording.amount(pays)}, before fees."
        )


def _rungs(markets: Sequence[market_pb2.Market]) -> Iterator[str]:
    """Yield the two rungs whose order the best prices respect least: narrower first."""
    pairs = [
        (narrow.best_bid_micros - wide.best_ask_micros, narrow, wide)
        for narrow, wide in combinations(markets, 2)
        if narrow.HasField("best_bid_micros") and wide.HasField("best_ask_micros")
    ]
    if pairs:
        gap, narrow, wide = max(pairs, key=lambda pair: pair[0])
        yield (
            f"Closest: NO of {wording.plain(narrow.title)} and YES of {wording.plain(wide.title)} "
            f"cost {wording.amount(MICROS - gap)} and pay at least 1.00, before fees."
        )

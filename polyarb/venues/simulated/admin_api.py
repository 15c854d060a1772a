"""Routes under /sim: what tests and the end of a run need, and no real venue has."""

from typing import Any

from aiohttp import web

from polyarb.core.money import Collateral
from polyarb.venues.simulated.answers import ApiError, json_body, reply
from polyarb.venues.simulated.director import Director, quotes_json
from polyarb.venues.simulated.mispricing import Way
from polyarb.venues.simulated.records import Statement
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.wire import Json
from polyarb.venues.simulated.world import ListedEvent


class AdminApi:
    """Handlers of interventions. Amounts are integers in micros."""

    def __init__(self, venue: Venue, director: Director, *, flow_hash: str) -> None:
        self._venue = venue
        self._director = director
        self._flow_hash = flow_hash

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the simulation."""
        return [
            web.get("/sim/status", self._status),
            web.get("/sim/statement", self._statement),
            web.post("/sim/deposit", self._deposit),
            web.post("/sim/pause", self._pause),
            web.post("/sim/resume", self._resume),
            web.post("/sim/misprice", self._misprice),
            web.post("/sim/resolve", self._resolve),
            web.post("/sim/resolve-all", self._resolve_all),
            web.post("/sim/audit", self._audit),
        ]

    async def _status(self, _: web.Request) -> web.Response:
        venue, player = self._venue, self._venue.player
        return reply(
            {
                "seed": venue.options.seed,
                "flow_hash": self._flow_hash,
                "commands": player.played,
                "paused": player.paused,
                "ended": player.ended,
                "resolved": self._director.resolved,
                "time_ms": venue.now_ms(),
                "start_ms": venue.start_ms,
                "markets": len(venue.exchange.markets()),
                "market_links": venue.market_channel.link_count,
                "user_links": venue.user_channel.link_count,
            }
        )

    async def _statement(self, request: web.Request) -> web.Response:
        return reply(_statement_json(self._venue.exchange.statement(self._wallet(request.query))))

    async def _deposit(self, request: web.Request) -> web.Response:
        body = await _object(request)
        amount = body.get("amount")
        if not isinstance(amount, int) or amount <= 0:
            raise ApiError(400, "amount: expected micros")
        account = self._wallet(body)
        self._venue.exchange.deposit(account, Collateral(amount))
        return reply(_statement_json(self._venue.exchange.statement(account)))

    async def _pause(self, request: web.Request) -> web.Response:
        self._venue.player.paused = True
        return await self._status(request)

    async def _resume(self, request: web.Request) -> web.Response:
        self._venue.player.paused = False
        return await self._status(request)

    async def _misprice(self, request: web.Request) -> web.Response:
        body = await _object(request)
        event = self._event(body)
        stand_ms = body.get("stand_ms", 4_000)
        way = body.get("way", Way.BIDS_OVER.value)
        if way not in Way.__members__ or not isinstance(stand_ms, int) or stand_ms <= 0:
            raise ApiError(400, "way or stand_ms: unknown value")
        forced = self._director.misprice(event, Way[way], stand_ms=stand_ms)
        if forced is None:
            raise ApiError(409, "the event's books leave no room for a mispricing")
        return reply({"gross": forced.plan.gross, "way": way, "quotes": quotes_json(forced)})

    async def _resolve(self, request: web.Request) -> web.Response:
        body = await _object(request)
        event, winner = self._event(body), str(body.get("winner", ""))
        if winner and winner not in {q.market.condition_id for q in event.questions}:
            raise ApiError(400, "winner: not a condition of the event")
        try:
            self._director.resolve(event, winner)
        except ValueError as fault:
            raise ApiError(409, f"winner: {fault}") from fault
        return reply({"event": event.event.slug, "winner": winner})

    async def _resolve_all(self, _: web.Request) -> web.Response:
        return reply({"resolved": self._director.resolve_all()})

    async def _audit(self, _: web.Request) -> web.Response:
        self._venue.exchange.audit()
        return reply({"ok": True})

    def _wallet(self, named: Any) -> str:
        account = str(named.get("address", "")).lower()
        if not self._venue.wallets.is_open(account):
            raise ApiError(404, "no wallet with this address was used")
        return account

    def _event(self, body: Json) -> ListedEvent:
        name = str(body.get("event", ""))
        found = self._venue.catalogue.event(slug=name) or self._venue.catalogue.event(event_id=name)
        if found is None:
            raise ApiError(404, "event not found")
        return found


async def _object(request: web.Request) -> Json:
    body = await json_body(request)
    if not isinstance(body, dict):
        raise ApiError(400, "expected an object")
    return body


def _statement_json(statement: Statement) -> Json:
    return {
        "account": statement.account,
        "deposited": statement.deposited,
        "collateral": statement.collateral,
        "pending_collateral": statement.pending_collateral,
        "reserved": statement.reserved,
        "tokens": statement.tokens,
        "pending_tokens": statement.pending_tokens,
        "fees_paid": statement.fees_paid,
        "trade_count": statement.trade_count,
        "cash_change": statement.cash_change,
        "profit": statement.profit,
    }

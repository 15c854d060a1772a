"""The metadata service's routes, under /gamma."""

from aiohttp import web

from polyarb.venues.simulated import gamma
from polyarb.venues.simulated.answers import ApiError, reply
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.wire import Json
from polyarb.venues.simulated.world import Listing


class GammaApi:
    """Handlers of the listing."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the listing."""
        return [
            web.get("/gamma/events/keyset", self._events),
            web.get("/gamma/events/slug/{slug}", self._event),
            web.get("/gamma/events/{event_id}", self._event),
            web.get("/gamma/markets/keyset", self._markets),
            web.get("/gamma/markets/slug/{slug}", self._market),
            web.get("/gamma/markets/{number}", self._market),
        ]

    async def _events(self, request: web.Request) -> web.Response:
        closed, venue = _wants_closed(request), self._venue
        rows = [
            gamma.event_json(e, venue.quote_of, start_ms=venue.start_ms)
            for e in venue.catalogue.events
            if closed in (None, gamma.is_closed(e, venue.quote_of))
            and _is_asked_for(request, "id", e.event.event_id)
            and _is_asked_for(request, "slug", e.event.slug)
        ]
        return _page(request, rows, "events")

    async def _markets(self, request: web.Request) -> web.Response:
        closed, venue = _wants_closed(request), self._venue
        rows = [
            gamma.market_json(event, question, venue.quote_of, start_ms=venue.start_ms)
            for event, question in venue.catalogue.listed()
            if closed in (None, venue.quote_of(question.market.condition_id).resolved)
            and _is_asked_for_market(request, question)
        ]
        return _page(request, rows, "markets")

    async def _event(self, request: web.Request) -> web.Response:
        event = self._venue.catalogue.event(**request.match_info)
        if event is None:
            raise ApiError(404, "id not found")
        venue = self._venue
        return reply(gamma.event_json(event, venue.quote_of, start_ms=venue.start_ms))

    async def _market(self, request: web.Request) -> web.Response:
        found = self._venue.catalogue.market(**request.match_info)
        if found is None:
            raise ApiError(404, "id not found")
        venue = self._venue
        return reply(gamma.market_json(*found, venue.quote_of, start_ms=venue.start_ms))


def _wants_closed(request: web.Request) -> bool | None:
    """Return which half of the listing is asked for, None for both; the default is the open one."""
    asked = request.query.get("closed", "false").lower()
    if asked not in {"true", "false", "null", ""}:
        raise ApiError(422, "closed must be a boolean")
    return {"true": True, "false": False}.get(asked)


def _is_asked_for_market(request: web.Request, question: Listing) -> bool:
    market = question.market
    return (
        _is_asked_for(request, "id", str(question.number))
        and _is_asked_for(request, "slug", question.slug)
        and _is_asked_for(request, "condition_ids", market.condition_id)
        and _is_asked_for(request, "clob_token_ids", market.yes_token, market.no_token)
    )


def _is_asked_for(request: web.Request, name: str, *values: str) -> bool:
    """Return whether one of `values` is among those of a repeatable filter, or it is not given."""
    wanted = request.query.getall(name, [])
    return not wanted or any(value in wanted for value in values)


def _page(request: web.Request, rows: list[Json], name: str) -> web.Response:
    query = request.query
    if "offset" in query:
        raise ApiError(422, "offset is not supported, use after_cursor")
    try:
        page = gamma.page(
            rows,
            name=name,
            limit=query.get("limit", ""),
            after_cursor=query.get("after_cursor", ""),
        )
    except ValueError as fault:
        raise ApiError(422, str(fault)) from fault
    return reply(page)

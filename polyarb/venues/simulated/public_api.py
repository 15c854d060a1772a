"""The order book service's public reads."""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from polyarb.core.market import Market
from polyarb.core.money import MICROS, Price, format_decimal, parse_micros
from polyarb.venues.simulated.admission import NO_BOOK
from polyarb.venues.simulated.answers import ApiError, cursor_page, json_body, reply, wanted_token
from polyarb.venues.simulated.gamma import LEGACY_FEE_CAP_BPS
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.wire import Json

IDS_MAX: Final = 500
_PAGE: Final = 1_000
_VERSION: Final = 2
_LEVEL_OF_SIDE: Final = {"BUY": "bids", "SELL": "asks"}


class PublicApi:
    """Handlers of everything that needs no key."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._place: Json = {"blocked": False, "ip": "127.0.0.1", "country": "XX", "region": ""}

    def routes(self) -> list[web.RouteDef]:
        """Return every public route."""
        return [
            web.get("/", self._ok),
            web.get("/ok", self._ok),
            web.get("/time", self._time),
            web.get("/version", self._version),
            web.get("/api/geoblock", self._geoblock),
            web.post("/sim/geoblock", self._move),
            web.get("/book", self._book),
            web.post("/books", self._books),
            web.get("/midpoint", self._midpoint),
            web.post("/midpoints", self._midpoints),
            web.get("/price", self._price),
            web.post("/prices", self._prices),
            web.get("/spread", self._spread),
            web.post("/spreads", self._spreads),
            web.get("/last-trade-price", self._last),
            web.post("/last-trades-prices", self._lasts),
            web.get("/tick-size", self._tick_size),
            web.get("/neg-risk", self._neg_risk),
            web.get("/fee-rate", self._fee_rate),
            web.get("/clob-markets/{condition_id}", self._clob_market),
            web.get("/markets-by-token/{token_id}", self._by_token),
            web.get("/simplified-markets", self._simplified),
            web.get("/sampling-simplified-markets", self._simplified),
        ]

    async def _ok(self, _: web.Request) -> web.Response:
        return reply("OK")

    async def _time(self, _: web.Request) -> web.Response:
        return reply(self._venue.told_s())

    async def _version(self, _: web.Request) -> web.Response:
        return reply({"version": _VERSION})

    async def _geoblock(self, _: web.Request) -> web.Response:
        return reply(self._place)

    async def _move(self, request: web.Request) -> web.Response:
        """Let every caller be somewhere else from now on: {"blocked", "country", "region"}."""
        wanted = await json_body(request)
        if not isinstance(wanted, dict) or not isinstance(wanted.get("blocked"), bool):
            raise ApiError(400, "Invalid payload")
        self._place = {**self._place, **wanted}
        return reply(self._place)

    async def _book(self, request: web.Request) -> web.Response:
        return reply(self._known(wanted_token(request)))

    async def _books(self, request: web.Request) -> web.Response:
        books = (self._venue.rest_book(t) for t, _ in await _asked(request))
        return reply([b for b in books if b is not None])

    async def _midpoint(self, request: web.Request) -> web.Response:
        return reply({"mid": _mid(self._known(wanted_token(request)))})

    async def _midpoints(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        return reply({t: _mid(b) for t, _, b in self._found(asked)})

    async def _price(self, request: web.Request) -> web.Response:
        book = self._known(wanted_token(request))
        return reply({"price": _best(book, request.query.get("side", "").upper())})

    async def _prices(self, request: web.Request) -> web.Response:
        answer: dict[str, dict[str, str]] = {}
        for token, side, book in self._found(await _asked(request)):
            answer.setdefault(token, {})[side] = _best(book, side)
        return reply(answer)

    async def _spread(self, request: web.Request) -> web.Response:
        return reply({"spread": _spread(self._known(wanted_token(request)))})

    async def _spreads(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        return reply({t: _spread(b) for t, _, b in self._found(asked)})

    async def _last(self, request: web.Request) -> web.Response:
        token = wanted_token(request)
        self._market(token)
        return reply(self._last_json(token))

    async def _lasts(self, request: web.Request) -> web.Response:
        lasts = [{"token_id": t, **self._last_json(t)} for t, _ in await _asked(request)]
        return reply([row for row in lasts if row["side"]])

    async def _tick_size(self, request: web.Request) -> web.Response:
        tick = self._market(wanted_token(request)).tick_size
        return reply({"minimum_tick_size": tick / MICROS})

    async def _neg_risk(self, request: web.Request) -> web.Response:
        return reply({"neg_risk": self._market(wanted_token(request)).neg_risk})

    async def _fee_rate(self, request: web.Request) -> web.Response:
        free = self._market(wanted_token(request)).fee.rate_micros == 0
        return reply({"base_fee": 0 if free else LEGACY_FEE_CAP_BPS})

    async def _clob_market(self, request: web.Request) -> web.Response:
        sim = self._venue.exchange.market(request.match_info["condition_id"].lower())
        if sim is None:
            raise ApiError(404, "market not found")
        labels = [self._venue.wallets.label_of(t) for t in _tokens(sim.market)]
        return reply(_clob_market(sim.market, labels))

    async def _by_token(self, request: web.Request) -> web.Response:
        sim = self._venue.exchange.market_of_token(request.match_info["token_id"])
        if sim is None:
            raise ApiError(404, "market not found")
        market = sim.market
        return reply(
            {
                "condition_id": market.condition_id,
                "primary_token_id": market.yes_token,
                "secondary_token_id": market.no_token,
            }
        )

    async def _simplified(self, request: web.Request) -> web.Response:
        cursor = request.query.get("next_cursor", "")
        return reply(cursor_page(list(self._simplified_rows()), cursor=cursor, size=_PAGE))

    def _simplified_rows(self) -> Iterable[Json]:
        for _, question in self._venue.catalogue.listed():
            market = question.market
            quote = self._venue.quote_of(market.condition_id)
            yes = quote.yes_payout
            yield {
                "condition_id": market.condition_id,
                "rewards": {"rates": None, "min_size": 0, "max_spread": 0},
                "tokens": [
                    {
                        "token_id": token,
                        "outcome": label,
                        "price": (price or 0) / MICROS,
                        "winner": price == MICROS and yes is not None,
                    }
                    for token, label, price in zip(
                        _tokens(market), question.labels, _both(yes or quote.last), strict=True
                    )
                ],
                "active": True,
                "closed": yes is not None,
                "archived": False,
                "accepting_orders": quote.accepting_orders,
            }

    def _last_json(self, token: str) -> Json:
        side = self._venue.last_side(token)
        last = self._venue.exchange.last_trade_price(token)
        if side is None or last is None:
            return {"price": "0.5", "side": ""}
        return {"price": format_decimal(last), "side": side.value}

    def _known(self, token: str) -> Json:
        book = self._venue.rest_book(token)
        if book is None:
            raise ApiError(404, NO_BOOK)
        return book

    def _market(self, token: str) -> Market:
        sim = self._venue.exchange.market_of_token(token)
        if sim is None:
            raise ApiError(404, "market not found")
        return sim.market

    def _found(self, asked: list[tuple[str, str]]) -> Iterable[tuple[str, str, Json]]:
        for token, side in asked:
            book = self._venue.rest_book(token)
            if book is not None:
                yield token, side, book


async def _asked(request: web.Request) -> list[tuple[str, str]]:
    """Return (token id, side) of each entry; side is "" where none was given."""
    rows: Any = await json_body(request)
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise ApiError(400, "Invalid payload")
    if len(rows) > IDS_MAX:
        raise ApiError(400, "Payload exceeds the limit")
    return [(str(r.get("token_id", "")), str(r.get("side", "")).upper()) for r in rows]


def _clob_market(market: Market, labels: list[str]) -> Json:
    tokens = zip(_tokens(market), labels, strict=True)
    made: Json = {
        "gst": None,
        "r": {"mi": 0, "ma": 0},
        "t": [{"t": token, "o": label} for token, label in tokens],
        "mos": market.min_order_size // MICROS,
        "mts": market.tick_size / MICROS,
        "mbf": LEGACY_FEE_CAP_BPS,
        "tbf": LEGACY_FEE_CAP_BPS,
        "rfqe": False,
        "oas": 0,
        "nr": market.neg_risk,
    }
    if market.taker_delay_ms:
        made["itode"] = True
    if market.fee.rate_micros:
        rate = market.fee.rate_micros / MICROS
        made["fd"] = {"r": rate, "e": market.fee.exponent, "to": True}
    return made


def _tokens(market: Market) -> tuple[str, str]:
    return (market.yes_token, market.no_token)


def _both(yes: Price | None) -> tuple[int | None, int | None]:
    return (None, None) if yes is None else (yes, MICROS - yes)


def _tops(book: Json) -> tuple[str | None, str | None]:
    bids, asks = book["bids"], book["asks"]
    return (bids[-1]["price"] if bids else None, asks[-1]["price"] if asks else None)


def _best(book: Json, side: str) -> str:
    """Return the best price of one side of the book: BUY is the bids; "0" where it is empty."""
    if side not in _LEVEL_OF_SIDE:
        raise ApiError(400, "Invalid side")
    levels = book[_LEVEL_OF_SIDE[side]]
    return str(levels[-1]["price"]) if levels else "0"


def _mid(book: Json) -> str:
    bid, ask = (None if p is None else parse_micros(p) for p in _tops(book))
    if bid is None or ask is None:
        return format_decimal(bid or ask or 0)
    return format_decimal((bid + ask) // 2)


def _spread(book: Json) -> str:
    bid, ask = (None if p is None else parse_micros(p) for p in _tops(book))
    return format_decimal((MICROS if ask is None else ask) - (bid or 0))

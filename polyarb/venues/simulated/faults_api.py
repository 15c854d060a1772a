"""/sim/faults: arming, showing and disarming the fault plan while the venue runs.

GET /sim/faults          what is armed, how often each fault fired, and the last of them
GET /sim/faults/known    every fault, what it does and what it takes
PUT /sim/faults          a new plan instead of the running one; all counts start anew
POST /sim/faults         more faults for the running plan
DELETE /sim/faults       nothing is armed any more; what happened stays on record
DELETE /sim/faults/{id}  one of them
"""

from collections.abc import Collection, Sequence

from aiohttp import web

from polyarb.core.errors import BadInput
from polyarb.venues.simulated.answers import ApiError, json_body, reply
from polyarb.venues.simulated.director import Director
from polyarb.venues.simulated.fault_entries import read_plan
from polyarb.venues.simulated.faults import (
    ARMED_MAX,
    Entry,
    TooManyError,
    known_json,
    plan_json,
)
from polyarb.venues.simulated.venue import Venue


class FaultsApi:
    """Handlers of the plan. A bad one is answered with 400, the field and what is accepted."""

    def __init__(self, venue: Venue, director: Director, *, endpoints: Collection[str]) -> None:
        self._venue = venue
        self._plan = venue.faults.plan
        self._director = director
        self._endpoints = endpoints

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the plan."""
        return [
            web.get("/sim/faults", self._show),
            web.get("/sim/faults/known", self._known),
            web.put("/sim/faults", self._replace),
            web.post("/sim/faults", self._add),
            web.delete("/sim/faults", self._disarm_all),
            web.delete("/sim/faults/{number}", self._disarm_one),
        ]

    def start(self, value: object) -> None:
        """Start a new plan, decoded from JSON. Raises BadInput, with nothing changed."""
        seed, entries = self._checked(value)
        now_ms = self._venue.now_ms()
        self._plan.replace(entries, seed=0 if seed is None else seed, now_ms=now_ms)
        self._begin()

    async def _show(self, _: web.Request) -> web.Response:
        return reply(plan_json(self._plan, now_ms=self._venue.now_ms()))

    async def _known(self, _: web.Request) -> web.Response:
        return reply(known_json())

    async def _replace(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        try:
            self.start(body)
        except BadInput as fault:
            raise ApiError(400, str(fault)) from fault
        return await self._show(request)

    async def _add(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        try:
            entries = self._checked_more(body)
            self._plan.add(entries, now_ms=self._venue.now_ms())
        except BadInput as fault:
            raise ApiError(400, str(fault)) from fault
        except TooManyError as fault:
            text = f"faults: expected at most {ARMED_MAX} armed at a time; DELETE some"
            raise ApiError(400, text) from fault
        self._begin()
        return await self._show(request)

    async def _disarm_all(self, request: web.Request) -> web.Response:
        self._plan.disarm()
        return await self._show(request)

    async def _disarm_one(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not (number.isascii() and number.isdigit() and self._plan.disarm(int(number))):
            raise ApiError(404, "id: expected the id of an armed fault")
        return await self._show(request)

    def _checked(self, value: object) -> tuple[int | None, list[Entry]]:
        seed, entries = read_plan(value, endpoints=self._endpoints)
        self._check_names(entries)
        return seed, entries

    def _checked_more(self, value: object) -> list[Entry]:
        seed, entries = self._checked(value)
        if seed is not None:
            raise BadInput("seed", "expected none: the running plan has its own; PUT sets it")
        return entries

    def _check_names(self, entries: Sequence[Entry]) -> None:
        """Raise BadInput for a token or a market that the venue does not have."""
        exchange = self._venue.exchange
        for i, entry in enumerate(entries):
            token, condition_id = entry.where.token, entry.how.get("condition_id")
            if token and exchange.market_of_token(token) is None:
                raise BadInput(f"faults[{i}].where.token", "expected a token id of the venue")
            if condition_id is not None and exchange.market(str(condition_id)) is None:
                place = f"faults[{i}].how.condition_id"
                raise BadInput(place, "expected a condition id of the venue")

    def _begin(self) -> None:
        """Let what begins at once begin before anybody is answered."""
        self._venue.stale.look(self._venue.now_ms())
        self._director.tick()

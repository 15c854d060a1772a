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
    """Handlers of the plan. A bad plan is answered with 400, the field and what is accepted."""

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

    async def _show(self, _: web.Request) -> web.Response:
        return reply(plan_json(self._plan, now_ms=self._venue.now_ms()))

    async def _known(self, _: web.Request) -> web.Response:
        return reply(known_json())

    async def _replace(self, request: web.Request) -> web.Response:
        seed, entries = await self._read(request)
        now_ms = self._venue.now_ms()
        try:
            self._plan.replace(entries, seed=0 if seed is None else seed, now_ms=now_ms)
        except TooManyError as fault:
            raise _too_many() from fault
        return await self._begun(request)

    async def _add(self, request: web.Request) -> web.Response:
        seed, entries = await self._read(request)
        if seed is not None:
            raise ApiError(400, "seed: expected none, as the running plan has its own; PUT sets it")
        try:
            self._plan.add(entries, now_ms=self._venue.now_ms())
        except TooManyError as fault:
            raise _too_many() from fault
        return await self._begun(request)

    async def _disarm_all(self, request: web.Request) -> web.Response:
        self._plan.disarm()
        return await self._show(request)

    async def _disarm_one(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not (number.isascii() and number.isdigit() and self._plan.disarm(int(number))):
            raise ApiError(404, "id: expected the id of an armed fault")
        return await self._show(request)

    async def _read(self, request: web.Request) -> tuple[int | None, list[Entry]]:
        body = await json_body(request)
        try:
            seed, entries = read_plan(body, endpoints=self._endpoints)
            self._check_names(entries)
        except BadInput as fault:
            raise ApiError(400, str(fault)) from fault
        return seed, entries

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

    async def _begun(self, request: web.Request) -> web.Response:
        """Let what begins at once begin before the answer."""
        self._venue.stale.look(self._venue.now_ms())
        self._director.tick()
        return await self._show(request)


def _too_many() -> ApiError:
    return ApiError(400, f"faults: expected at most {ARMED_MAX} armed at a time; DELETE some")

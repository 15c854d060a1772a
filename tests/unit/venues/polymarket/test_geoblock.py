"""Whether the venue takes orders from where we are."""

import time
from dataclasses import replace

import httpx
import pytest

from polyarb.core.errors import NotSent, Rejected
from polyarb.venues.polymarket.geoblock import Place, live_refusal, read_place
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions


def test_live_trading_is_refused_where_orders_are_not_taken() -> None:
    """The refusal names the place."""
    assert "(US-NY)" in live_refusal(Place(blocked=True, country="US", region="NY"))


@pytest.mark.parametrize("place", [Place(blocked=False), Place(blocked=False, country="IE")])
def test_live_trading_is_not_refused_elsewhere(place: Place) -> None:
    """The venue's word decides, not a list of countries of our own."""
    assert live_refusal(place) == ""


async def test_the_place_is_what_the_endpoint_says() -> None:
    """The simulated venue can move us to where orders are not taken."""
    options = VenueOptions(seed=7, flow=False)
    async with SimulatedServer(options, now_ns=time.time_ns) as venue:
        urls = VenueUrls.local(venue.port)
        async with new_client(urls.clob) as http:
            before = await read_place(http, urls.geoblock)
            await http.post("/sim/geoblock", json={"blocked": True, "country": "US"})
            after = await read_place(http, urls.geoblock)

    assert before == Place(blocked=False, country="XX")
    assert after == replace(before, blocked=True, country="US")


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(200, text='{"country":"US"}'), NotSent),
        (httpx.Response(200, text='{"blocked":"no"}'), NotSent),
        (httpx.Response(200, text="<html>"), NotSent),
        (httpx.Response(503), NotSent),
        (httpx.Response(403), Rejected),
    ],
)
async def test_an_answer_that_does_not_say_is_not_taken_for_no(
    response: httpx.Response, kind: type[Exception]
) -> None:
    """Unreadable is neither blocked nor allowed."""
    transport = httpx.MockTransport(lambda _: response)
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(kind):
            await read_place(http, "http://venue/api/geoblock")

"""Two links to the simulated venue through a proxy that delays, freezes and cuts them in turn."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

from polyarb.core.opportunity import DataAlarm
from polyarb.venues.base import BookChange, LinkChange, LinkState, MarketAdded, MarketResolved
from polyarb.venues.polymarket.link import LinkSettings
from polyarb.venues.polymarket.public import PolymarketData, PublicSettings
from polyarb.venues.polymarket.stream import StreamSettings
from polyarb.venues.polymarket.twin import TwinSettings
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from services.scanner.books import Books

SETTINGS = StreamSettings(
    links_per_shard=2,
    tokens_per_link=400,
    backoff_base_s=0.01,
    backoff_cap_s=0.05,
    link=LinkSettings(tick_s=0.05, resubscribe_s=0.1),
    twin=TwinSettings(lag_s=0.5),
)


@dataclass(eq=False)
class Wire:
    """One proxied connection. delay_s: added to every byte from the venue."""

    client: asyncio.StreamWriter
    venue: asyncio.StreamWriter
    delay_s: float = 0.0
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.thawed.set()

    def cut(self) -> None:
        for writer in (self.client, self.venue):
            writer.transport.abort()


@dataclass
class Proxy:
    """Forwards connections to the venue and keeps those that are open."""

    port: int
    wires: list[Wire] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_venue, to_venue = await asyncio.open_connection("127.0.0.1", self.port)
        wire = Wire(writer, to_venue)
        self.wires.append(wire)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(wire, reader, to_venue, slow=False))
                group.create_task(self._pump(wire, from_venue, writer, slow=True))
        except* (ConnectionError, EOFError):
            wire.cut()
        finally:
            self.wires.remove(wire)

    async def _pump(
        self, wire: Wire, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, slow: bool
    ) -> None:
        while data := await source.read(1 << 16):
            if slow:
                await asyncio.sleep(wire.delay_s)
                await wire.thawed.wait()
            sink.write(data)
            await sink.drain()
        raise EOFError

    async def torment(self, rng: Random) -> None:
        """Trouble one connection after the other, for ever; the rest stay as they are."""
        while True:
            await asyncio.sleep(0.4)
            if len(self.wires) < 2:
                continue
            wire = rng.choice(self.wires)
            match rng.randrange(3):
                case 0:
                    wire.cut()
                case 1:
                    wire.thawed.clear()
                    await asyncio.sleep(0.3)
                    wire.thawed.set()
                case _:
                    wire.delay_s = rng.choice((0.0, 0.02, 0.05))


@asynccontextmanager
async def tormented() -> AsyncIterator[PolymarketData]:
    """Yield the public side of a simulated venue behind the proxy."""
    async with SimulatedServer(VenueOptions(), now_ns=time.time_ns, host="127.0.0.1", port=0) as s:
        venue_port = int(s.url.rsplit(":", 1)[1])
        proxy = Proxy(venue_port)
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        urls = VenueUrls.local(venue_port)
        urls = replace(urls, market_ws=urls.market_ws.replace(str(venue_port), str(port)))
        data = PolymarketData(
            urls, now_ns=time.time_ns, rng=Random(1), settings=PublicSettings(stream=SETTINGS)
        )
        async with asyncio.TaskGroup() as group:
            torment = group.create_task(proxy.torment(Random(2)))
            yield data
            torment.cancel()
        await data.aclose()
        server.close()
        for wire in tuple(proxy.wires):
            wire.cut()
        while proxy.wires:  # noqa: ASYNC110 - the proxy has no event for it
            await asyncio.sleep(0.01)


async def test_troubled_links_give_books_with_the_venues_own_tops() -> None:
    """Seconds of cuts, freezes and delays of one link: no book ever differs from what is told."""
    books, alarms, lost = Books(trust_ns=10**18), list[DataAlarm](), 0
    changes, ends = 0, time.monotonic() + 8.0
    async with tormented() as data:
        events, _ = await data.events()
        markets = [m for event in events for m in event.markets]
        for market in markets:
            books.watch(market, "7")
        groups = [[t for m in e.markets for t in (m.yes_token, m.no_token)] for e in events]
        async with asyncio.timeout(30), aclosing(data.subscribe(groups)) as updates:
            async for update in updates:
                if isinstance(update, MarketAdded | MarketResolved):
                    continue
                alarms += books.apply(update).alarms
                changes += isinstance(update, BookChange)
                lost += isinstance(update, LinkChange) and update.state is LinkState.LOST
                if time.monotonic() > ends:
                    break

    tracked = [books.tracked(market.condition_id) for market in markets]
    usable = sum(t is not None and t.quarantine is None for t in tracked)
    assert changes > 200
    assert [alarm.message for alarm in alarms] == []
    assert usable >= 0.9 * len(markets), (usable, len(markets), lost)

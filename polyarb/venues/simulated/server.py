"""The simulated venue on one port: every service of the real venue, and /sim for tests."""

import asyncio
from collections.abc import Callable
from typing import Final, Self

import msgspec
from aiohttp import web
from loguru import logger

from polyarb.venues.simulated.admin_api import AdminApi
from polyarb.venues.simulated.answers import Handler, errors_as_json, reply
from polyarb.venues.simulated.chain_node import ChainNode
from polyarb.venues.simulated.director import Director
from polyarb.venues.simulated.fault_http import endpoints_of, faulty_requests
from polyarb.venues.simulated.faults_api import FaultsApi
from polyarb.venues.simulated.gamma_api import GammaApi
from polyarb.venues.simulated.private_api import PrivateApi
from polyarb.venues.simulated.public_api import PublicApi
from polyarb.venues.simulated.relayer_api import RelayerApi
from polyarb.venues.simulated.venue import Venue, VenueOptions
from polyarb.venues.simulated.world import describe

TICK_S: Final = 0.02
_BODY_MAX: Final = 2**20
_SHUTDOWN_S: Final = 2.0


class SimulatedServer:
    """A running venue. Start and stop it once, in the same event loop.

    port: 0 chooses a free one; `port` then tells which. `failed` is set when the venue's own
    clock work raised: its state is then not to be trusted, and whoever runs it should stop.
    """

    def __init__(
        self,
        options: VenueOptions | None = None,
        *,
        now_ns: Callable[[], int],
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.venue = Venue(options or VenueOptions(), now_ns=now_ns)
        self.host = host
        self.port = port
        self.failed = asyncio.Event()
        self.director = Director(self.venue)
        self._faults: FaultsApi | None = None
        self._runner: web.AppRunner | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """Return the base address, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Bind the port and let time pass. /ok answers once this returns."""
        assert self._runner is None, "started twice"
        flow_hash = self.venue.flow_hash()
        runner = web.AppRunner(self._app(flow_hash), access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port)
        await site.start()
        self._runner = runner
        self.port = runner.addresses[0][1]
        self._schedule()
        self._log_start(flow_hash)

    def start_faults(self, plan: object) -> None:
        """Start a fault plan, decoded from JSON, in a running venue. Raises BadInput."""
        assert self._faults is not None, "not started"
        self._faults.start(plan)

    async def stop(self) -> None:
        """Cut every connection and free the port."""
        if self._timer is not None:
            self._timer.cancel()
        self.venue.market_channel.drop_all()
        self.venue.user_channel.drop_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        try:
            self.venue.tick()
            self.director.tick()
        except BaseException:
            self.failed.set()
            raise
        self._schedule()

    def _app(self, flow_hash: str) -> web.Application:
        venue = self.venue
        faulty = faulty_requests(venue.faults.plan, venue.now_ms)
        app = web.Application(middlewares=[faulty, errors_as_json], client_max_size=_BODY_MAX)
        app.add_routes(PublicApi(venue).routes())
        app.add_routes(PrivateApi(venue).routes())
        app.add_routes(GammaApi(venue).routes())
        app.add_routes(RelayerApi(venue).routes())
        app.add_routes(AdminApi(venue, self.director, flow_hash=flow_hash).routes())
        app.router.add_get("/ws/market", venue.market_channel.serve)
        app.router.add_get("/ws/user", venue.user_channel.serve)
        app.router.add_post("/rpc", _rpc(venue))
        app.router.add_post("/rpc/", _rpc(venue))
        self._faults = FaultsApi(venue, self.director, endpoints=endpoints_of(app))
        app.add_routes(self._faults.routes())
        return app

    def _log_start(self, flow_hash: str) -> None:
        logger.info("simulated venue serves on {}", self.url)
        logger.info("background flow seed={} hash={}", self.venue.options.seed, flow_hash)
        for line in describe(self.venue.world).splitlines():
            logger.info("listed {}", line)


def _rpc(venue: Venue) -> Handler:
    node = ChainNode(venue.exchange, venue.catalogue, now_ms=venue.now_ms)

    async def answer(request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        if isinstance(body, list):
            return reply([node.answer(one) for one in body])
        return reply(node.answer(body))

    return answer

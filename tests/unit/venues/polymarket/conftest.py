"""What the tests of the venue's protocol share."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from unit.venues.polymarket.desk import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk that is open for one test."""
    desk = Desk()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", desk.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    desk.port = runner.addresses[0][1]
    yield desk
    await runner.cleanup()

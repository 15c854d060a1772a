"""Runs the simulated venue: python -m polyarb.venues.simulated --port 8790 --seed 7."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop
from loguru import logger

from polyarb.chassis import logging
from polyarb.core.errors import BadInput
from polyarb.core.money import Collateral, parse_micros
from polyarb.venues.simulated.records import FeeRounding
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions

EXIT_USAGE = 2
EXIT_PORT = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code: 2 bad options, 3 a taken port."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        options = _options(given)
    except ValueError as fault:
        parser.error(str(fault))
    logging.configure(level=given.log_level, form=given.log_format, folder="", file_name="")
    try:
        plan = {"faults": []} if given.faults is None else _read_plan(given.faults)
        return uvloop.run(_serve(options, plan, host=given.host, port=given.port))
    except BadInput as fault:
        logger.critical("cannot use the fault plan: {}", fault)
        return EXIT_USAGE
    except OSError as fault:
        logger.critical("cannot serve on {}:{}: {}", given.host, given.port, fault)
        return EXIT_PORT


async def _serve(options: VenueOptions, plan: object, *, host: str, port: int) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with SimulatedServer(options, now_ns=time.time_ns, host=host, port=port) as server:
        server.start_faults(plan)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(stop.wait()), group.create_task(server.failed.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        logger.info("simulated venue stops commands={}", server.venue.player.played)
        return int(server.failed.is_set())


def _read_plan(path: Path) -> object:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as fault:
        raise BadInput("--faults", f"{path}: {fault}") from fault


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m polyarb.venues.simulated",
        description="A venue on this machine that speaks Polymarket's wire formats.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8790, help="0 chooses a free one and prints it")
    parser.add_argument("--seed", type=int, default=7, help="of the background order flow")
    parser.add_argument("--no-flow", action="store_true", help="empty books, no background traders")
    parser.add_argument("--deposit", default="10000", help="collateral of every new wallet")
    parser.add_argument("--mined-ms", type=int, default=150, help="from a match to MINED")
    parser.add_argument("--confirmed-ms", type=int, default=400, help="from a match to CONFIRMED")
    parser.add_argument("--relayer-ms", type=int, default=400, help="from submit to its end")
    parser.add_argument("--faults", type=Path, help="a file with a plan, armed from the start")
    parser.add_argument("--floor-fees", action="store_true", help="round charges down")
    parser.add_argument("--log-level", default="INFO", help="least severe level shown")
    parser.add_argument("--log-format", default="console", choices=("console", "json"))
    return parser


def _options(given: argparse.Namespace) -> VenueOptions:
    deposit = parse_micros(given.deposit)
    if deposit < 0:
        raise ValueError("--deposit: expected zero or more")
    if not 0 < given.mined_ms < given.confirmed_ms:
        raise ValueError("--mined-ms: expected more than 0 and less than --confirmed-ms")
    if given.relayer_ms < 0:
        raise ValueError("--relayer-ms: expected zero or more")
    return VenueOptions(
        seed=given.seed,
        flow=not given.no_flow,
        deposit=Collateral(deposit),
        mined_ms=given.mined_ms,
        confirmed_ms=given.confirmed_ms,
        relayer_ms=given.relayer_ms,
        fee_rounding=FeeRounding.FLOOR if given.floor_fees else FeeRounding.HALF_UP,
    )


if __name__ == "__main__":
    sys.exit(main())

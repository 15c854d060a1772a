"""The ledger as a process: what `python -m services.ledger` does."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from integration.postgres import free_port
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import ledger_service_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
WHY = "ledger is not ready: Postgres does not answer"
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@contextmanager
def running(
    folder: Path, database_url: str, port: int, metrics_port: int
) -> Iterator["subprocess.Popen[str]"]:
    settings = {
        "DATABASE_URL": database_url,
        "POLYARB_LEDGER_PORT": str(port),
        "POLYARB_LEDGER_METRICS_PORT": str(metrics_port),
        "POLYARB_LOG_FOLDER": str(folder),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.ledger"], env=os.environ | settings, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def health(channel: aio.Channel, service: str, wanted: int) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    async with asyncio.timeout(15):
        while (await stub.Check(request, wait_for_ready=True)).status != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_the_process_serves_and_stops_in_order(database_url: str, tmp_path: Path) -> None:
    """Healthy, ready, scraped; SIGTERM ends it with code 0 and says so."""
    port, metrics_port = free_port(), free_port()
    with running(tmp_path, database_url, port, metrics_port) as process:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await health(channel, "", SERVING)
            await health(channel, "polyarb.v1.LedgerService", SERVING)
            make_stub: Any = ledger_service_pb2_grpc.LedgerServiceStub
            stub = make_stub(channel)
            held = await stub.ListPositions(pb.ListPositionsRequest())
            metrics = await asyncio.to_thread(_scrape, metrics_port)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(process.communicate, timeout=15)

    assert held == pb.ListPositionsResponse()
    assert "polyarb_ledger_imbalance_micros 0.0" in metrics
    assert 'polyarb_ledger_reserves_total{decision="RESERVED"} 0.0' in metrics
    assert process.returncode == 0, output
    assert "ledger stopped" in output
    assert "Traceback" not in output


async def test_without_postgres_the_process_is_alive_but_not_ready(tmp_path: Path) -> None:
    """Restarting it would not bring Postgres back."""
    port = free_port()
    nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/none"
    with running(tmp_path, nowhere, port, free_port()) as process:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await health(channel, "", SERVING)
            await health(channel, "polyarb.v1.LedgerService", NOT_SERVING)
            async with asyncio.timeout(15):
                while WHY not in _read(tmp_path / "ledger.log"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(process.communicate, timeout=15)

    assert process.returncode == 0, output
    assert WHY in output


def test_the_process_names_a_missing_setting() -> None:
    """Exit code 2, before anything is opened."""
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "services.ledger"],
        env=known, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip

    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())

"""The life of a process: start, readiness, an orderly end, and the ways not to start."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

ROOT: Final = Path(__file__).resolve().parents[3]

SERVICE: Final = """
import asyncio, os, sys
from pydantic import Field
from polyarb.chassis import run
from polyarb.chassis.config import Port, Settings
from polyarb.core.errors import BadInput
from polyarb.v1.scanner_service_pb2_grpc import (
    ScannerServiceServicer, add_ScannerServiceServicer_to_server,
)

class SampleSettings(Settings):
    grpc_port: Port = Field(0, alias="SAMPLE_PORT")
    metrics_port: Port = Field(0, alias="SAMPLE_METRICS_PORT")

def say(text):
    print("said", text, flush=True)

async def work():
    try:
        if os.environ.get("SAMPLE_BUG"):
            raise ZeroDivisionError("a bug")
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("loop cancelled")
        raise

async def drain():
    say("drain began")
    await asyncio.sleep(float(os.environ.get("SAMPLE_DRAIN", "0.05")))
    say("drain ended")

async def build(settings):
    return run.Hosted(
        name="sample", service="polyarb.v1.ScannerService",
        register=lambda s: add_ScannerServiceServicer_to_server(ScannerServiceServicer(), s),
        grpc_port=settings.grpc_port, metrics_port=settings.metrics_port, loops=[work],
        blocked=lambda: os.environ.get("SAMPLE_BLOCKED", ""), drain=drain, grace_s=0.5,
    )

def check(settings):
    if os.environ.get("SAMPLE_FILE"):
        raise BadInput("SAMPLE_FILE", "cannot be read")

run.main("sample", SampleSettings, build, check=check)
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the sample service with these variables; it is killed at the end."""
    started: list[subprocess.Popen[str]] = []
    script = tmp_path / "sample.py"
    script.write_text(SERVICE)

    def begin(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "POLYARB_LOG_FOLDER": "none", **variables}
        process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            cwd=tmp_path,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def until(process: subprocess.Popen[str], text: str) -> str:
    """Return the first line that holds `text`."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"the process ended without saying {text!r}")


def ports(process: subprocess.Popen[str]) -> tuple[int, int]:
    line = until(process, "sample listens")
    grpc_port, metrics_port = (part.split()[0] for part in line.split("=")[1:])
    return int(grpc_port), int(metrics_port)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code and all that was still said."""
    said, _ = process.communicate(timeout=20)
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_drains_then_ends(start: Start, number: signal.Signals) -> None:
    """What must be finished is finished while the loops still run; the exit is clean."""
    process = start()
    until(process, "sample is ready")

    process.send_signal(number)
    code, said = end(process)

    order = [
        said.index(text)
        for text in ("is stopping", "drain began", "drain ended", "loop cancelled", "stopped")
    ]
    assert code == 0, said
    assert order == sorted(order)


def test_drain_that_takes_too_long_is_cut_off(start: Start) -> None:
    """An orchestrator would kill it anyway, without a word."""
    process = start(SAMPLE_DRAIN="60")
    until(process, "sample is ready")

    process.send_signal(signal.SIGTERM)
    code, said = end(process)

    assert code == 0, said
    assert "sample did not finish within 0.5 s" in said
    assert "drain ended" not in said


def test_readiness_and_metrics_are_served(start: Start) -> None:
    """What blocks the service is logged, and it is not ready while it lasts."""
    process = start(SAMPLE_BLOCKED="no database")
    grpc_port, metrics_port = ports(process)
    until(process, "sample is not ready: no database")

    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        request = health_pb2.HealthCheckRequest(service="polyarb.v1.ScannerService")
        stub: Any = health_pb2_grpc.HealthStub(channel)
        health = stub.Check(request, timeout=10)
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as page:
        metrics = page.read().decode()

    assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert "polyarb_rpc_seconds" in metrics


def test_bug_in_a_loop_ends_the_process(start: Start) -> None:
    """A service without its loop would look alive and do nothing."""
    code, said = end(start(SAMPLE_BUG="1"))

    assert code not in (0, 2, 3)
    assert "ZeroDivisionError: a bug" in said


def test_bad_settings_are_all_listed_and_exit_with_2(start: Start) -> None:
    """Nothing is started."""
    code, said = end(start(SAMPLE_PORT="x", LOG_LEVEL="loud"))

    assert code == 2
    assert "SAMPLE_PORT: " in said
    assert "LOG_LEVEL: " in said
    assert "Traceback" not in said


def test_settings_can_be_checked_without_starting(start: Start) -> None:
    """Before a rollout."""
    assert end(start("--check")) == (0, "")
    assert end(start("--check", SAMPLE_PORT="x"))[0] == 2


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_file_that_a_setting_names_is_checked_too(start: Start, arguments: tuple[str, ...]) -> None:
    """Said in one line, as a bad setting is."""
    code, said = end(start(*arguments, SAMPLE_FILE="x"))

    assert code == 2
    assert said.startswith("SAMPLE_FILE")
    assert "Traceback" not in said


@pytest.mark.parametrize("variable", ["SAMPLE_PORT", "SAMPLE_METRICS_PORT"])
def test_taken_port_exits_with_3(start: Start, variable: str) -> None:
    """Said in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = end(start(**{variable: str(taken.getsockname()[1])}))

    assert code == 3, said
    assert "cannot start sample" in said

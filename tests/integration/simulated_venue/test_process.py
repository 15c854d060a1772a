"""The simulated venue as its own process."""

import asyncio
import json
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

import httpx


async def started(*options: str) -> Process:
    """Return the venue's process."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "polyarb.venues.simulated", *options, stdout=PIPE, stderr=STDOUT
    )


async def line_with(process: Process, text: str) -> str:
    """Return the first line of output that holds `text`."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode():
            if text in line:
                return line
    raise AssertionError(f"ended without {text!r}")


async def test_it_prints_its_port_and_flow_serves_and_ends_on_sigterm() -> None:
    """Port 0 is chosen and told; /ok answers; the printed hash is the status's; exit code 0."""
    process = await started("--port", "0", "--seed", "7")
    line = await line_with(process, "serves on")
    flow = await line_with(process, "background flow seed=7")
    url = re.findall(r"http://\S+", line)[0]
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        ready = await http.get("/ok")
        status = (await http.get("/sim/status")).json()
    process.send_signal(signal.SIGTERM)
    await line_with(process, "simulated venue stops")

    assert ready.json() == "OK"
    assert flow.rstrip().endswith(status["flow_hash"])
    assert await process.wait() == 0


async def test_a_taken_port_ends_it_with_code_three() -> None:
    """And a line that names the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = await started("--port", port)
        line = await line_with(process, "cannot serve")

    assert port in line
    assert await process.wait() == 3


async def test_impossible_options_end_it_with_code_two() -> None:
    """Before anything is served."""
    process = await started("--mined-ms", "500", "--confirmed-ms", "400")
    await line_with(process, "--mined-ms")

    assert await process.wait() == 2


async def test_a_fault_plan_in_a_file_is_armed_from_the_start(tmp_path: Path) -> None:
    """The first request is refused, the second one is not."""
    plan = tmp_path / "plan.json"
    entry = {"fault": "rate_limit", "where": {"endpoint": "/ok"}}
    plan.write_text(json.dumps({"seed": 5, "faults": [entry]}))
    process = await started("--port", "0", "--no-flow", "--faults", str(plan))
    url = re.findall(r"http://\S+", await line_with(process, "serves on"))[0]
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        statuses = [(await http.get("/ok")).status_code for _ in range(2)]
        told = (await http.get("/sim/faults")).json()
    process.send_signal(signal.SIGTERM)
    await process.wait()

    assert (statuses, told["seed"]) == ([429, 200], 5)


async def test_a_bad_fault_plan_ends_it_with_code_two(tmp_path: Path) -> None:
    """And a line that names the field."""
    plan = tmp_path / "plan.json"
    plan.write_text('{"faults": [{"fault": "rain"}]}')
    process = await started("--port", "0", "--no-flow", "--faults", str(plan))
    await line_with(process, "faults[0].fault")

    assert await process.wait() == 2

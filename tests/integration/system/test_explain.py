"""`polyarb explain` on a running system: the same basket by each of its ids, and events."""

import asyncio
import json
import subprocess
import sys
from typing import Any, Final

from integration.system.play import CONVERTIBLE, mispriced, more_trades, quiet
from integration.system.rig import Desk, Rig
from polyarb.v1 import ledger_service_pb2 as ledger_pb
from polyarb.v1 import order_pb2

ELSEWHERE: Final = "0x" + "12" * 32


def command(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `polyarb explain` against the rig."""
    service = "scanner" if "--event" in words else "ledger"
    argv = [sys.executable, "-m", "polyarb.cli", "explain", *words]
    return subprocess.run(
        [*argv, "--address", rig.address(service)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def explain(rig: Rig, *words: str) -> str:
    """Return what `polyarb explain` prints."""
    done = await asyncio.to_thread(command, rig, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def completed_trade(desk: Desk) -> ledger_pb.Trade:
    """Return the newest basket that ended COMPLETE."""
    page = await desk.ledger.trades(ledger_pb.ListTradesRequest())
    return next(t for t in page.trades if t.state == order_pb2.BASKET_STATE_COMPLETE)


async def test_a_basket_is_explained_by_each_of_its_ids(rig: Rig) -> None:
    """Approved, executed, converted: decision, intent, opportunity and order lead to one story."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
        await quiet(desk)
        trade = await completed_trade(desk)
        told = await desk.ledger.explain(trade.intent_id)
    (decision,) = told.decisions
    order_ids = [order.order_id for order in told.executions[0].orders]
    names = (trade.intent_id, decision.decision_id, order_ids[0])

    pages = {name: await explain(rig, name) for name in names}
    found: dict[str, Any] = json.loads(
        await explain(rig, decision.opportunity.opportunity_id, "--json")
    )
    nobody = await asyncio.to_thread(command, rig, ELSEWHERE)

    for page in pages.values():
        assert page.startswith("APPROVED, COMPLETE")
        assert trade.intent_id in page
        assert "yes, here and now, in integers" in page
        assert "converted as planned" in page
    assert "<- asked for" in pages[order_ids[0]]
    nets = {r["intentId"]: int(r["netMicros"]) for r in found["results"]}
    assert nets[trade.intent_id] == trade.net_micros
    assert all(proof["verifiedAgain"] for proof in found["proofs"])
    assert nobody.returncode == 1
    assert f"no order of ours has the id {ELSEWHERE}" in nobody.stderr


async def test_an_event_is_explained_by_id_and_by_slug(rig: Rig) -> None:
    """What the scanner sees now, whether it pays or not."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        events = {e.slug: e.event_id for e in (await desk.scanner.events()).events}
    slug = CONVERTIBLE[0]

    by_slug = await explain(rig, "--event", slug)
    by_id = json.loads(await explain(rig, "--event", events[slug], "--json"))
    nobody = await asyncio.to_thread(command, rig, "--event", "no-such-event")

    assert "OPPORTUNITY NOW" in by_slug.splitlines()[0]
    assert "THE BOOKS NOW" in by_slug
    assert by_id["event"]["slug"] == slug
    assert nobody.returncode == 1
    assert "no watched event has the id or slug 'no-such-event'" in nobody.stderr

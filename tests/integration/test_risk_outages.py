"""Risk when those it needs are away, lose answers, or are taken over."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from loguru import logger

from integration.risk_parts import System, until
from polyarb.core.basket import Execution, OrderRecord
from polyarb.core.order import BasketState, OrderState, RefusalCode, Refused
from polyarb.v1 import scanner_service_pb2
from polyarb.wire.opportunity import opportunity_to
from services.risk import decide
from unit.services.risk.desk import SECOND

ROOM = 200
"""Opportunities that may wait where it is tested that no more do."""


@pytest.fixture
async def system(database_url: str) -> AsyncIterator[System]:
    """A ledger with open books, and peers with a script; risk is started by each test."""
    async with System(database_url) as system:
        yield system


@pytest.fixture
def lines() -> Iterator[list[str]]:
    heard: list[str] = []
    sink = logger.add(lambda m: heard.append(m.rstrip("\n")), format="{level} {message}")
    yield heard
    logger.remove(sink)


async def test_without_the_ledger_nothing_is_approved(system: System, lines: list[str]) -> None:
    """Capital cannot be held; work goes on by itself when the ledger is back."""
    risk = await system.risk()
    await system.ledger_host.stop()
    system.scanner.find(system.found(1))
    away, _ = await risk.verdict(1)
    lines.clear()
    await asyncio.sleep(1.5)
    noise = [line for line in lines if "WARNING" in line]
    await system.ledger_host.start()
    await until(lambda: not risk.decider.blocked(), "risk is ready again")
    system.scanner.find(system.found(2))

    assert away == "LEDGER_UNAVAILABLE"
    assert len(noise) <= 4, noise
    assert (await risk.verdict(2))[0] == "APPROVED"
    assert system.executor.events() == ["2"]


async def test_what_was_decided_without_the_ledger_is_recorded_later(system: System) -> None:
    """Verdicts wait for it."""
    risk = await system.risk()
    opportunity = system.found(1)
    await system.ledger_host.stop()
    system.scanner.find(opportunity)
    await risk.verdict(1)

    await system.ledger_host.start()
    await until(lambda: not risk.decider.unrecorded, "the verdict is recorded")

    assert len(await system.recorded(opportunity)) == 1


async def test_without_the_executor_nothing_is_reserved(system: System) -> None:
    """Capital is not held for orders that nobody would send."""
    risk = await system.risk()
    await system.executor_host.stop()
    await until(risk.decider.blocked, "the loss is known")
    system.scanner.find(system.found(1))
    away, _ = await risk.verdict(1)
    held = await system.unresolved()
    await system.executor_host.start()
    await until(lambda: not risk.decider.blocked(), "risk is ready again")
    system.scanner.find(system.found(2))

    assert (away, held) == ("VENUE_UNAVAILABLE", [])
    assert (await risk.verdict(2))[0] == "APPROVED"
    assert system.executor.events() == ["2"]


async def test_a_blocked_executor_is_believed(system: System) -> None:
    """It says why, and the refusal repeats it."""
    system.executor.blocked = "the venue's user channel is down"
    risk = await system.risk(ready=False)
    await until(lambda: "user channel" in risk.decider.blocked(), "the reason is known")

    system.scanner.find(system.found(1))

    assert await risk.verdict(1) == ("VENUE_UNAVAILABLE", "the venue's user channel is down")


async def test_another_risk_process_takes_over(system: System) -> None:
    """The first approves nothing more, and needs no refused order to learn it."""
    first = await system.risk()
    second = await system.risk()
    await until(lambda: first.authority.lost, "the first knows")

    system.scanner.find(system.found(1))
    verdicts = await asyncio.gather(first.verdict(1), second.verdict(1))

    assert [code for code, _ in verdicts] == ["AUTHORITY_LOST", "APPROVED"]
    assert [intent.epoch for intent in system.executor.intents] == [second.authority.epoch] == [2]
    assert first.decider.blocked() == "another risk process has taken over"


async def test_the_ledger_refuses_whoever_was_taken_over(system: System) -> None:
    """The fence holds even where nobody has told the old one."""
    first = await system.risk()
    await system.risk()

    answer = await system.books.reserve(system.intent(1, epoch=first.authority.epoch))

    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.AUTHORITY_LOST


async def test_a_lost_answer_is_asked_for_again(system: System) -> None:
    """With the same intent: capital is held once, and the basket goes ahead."""
    risk = await system.risk()
    system.ledger.losing = 1

    system.scanner.find(system.found(1))
    verdict, intent_id = await risk.verdict(1)

    assert verdict == "APPROVED"
    assert system.ledger.asked == [intent_id, intent_id]
    assert await system.unresolved() == [intent_id]
    assert len(system.executor.intents) == 1


async def test_capital_whose_answer_never_came_is_not_forgotten(system: System) -> None:
    """Held but refused to the asker: handed over late, so that the executor ends it."""
    risk = await system.risk()
    system.ledger.losing = 1_000

    system.scanner.find(system.found(1))
    verdict, message = await risk.verdict(1)
    system.ledger.losing = 0
    (held,) = await system.unresolved()
    await until(lambda: system.executor.intents, "handed over")

    assert verdict == "LEDGER_UNAVAILABLE"
    assert "the line went dead" in message
    assert [intent.intent_id for intent in system.executor.intents] == [held]
    assert system.clock() > system.executor.intents[0].entry_deadline_ns


async def test_an_intent_that_was_not_acknowledged_is_handed_over_again(system: System) -> None:
    """At least once; the executor knows those that it has seen."""
    risk = await system.risk()
    system.executor.deaf = True

    system.scanner.find(system.found(1))
    verdict, intent_id = await risk.verdict(1)
    await until(lambda: len(system.executor.intents) == 2, "handed over again")

    assert verdict == "APPROVED"
    assert [intent.intent_id for intent in system.executor.intents] == [intent_id] * 2


async def test_what_a_dead_predecessor_reserved_is_handed_over(system: System) -> None:
    """It died between the ledger and the executor. What has begun is left alone."""
    await system.risk()
    orphan = system.intent(1, epoch=1, age_ns=10 * SECOND)
    begun = system.intent(2, epoch=1, age_ns=10 * SECOND)
    for intent in (orphan, begun):
        assert await system.books.reserve(intent) == 1
    working = Execution(
        intent_id=begun.intent_id,
        state=BasketState.WORKING,
        orders=tuple(
            OrderRecord(order_id=o.order_id, leg=o.leg, attempt=0, state=OrderState.SENT)
            for o in begun.orders
        ),
    )
    await system.books.record_execution(working)

    await system.risk()
    await until(lambda: system.executor.intents, "handed over")
    await asyncio.sleep(0.2)

    assert [intent.intent_id for intent in system.executor.intents] == [orphan.intent_id]


async def test_what_ended_while_it_waited_is_not_decided(system: System) -> None:
    """News that came later counts."""
    risk = await system.risk()
    system.ledger.open.clear()
    system.scanner.find(system.found(1))
    await until(lambda: system.ledger.asked, "the first is being reserved")
    ended = scanner_service_pb2.OpportunityEnded(opportunity_id="opportunity-2", event_id="2")
    system.scanner.find(system.found(2))
    system.scanner.say(ended=ended)
    system.scanner.sweep(1)
    await until(lambda: risk.decider.counts.cycles == 1, "all is heard")

    system.ledger.open.set()
    await until(lambda: 1 in risk.told, "all is decided")

    assert (await risk.verdict(1))[0] == "APPROVED"
    assert risk.decisions(2) == []


async def test_what_ended_while_it_was_being_reserved_is_released(system: System) -> None:
    """Nothing is sent, its capital is free again, and the next opportunity is taken."""
    risk = await system.risk()
    system.ledger.open.clear()
    gone = system.found(1)
    system.scanner.find(gone)
    await until(lambda: system.ledger.asked, "it is being reserved")
    system.scanner.say(
        ended=scanner_service_pb2.OpportunityEnded(
            opportunity_id=gone.opportunity_id, event_id=gone.event_id
        )
    )
    system.scanner.sweep(1)
    await until(lambda: risk.decider.counts.cycles == 1, "the end is heard")

    system.ledger.open.set()
    verdict = await risk.verdict(1)

    assert verdict == ("STALE", "the opportunity ended while its capital was being reserved")
    assert system.executor.intents == []
    assert await system.books.unresolved() == ()
    await until(lambda: not risk.decider.portfolio.open_event_ids, "its end is heard of")
    system.scanner.find(replace(gone, opportunity_id="another"))
    assert (await risk.verdict(1, 2))[0] == "APPROVED"


async def test_a_flood_sheds_opportunities_and_nothing_else(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More events than there is room for, while the ledger is slow: risk lives, and goes on."""
    monkeypatch.setattr(decide, "_INBOX", ROOM)
    risk = await system.risk()
    system.ledger.open.clear()
    system.scanner.find(system.found(1))
    await until(lambda: system.ledger.asked, "the first is being reserved")
    flood = opportunity_to(system.found(2))
    for event in range(2, 2 * ROOM):
        flood.event_id = str(event)
        system.scanner.say(opportunity=flood)
    system.scanner.find(system.found(9_000))
    for event in range(2, 2 * ROOM):
        ended = scanner_service_pb2.OpportunityEnded(opportunity_id="o", event_id=str(event))
        system.scanner.say(ended=ended)
    system.scanner.sweep(1)
    await until(lambda: risk.decider.counts.cycles == 1, "all is heard")

    system.ledger.open.set()
    await until(lambda: 1 in risk.told, "all is decided")
    system.scanner.find(system.found(9_001))

    assert (await risk.verdict(9_001))[0] == "APPROVED"
    assert risk.decisions(9_000) == []


async def test_the_scanner_is_found_again(system: System, lines: list[str]) -> None:
    """One line for its loss, one for its return, and work goes on."""
    risk = await system.risk()
    lines.clear()
    await system.scanner_host.stop()
    await asyncio.sleep(1.5)
    await system.scanner_host.start()
    await until(lambda: any("is back" in line for line in lines), "the return is said")

    system.scanner.find(system.found(1))

    assert (await risk.verdict(1))[0] == "APPROVED"
    assert len([line for line in lines if line.startswith("WARNING scanner")]) == 1

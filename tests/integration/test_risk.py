"""Risk over real gRPC: what is approved, and what is refused in which words."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc import aio

from integration.ledger_parts import completed
from integration.ledger_parts import intent as small_basket
from integration.risk_parts import Risk, System, new_id, until
from polyarb.core.certificate import certify
from polyarb.core.features import bucket_of
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from polyarb.v1 import opportunity_pb2, scanner_service_pb2
from polyarb.v1 import risk_service_pb2 as pb
from polyarb.wire.opportunity import opportunity_to
from unit.services.risk.desk import ONE, no_set, policy

SEEDED_DAY = "Daily loss limit exceeded - trading paused"
SEEDED_POSITIONS = "Max open positions reached"


@pytest.fixture
async def system(database_url: str) -> AsyncIterator[System]:
    """A ledger with open books, and peers with a script; risk is started by each test."""
    async with System(database_url) as system:
        yield system


async def lose(system: System, risk: Risk, amount: int) -> None:
    """Book a basket that lost `amount`, and wait until risk has heard of it."""
    basket = small_basket("lost", epoch=risk.authority.epoch, worst_loss=0)
    assert not isinstance(await system.books.reserve(basket), Refused)
    net = await system.books.record_execution(completed(basket, back=9 * ONE - amount))
    assert net == -amount
    await until(lambda: risk.decider.portfolio.realised_today == -amount, "the loss is known")


async def test_an_opportunity_is_reserved_and_forwarded_once(system: System) -> None:
    """However often it is detected again while its basket is open."""
    risk = await system.risk()
    opportunity = system.found(1)

    for _ in range(20):
        system.scanner.find(opportunity)
        await asyncio.sleep(0.01)
    verdict, intent_id = await risk.verdict(1)
    again, _ = await risk.verdict(1, 2)

    assert (verdict, again) == ("APPROVED", "ALREADY_OPEN")
    assert await system.unresolved() == [intent_id]
    assert [intent.intent_id for intent in system.executor.intents] == [intent_id]


async def test_the_executor_gets_what_the_ledger_holds(system: System) -> None:
    """Byte for byte: the orders' ids, and the epoch they were approved under."""
    risk = await system.risk()

    system.scanner.find(system.found(1))
    await risk.verdict(1)

    ((stored, _, _),) = await system.books.unresolved()
    assert system.executor.intents == [stored]
    assert stored.epoch == risk.authority.epoch == 1


async def test_a_loss_beyond_the_daily_limit_pauses_trading(system: System) -> None:
    """In the known words; and the ledger says the same to who asks past the filter."""
    risk = await system.risk(policy(daily_loss=Collateral(8 * ONE)))
    await lose(system, risk, 8 * ONE)

    system.scanner.find(system.found(1))
    verdict, message = await risk.verdict(1)
    answer = await system.books.reserve(system.intent(2, epoch=risk.authority.epoch))

    assert verdict == "DAILY_LOSS_LIMIT"
    assert message.startswith(SEEDED_DAY + ": realised -8.00,")
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.DAILY_LOSS_LIMIT
    assert answer.message.startswith(SEEDED_DAY)
    assert system.executor.intents == []


async def test_an_eleventh_open_basket_is_refused(system: System) -> None:
    """In the known words; and the ledger says the same to who asks past the filter."""
    risk = await system.risk()
    system.scanner.find(*(system.found(event) for event in range(1, 11)))
    verdicts = [(await risk.verdict(event))[0] for event in range(1, 11)]
    await until(lambda: risk.decider.portfolio.open_positions == 10, "ten are open")

    system.scanner.find(system.found(11))
    verdict, message = await risk.verdict(11)
    answer = await system.books.reserve(system.intent(12, epoch=risk.authority.epoch))

    assert verdicts == ["APPROVED"] * 10
    assert (verdict, message) == (
        "OPEN_POSITIONS_LIMIT",
        f"{SEEDED_POSITIONS}: 10 of 10 open",
    )
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.OPEN_POSITIONS_LIMIT
    assert answer.message.startswith(SEEDED_POSITIONS)
    assert len(system.executor.intents) == 10


async def test_a_burst_does_not_pass_the_limits_either(system: System) -> None:
    """Thirty at once, judged before the portfolio has moved: the ledger's statement decides."""
    risk = await system.risk()

    system.scanner.find(*(system.found(event) for event in range(1, 31)))
    verdicts = [(await risk.verdict(event))[0] for event in range(1, 31)]

    assert sorted(set(verdicts)) == ["APPROVED", "OPEN_POSITIONS_LIMIT"]
    assert verdicts.count("APPROVED") == len(await system.unresolved()) == 10
    assert len(system.executor.intents) == 10


async def test_a_halt_stops_approvals_until_its_reason_is_repeated(system: System) -> None:
    """Who resumes has read why; the ledger refuses as well meanwhile."""
    risk = await system.risk()
    await risk.client.halt(request_id=new_id(), reason="ann: odd fills")
    await until(lambda: risk.decider.portfolio.halted, "the halt is known")

    system.scanner.find(system.found(1))
    halted = await risk.verdict(1)
    past = await system.books.reserve(system.intent(2, epoch=risk.authority.epoch))
    with pytest.raises(aio.AioRpcError) as raised:
        await risk.client.resume(request_id=new_id(), acknowledged_reason="odd")
    state = await risk.client.state()
    await risk.client.resume(request_id=new_id(), acknowledged_reason="ann: odd fills")
    await until(lambda: not risk.decider.portfolio.halted, "the end is known")
    system.scanner.find(system.found(3))

    assert halted == ("HALTED", "halted: ann: odd fills")
    assert isinstance(past, Refused)
    assert past.code is RefusalCode.HALTED
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "ann: odd fills" in (raised.value.details() or "")
    assert (state.halted, state.halt_reason) == (True, "ann: odd fills")
    assert (await risk.verdict(3))[0] == "APPROVED"
    assert system.executor.events() == ["3"]


async def test_the_halt_file_stops_approvals_while_it_exists(
    system: System, tmp_path: Path
) -> None:
    """No call can lift it."""
    path = tmp_path / "halt"
    risk = await system.risk(halt_file=path)
    path.touch()

    system.scanner.find(system.found(1))
    halted = await risk.verdict(1)
    with pytest.raises(aio.AioRpcError) as raised:
        await risk.client.resume(request_id=new_id(), acknowledged_reason="")
    path.unlink()
    system.scanner.find(system.found(1))

    assert halted == ("HALTED", f"halted: the file {path} exists")
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (await risk.verdict(1, 2))[0] == "APPROVED"


async def test_a_halt_without_a_reason_is_refused(system: System) -> None:
    """There would be nothing to acknowledge."""
    risk = await system.risk()

    with pytest.raises(aio.AioRpcError) as raised:
        await risk.client.halt(request_id=new_id(), reason="  ")

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_repeated_request_with_another_reason_is_told_so(system: System) -> None:
    """Asking again with the same id would never work."""
    risk = await system.risk()
    request_id = new_id()
    await risk.client.halt(request_id=request_id.upper(), reason="first")
    await risk.client.halt(request_id=request_id, reason="first")

    with pytest.raises(aio.AioRpcError) as raised:
        await risk.client.halt(request_id=request_id, reason="second")

    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_dry_run_says_what_it_would_trade(system: System) -> None:
    """Sized like a real one, but neither reserved nor sent."""
    risk = await system.risk(dry_run=True)

    system.scanner.find(system.found(1))

    assert await risk.verdict(1) == (
        "DRY_RUN",
        "dry run: would buy 5 sets for 9.00, guaranteed 1.00, bound by EXPLORATION",
    )
    assert await system.unresolved() == []
    assert system.executor.intents == []
    assert (await risk.client.state()).dry_run


async def test_a_bad_certificate_is_refused(system: System) -> None:
    """A claim that is a micro too high, and a leg that is not what was proved."""
    risk = await system.risk()
    good = system.found(1)
    boast = replace(good.certificate, guaranteed=Collateral(good.certificate.guaranteed + 1))
    swapped = replace(good.legs[0], token_id="999")

    system.scanner.find(replace(good, certificate=boast))
    system.scanner.find(replace(system.found(2), legs=(swapped, *system.found(2).legs[1:])))
    first, second = await risk.verdict(1), await risk.verdict(2)

    assert first[0] == second[0] == "BAD_CERTIFICATE"
    assert "certificate.guaranteed" in first[1]
    assert system.executor.intents == []


async def test_a_malformed_opportunity_is_passed_over(system: System) -> None:
    """The stream goes on with the next."""
    risk = await system.risk()

    system.scanner.say(opportunity=opportunity_pb2.Opportunity(event_id="1"))
    system.scanner.find(system.found(2))

    assert (await risk.verdict(2))[0] == "APPROVED"
    assert risk.decisions(1) == []


async def test_a_sweep_at_a_limit_records_and_forwards_nothing(system: System) -> None:
    """Detection goes on: what was missed can be read afterwards."""
    risk = await system.risk(policy(daily_loss=Collateral(8 * ONE)))
    await lose(system, risk, 9 * ONE)
    opportunity = system.found(1)

    system.scanner.sweep(5, opportunity)
    await until(lambda: 5 in risk.told, "the sweep is over")
    await until(lambda: not risk.decider.unrecorded, "the verdict is recorded")

    (stored,) = await system.recorded(opportunity)
    assert isinstance(stored.verdict, Refused)
    assert stored.verdict.message.startswith(SEEDED_DAY)
    assert system.executor.intents == []
    assert (await risk.client.state()).scan_cycle_count == 1


async def test_a_sweep_ends_after_its_verdicts(system: System) -> None:
    """Who waits for the end has seen what came of it."""
    risk = await system.risk()

    system.scanner.sweep(1, *(system.found(event) for event in range(1, 13)))
    system.scanner.sweep(2)
    await until(lambda: 2 in risk.told, "both sweeps are over")

    assert [item if isinstance(item, int) else "verdict" for item in risk.told] == (
        ["verdict"] * 12 + [1, 2]
    )


async def test_the_same_refusal_is_told_once(system: System) -> None:
    """An opportunity that stands for a minute is one line, not a thousand."""
    risk = await system.risk(policy(position=Collateral(ONE)))

    for _ in range(10):
        system.scanner.find(system.found(1))
        await asyncio.sleep(0.005)
    system.scanner.sweep(1)
    await until(lambda: 1 in risk.told, "all are judged")

    assert [d.verdict.code for d in risk.decisions(1) if isinstance(d.verdict, Refused)] == [
        RefusalCode.POSITION_SIZE_LIMIT
    ]
    assert risk.decider.counts.opportunities == 1


async def test_a_question_reserves_and_sends_nothing(system: System) -> None:
    """Evaluate says what would be decided."""
    risk = await system.risk()
    request = pb.EvaluateRequest(opportunity=opportunity_to(system.found(1)))
    response = await risk.client._stub.Evaluate(request)

    assert response.decision.WhichOneof("verdict") == "approved"
    assert await system.unresolved() == []
    assert system.executor.intents == []


async def test_the_end_records_what_was_decided(system: System) -> None:
    """Drained at once: nothing waits for the next period, and nothing more is decided."""
    risk = await system.risk()
    first, second = system.found(1), system.found(2)
    system.scanner.find(first)
    await risk.verdict(1)

    await risk.decider.drain()
    system.scanner.find(second)
    system.scanner.sweep(1)
    await until(lambda: 1 in risk.told, "the sweep is over")

    assert len(await system.recorded(first)) == 1
    assert risk.decisions(2) == []


async def test_a_market_of_two_groups_is_bought_once(system: System) -> None:
    """An event's group and a relation's share a market: its book is taken from by one at a time."""
    risk = await system.risk()
    first, other = system.found(1), system.found(9)
    shared = replace(first.legs[0], question_id=other.legs[0].question_id)
    relation = replace(other, legs=(shared, *other.legs[1:]))
    relation = replace(relation, certificate=certify(relation))

    system.scanner.find(first)
    await risk.verdict(1)
    system.scanner.find(relation, system.found(3))

    assert await risk.verdict(9) == ("ALREADY_OPEN", "a basket was just approved")
    assert (await risk.verdict(3))[0] == "APPROVED"
    assert system.executor.events() == ["1", "3"]


def paying(system: System, event: int, bid: str) -> Opportunity:
    """Return three NO bought against bids for YES: the higher, the more they pay."""
    now_ns = system.clock()
    quote = (f"{bid} x 100", "0.60 x 100")
    return no_set(quote, quote, quote, event=event, detected=now_ns, book_times=[now_ns] * 3)


async def test_the_best_return_is_decided_first(system: System) -> None:
    """Three wait while the ledger thinks; what was found last pays most. An end is no verdict."""
    risk = await system.risk()
    system.ledger.open.clear()
    system.scanner.find(system.found(1))
    await until(lambda: system.ledger.asked, "the first is being decided")

    bids = ((2, "0.41"), (3, "0.40"), (4, "0.55"), (5, "0.45"))
    system.scanner.sweep(1, *(paying(system, event, bid) for event, bid in bids))
    system.scanner.say(ended=scanner_service_pb2.OpportunityEnded(event_id="4"))
    system.scanner.find(paying(system, 6, "0.50"))
    await until(lambda: risk.decider.counts.opportunities == 6, "all have been heard of")
    system.ledger.open.set()
    await until(lambda: 1 in risk.told, "the sweep is over")

    told = [item if isinstance(item, int) else item.opportunity.event_id for item in risk.told]
    assert told == ["1", "6", "5", "2", "3", 1]


async def test_an_approved_basket_carries_its_bucket(system: System) -> None:
    """The ledger counts its outcome where the next one like it will look."""
    risk = await system.risk()

    system.scanner.find(system.found(1))
    await risk.verdict(1)

    ((stored, _, _),) = await system.books.unresolved()
    assert stored.bucket == bucket_of(stored.opportunity) == "no_set/fresh/new/easy"


async def test_what_pays_too_late_is_refused(system: System) -> None:
    """0.20 on 1.80 in a year is 11 %; asked for are 20 %."""
    risk = await system.risk(policy(hurdle_rate=0.2))

    system.scanner.find(system.found(1, converts=False), system.found(2))
    verdict, message = await risk.verdict(1)

    assert verdict == "HURDLE_RATE"
    assert message.startswith("pays at resolution, locked for 365.0 days: 11.11 % a year")
    assert (await risk.verdict(2))[0] == "APPROVED"

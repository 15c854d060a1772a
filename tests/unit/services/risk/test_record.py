"""Verdicts on their way to a ledger that is away, picky, or has small doors."""

from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio

from polyarb.clients import LedgerClient, open_channel
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import ledger_service_pb2_grpc, order_pb2
from polyarb.wire.opportunity import opportunity_to
from services.risk.record import BATCH_BYTES_MAX, BATCH_MAX, DROPPED, UNRECORDED_MAX, Recorder
from unit.services.risk.desk import plain


class Ledger(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Stores decisions; refuses batches with one called "poison"."""

    def __init__(self) -> None:
        self.away = False
        self.batches: list[list[str]] = []

    async def RecordDecisions(
        self, request: pb.RecordDecisionsRequest, context: "aio.ServicerContext[object, object]"
    ) -> pb.RecordDecisionsResponse:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Postgres does not answer")
        ids = [decision.decision_id for decision in request.decisions]
        if "poison" in ids:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "decisions[0]: not a UUID")
        self.batches.append(ids)
        return pb.RecordDecisionsResponse()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def recorder(ledger: Ledger) -> AsyncIterator[Recorder]:
    server = aio.server(options=[("grpc.max_receive_message_length", 1 << 20)])
    ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(ledger, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield Recorder(LedgerClient(channel))
    await server.stop(None)


def dropped() -> float:
    return float(DROPPED._value.get())


async def test_everything_is_recorded_in_order(recorder: Recorder, ledger: Ledger) -> None:
    """In batches of at most 200."""
    for number in range(450):
        recorder.add(order_pb2.Decision(decision_id=str(number)))

    await recorder.flush()

    assert [len(batch) for batch in ledger.batches] == [BATCH_MAX, BATCH_MAX, 50]
    assert [i for batch in ledger.batches for i in batch] == [str(n) for n in range(450)]
    assert len(recorder) == 0


async def test_a_batch_fits_through_the_ledgers_door(recorder: Recorder, ledger: Ledger) -> None:
    """200 large verdicts are more than a message may hold; refused once, they always would be."""
    large = order_pb2.Decision(opportunity=opportunity_to(plain()))
    large.refused.message = "x" * 20_000
    for number in range(200):
        large.decision_id = str(number)
        recorder.add(order_pb2.Decision.FromString(large.SerializeToString()))

    await recorder.flush()

    assert 200 * large.ByteSize() > 1 << 20
    assert sum(len(batch) for batch in ledger.batches) == 200
    assert max(len(batch) for batch in ledger.batches) <= BATCH_BYTES_MAX // large.ByteSize()


async def test_what_fails_is_kept(recorder: Recorder, ledger: Ledger) -> None:
    """Until the ledger answers again."""
    recorder.add(order_pb2.Decision(decision_id="1"))
    ledger.away = True
    await recorder.flush()
    kept = len(recorder)
    ledger.away = False
    await recorder.flush()

    assert (kept, len(recorder), ledger.batches) == (1, 0, [["1"]])


async def test_a_refused_batch_does_not_hold_up_the_next(
    recorder: Recorder, ledger: Ledger
) -> None:
    """It is counted as dropped, with an error in the log."""
    before = dropped()
    recorder.add(order_pb2.Decision(decision_id="poison"))
    await recorder.flush()
    recorder.add(order_pb2.Decision(decision_id="2"))
    await recorder.flush()

    assert ledger.batches == [["2"]]
    assert dropped() - before == 1


async def test_a_long_outage_drops_the_oldest(recorder: Recorder, ledger: Ledger) -> None:
    """Bounded, and counted."""
    before = dropped()
    for number in range(UNRECORDED_MAX + 3):
        recorder.add(order_pb2.Decision(decision_id=str(number)))

    assert len(recorder) == UNRECORDED_MAX
    assert dropped() - before == 3
    await recorder.flush()
    assert ledger.batches[0][0] == "3"

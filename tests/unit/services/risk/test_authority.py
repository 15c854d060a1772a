"""Who may approve."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc import aio

from polyarb.clients import LedgerClient, open_channel
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import ledger_service_pb2_grpc
from services.risk.authority import EPOCH, Authority
from services.risk.policy import limits_message
from unit.services.risk.desk import limits


class Ledger(ledger_service_pb2_grpc.LedgerServiceServicer):
    """A ledger that is away a number of times, then gives epoch 7."""

    def __init__(self) -> None:
        self.away = 0
        self.requests: list[pb.AcquireAuthorityRequest] = []

    async def AcquireAuthority(
        self, request: pb.AcquireAuthorityRequest, context: "aio.ServicerContext[object, object]"
    ) -> pb.AcquireAuthorityResponse:
        self.requests.append(request)
        if len(self.requests) <= self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Postgres does not answer")
        return pb.AcquireAuthorityResponse(epoch=7)


@pytest.fixture
async def channel(ledger: Ledger) -> AsyncIterator[aio.Channel]:
    server = aio.server()
    ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(ledger, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def made(channel: aio.Channel, halt_file: Path | None = None) -> Authority:
    ids = iter(f"request {n}" for n in range(9))
    return Authority(
        LedgerClient(channel),
        holder="risk-1",
        limits=limits_message(limits()),
        halt_file=halt_file,
        new_id=lambda: next(ids),
    )


@pytest.fixture
def authority(channel: aio.Channel) -> Authority:
    return made(channel)


async def test_without_an_epoch_nothing_may_be_approved(authority: Authority) -> None:
    """The ledger gives it; before, there is no authority."""
    assert authority.blocked() == "no authority yet: the ledger has not answered"


async def test_every_try_is_the_same_request(
    authority: Authority, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked, the epoch rises once."""
    monkeypatch.setattr("services.risk.authority._RETRY_S", 0)
    ledger.away = 3

    await authority.acquire()

    assert [request.request_id for request in ledger.requests] == ["request 0"] * 4
    assert {request.limits.open_positions_max for request in ledger.requests} == {10}
    assert (authority.epoch, authority.blocked(), EPOCH._value.get()) == (7, "", 7)


async def test_a_newer_epoch_ends_it_for_good(authority: Authority) -> None:
    """The portfolio tells it before the first reserve is refused."""
    await authority.acquire()

    authority.hear(8)
    authority.hear(7)

    assert authority.lost
    assert authority.blocked() == "another risk process has taken over"
    assert EPOCH._value.get() == 0


async def test_its_own_and_older_epochs_do_not_end_it(authority: Authority) -> None:
    """A portfolio read before the acquisition may come after it."""
    await authority.acquire()

    authority.hear(7)
    authority.hear(6)

    assert not authority.lost


async def test_an_epoch_that_it_does_not_hold_yet_cannot_be_lost(authority: Authority) -> None:
    """The predecessor's portfolio arrives before our own epoch."""
    authority.hear(6)

    assert not authority.lost


async def test_the_halt_file_halts_while_it_exists(channel: aio.Channel, tmp_path: Path) -> None:
    """It is looked at every time: making and removing it acts at once."""
    path = tmp_path / "halt"
    found = made(channel, path)
    before = found.halted_by_file()
    path.touch()
    during = found.halted_by_file()
    path.unlink()

    assert (before, during, found.halted_by_file()) == ("", f"the file {path} exists", "")


async def test_without_a_halt_file_nothing_is_looked_at(authority: Authority) -> None:
    """The setting is empty by default."""
    assert authority.halted_by_file() == ""

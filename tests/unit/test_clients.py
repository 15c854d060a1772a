"""Questions over one stream: each gets its own answer, or an honest doubt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc import aio

from polyarb.clients import AskStream, LedgerClient, RiskClient, open_channel
from polyarb.core.errors import NotSent, OutcomeUnknown
from polyarb.v1 import (
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    order_pb2,
    risk_service_pb2,
    risk_service_pb2_grpc,
)

Requests = AsyncIterator[ledger_service_pb2.ReserveRequest]
Script = Callable[[Requests], AsyncIterator[ledger_service_pb2.ReserveResponse]]
Stream = AskStream[ledger_service_pb2.ReserveRequest, ledger_service_pb2.ReserveResponse]


def question(key: str) -> ledger_service_pb2.ReserveRequest:
    return ledger_service_pb2.ReserveRequest(intent=order_pb2.Intent(intent_id=key))


def answer(key: str, epoch: int = 1) -> ledger_service_pb2.ReserveResponse:
    reserved = ledger_service_pb2.Reserved(epoch=epoch)
    return ledger_service_pb2.ReserveResponse(intent_id=key, reserved=reserved)


async def echo(requests: Requests) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
    async for request in requests:
        yield answer(request.intent.intent_id)


async def mute(requests: Requests) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
    async for _ in requests:
        pass
    yield answer("never")


class Scripted(ledger_service_pb2_grpc.LedgerServiceServicer):
    """A ledger whose Reserve follows `script` and counts the streams opened."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.streams = 0

    async def Reserve(  # noqa: N802 - the proto's name
        self, requests: Requests, context: Any
    ) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
        self.streams += 1
        await context.send_initial_metadata(())
        async for response in self.script(requests):
            yield response


class Bench:
    """A ledger that can be stopped and started again on its port, and a stream to it."""

    def __init__(self, script: Script) -> None:
        self.ledger = Scripted(script)
        self.port = 0
        self._server: aio.Server | None = None

    async def start(self) -> None:
        self._server = aio.server(options=(("grpc.so_reuseport", 0),))
        ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(self.ledger, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(0)
            self._server = None


@asynccontextmanager
async def asking(script: Script) -> AsyncIterator[tuple[Bench, Stream]]:
    """Yield a bench and a connected stream."""
    bench = Bench(script)
    await bench.start()
    async with open_channel(f"127.0.0.1:{bench.port}") as channel, asyncio.TaskGroup() as group:
        stream = LedgerClient(channel).reserving
        running = group.create_task(stream.run())
        await until(lambda: stream.connected)
        yield bench, stream
        running.cancel()
        await bench.stop()


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - it is told nobody
            await asyncio.sleep(0.01)


async def outcome(asked: Awaitable[Any]) -> Any:
    """Return the answer's epoch, or the kind of doubt."""
    try:
        return (await asked).reserved.epoch
    except (NotSent, OutcomeUnknown) as doubt:
        return type(doubt)


async def test_question_gets_its_answer() -> None:
    """Many times over the same stream."""
    async with asking(echo) as (bench, stream):
        for n in range(20):
            response = await stream.ask(f"i{n}", question(f"i{n}"), 5)
            assert response.intent_id == f"i{n}"

        assert bench.ledger.streams == 1


async def test_answers_find_their_questions_in_any_order() -> None:
    """The key matches them, not the order."""

    async def reverse(requests: Requests) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
        keys = [(await anext(requests)).intent.intent_id for _ in range(3)]
        for key in reversed(keys):
            yield answer(key, epoch=int(key))
        await asyncio.Event().wait()

    async with asking(reverse) as (_, stream):
        epochs = await asyncio.gather(
            *(outcome(stream.ask(key, question(key), 5)) for key in ("1", "2", "3"))
        )

    assert epochs == [1, 2, 3]


async def test_answer_that_nobody_asked_for_is_ignored() -> None:
    """A late one, or one of another client."""

    async def chatty(requests: Requests) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
        async for request in requests:
            yield answer("stranger")
            yield answer(request.intent.intent_id, epoch=7)
            yield answer(request.intent.intent_id, epoch=8)

    async with asking(chatty) as (_, stream):
        assert [await outcome(stream.ask(k, question(k), 5)) for k in "ab"] == [7, 7]


async def test_question_before_the_stream_is_open_was_not_sent() -> None:
    """It may be asked again freely."""
    async with open_channel("127.0.0.1:1") as channel:
        with pytest.raises(NotSent, match="not connected"):
            await LedgerClient(channel).reserving.ask("i", question("i"), 5)


async def test_silence_is_an_unknown_outcome() -> None:
    """It may have been done; and the stream still serves the next question."""
    asked: list[str] = []

    async def first_is_lost(
        requests: Requests,
    ) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
        async for request in requests:
            asked.append(request.intent.intent_id)
            if len(asked) > 1:
                yield answer(request.intent.intent_id)

    async with asking(first_is_lost) as (bench, stream):
        assert await outcome(stream.ask("a", question("a"), 0.1)) is OutcomeUnknown
        assert await outcome(stream.ask("a", question("a"), 5)) == 1
        assert bench.ledger.streams == 1

    assert asked == ["a", "a"]


async def test_broken_stream_leaves_every_outcome_unknown_at_once() -> None:
    """Nobody waits for a deadline to learn it."""
    async with asking(mute) as (bench, stream), asyncio.TaskGroup() as group:
        asked = [group.create_task(outcome(stream.ask(k, question(k), 60))) for k in "abc"]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            await bench.stop()
            doubts = await asyncio.gather(*asked)

    assert doubts == [OutcomeUnknown] * 3


async def test_stream_comes_back_by_itself() -> None:
    """On the same port, after a while without a server."""
    async with asking(echo) as (bench, stream):
        await bench.stop()
        await until(lambda: not stream.connected)
        assert await outcome(stream.ask("a", question("a"), 5)) is NotSent
        await bench.start()
        await until(lambda: stream.connected)

        assert await outcome(stream.ask("a", question("a"), 5)) == 1
        assert bench.ledger.streams == 2


async def test_stream_that_the_server_ends_politely_is_opened_again() -> None:
    """An end is an end, with or without an error."""

    async def once(requests: Requests) -> AsyncIterator[ledger_service_pb2.ReserveResponse]:
        yield answer((await anext(requests)).intent.intent_id)

    async with asking(once) as (bench, stream):
        assert await outcome(stream.ask("a", question("a"), 5)) == 1
        await until(lambda: bench.ledger.streams == 2 and stream.connected)

        assert await outcome(stream.ask("b", question("b"), 5)) == 1


async def test_more_questions_than_fit_were_not_sent() -> None:
    """The outbox is bounded: what does not fit is refused, not kept."""
    async with open_channel("127.0.0.1:1") as channel, asyncio.TaskGroup() as group:
        stream = LedgerClient(channel).reserving
        stream.connected = True
        waiting = [
            group.create_task(outcome(stream.ask(str(n), question(str(n)), 60))) for n in range(64)
        ]
        await asyncio.sleep(0)

        assert await outcome(stream.ask("one more", question("one more"), 60)) is NotSent
        for task in waiting:
            task.cancel()


async def test_question_that_was_answered_can_be_asked_again() -> None:
    """Keys are only taken while a question is under way."""
    async with asking(echo) as (_, stream):
        assert [await outcome(stream.ask("a", question("a"), 5)) for _ in range(3)] == [1, 1, 1]


class Moody(risk_service_pb2_grpc.RiskServiceServicer):
    """Fails the first calls of each method with UNAVAILABLE."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls: list[str] = []

    async def _answer(self, name: str, context: Any) -> None:
        self.calls.append(name)
        if self.calls.count(name) <= self.failures:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")

    async def GetState(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        await self._answer("GetState", context)
        return risk_service_pb2.GetStateResponse()

    async def Halt(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        await self._answer("Halt", context)
        return risk_service_pb2.HaltResponse()


@asynccontextmanager
async def risk(moody: Moody) -> AsyncIterator[RiskClient]:
    server = aio.server()
    risk_service_pb2_grpc.add_RiskServiceServicer_to_server(moody, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield RiskClient(channel)
    await server.stop(0)


async def test_read_is_repeated_when_the_server_is_away() -> None:
    """Three attempts in all; reading twice does no harm."""
    moody = Moody(failures=2)

    async with risk(moody) as client:
        await client.state()

    assert moody.calls == ["GetState"] * 3


async def test_command_is_never_repeated_behind_the_callers_back() -> None:
    """It may have been done: the caller repeats it with the same request_id."""
    moody = Moody(failures=1)

    async with risk(moody) as client:
        with pytest.raises(aio.AioRpcError) as caught:
            await client.halt(request_id="r", reason="test")

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert moody.calls == ["Halt"]

"""Questions and answers over one stream, against a server that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc import aio
from loguru import logger

from polyarb.ask_stream import AskStream
from polyarb.clients import open_channel
from polyarb.core.errors import NotSent, OutcomeUnknown
from polyarb.v1 import executor_service_pb2 as pb
from polyarb.v1 import executor_service_pb2_grpc, order_pb2

Ask = AskStream[pb.ExecuteRequest, pb.ExecuteResponse]


class Peer(executor_service_pb2_grpc.ExecutorServiceServicer):
    """Answers by what the question is called."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.streams = 0

    async def Execute(
        self, requests: AsyncIterator[Any], context: "aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[pb.ExecuteResponse]:
        self.streams += 1
        waiting = list[str]()
        async for request in requests:
            key = request.intent.intent_id
            self.heard.append(key)
            if key.startswith("break") and self.heard.count(key) == 1:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "intent.epoch: must be 1")
            if key.startswith("silence"):
                continue
            waiting.append(key)
            if not key.startswith("wait"):
                for answered in reversed(waiting):
                    yield pb.ExecuteResponse(intent_id=answered, refused_reason=f"to {answered}")
                waiting.clear()


@asynccontextmanager
async def serving(peer: Peer, port: int = 0) -> AsyncIterator[int]:
    server = aio.server(options=[("grpc.so_reuseport", 0)])
    executor_service_pb2_grpc.add_ExecutorServiceServicer_to_server(peer, server)  # type: ignore[no-untyped-call]
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(0)


@asynccontextmanager
async def asking(port: int) -> AsyncIterator[Ask]:
    async with open_channel(f"127.0.0.1:{port}") as channel, asyncio.TaskGroup() as group:
        stub: Any = executor_service_pb2_grpc.ExecutorServiceStub(channel)  # type: ignore[no-untyped-call]
        stream: Ask = AskStream(
            "executor.Execute", stub.Execute, lambda r: r.intent_id, channel=channel
        )
        running = group.create_task(stream.run())
        try:
            yield stream
        finally:
            running.cancel()


async def connected(stream: Ask) -> None:
    async with asyncio.timeout(5):
        while not stream.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def ask(stream: Ask, key: str, deadline_s: float = 2.0) -> str:
    request = pb.ExecuteRequest(intent=order_pb2.Intent(intent_id=key))
    return (await stream.ask(key, request, deadline_s)).refused_reason


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
async def stream(peer: Peer) -> AsyncIterator[Ask]:
    async with serving(peer) as port, asking(port) as stream:
        await connected(stream)
        yield stream


@pytest.fixture
def lines() -> Iterator[list[str]]:
    heard: list[str] = []
    sink = logger.add(lambda m: heard.append(m.rstrip("\n")), format="{level} {message}")
    yield heard
    logger.remove(sink)


async def test_answers_find_their_questions_in_any_order(stream: Ask) -> None:
    """Three are asked at once; the server answers the last one first."""
    answers = await asyncio.gather(*(ask(stream, key) for key in ("wait-1", "wait-2", "now")))

    assert answers == ["to wait-1", "to wait-2", "to now"]


async def test_a_broken_stream_leaves_the_outcome_unknown_and_says_why(stream: Ask) -> None:
    """Every question under way, not only the one that broke it."""
    answers = await asyncio.gather(
        ask(stream, "wait"), ask(stream, "break"), return_exceptions=True
    )

    why = "executor.Execute: INVALID_ARGUMENT: intent.epoch: must be 1"
    assert [(type(a), str(a)) for a in answers] == [(OutcomeUnknown, why)] * 2


async def test_the_same_question_can_be_asked_again(stream: Ask, peer: Peer) -> None:
    """Its key is free as soon as it ended, by a break or by its deadline."""
    with pytest.raises(OutcomeUnknown):
        await ask(stream, "break")
    with pytest.raises(NotSent):
        await ask(stream, "break")
    await connected(stream)
    answer = await ask(stream, "break")
    with pytest.raises(OutcomeUnknown, match="no answer within"):
        await ask(stream, "silence", 0.05)
    with pytest.raises(OutcomeUnknown):
        await ask(stream, "silence", 0.05)

    assert answer == "to break"
    assert peer.heard == ["break", "break", "silence", "silence"]


async def test_without_a_server_nothing_is_sent(lines: list[str]) -> None:
    """NotSent: it may be asked again, or somebody else."""
    async with serving(Peer()) as port:
        pass
    async with asking(port) as stream:
        await asyncio.sleep(1.2)

        with pytest.raises(NotSent, match="not connected"):
            await ask(stream, "now")

    assert len(lines) == 1
    assert lines[0].startswith("WARNING executor.Execute lost: UNAVAILABLE: ")
    assert "\n" not in lines[0]


async def test_it_finds_the_server_again(peer: Peer, lines: list[str]) -> None:
    """On its old port; questions go on."""
    async with AsyncExitStack() as stack:
        first_life = AsyncExitStack()
        port = await first_life.enter_async_context(serving(peer))
        stream = await stack.enter_async_context(asking(port))
        await connected(stream)
        await first_life.aclose()
        async with asyncio.timeout(5):
            while stream.connected:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        await stack.enter_async_context(serving(peer, port))
        await connected(stream)
        answer = await ask(stream, "again")

    assert answer == "to again"
    assert [line.split(":")[0] for line in lines] == [
        "WARNING executor.Execute lost",
        "INFO executor.Execute is back",
    ]


async def test_pauses_grow_only_while_there_is_no_connection(stream: Ask, peer: Peer) -> None:
    """A stream that breaks now and then is open again after the shortest pause each time."""
    loop = asyncio.get_running_loop()
    pauses = []
    for number in range(5):
        with pytest.raises(OutcomeUnknown):
            await ask(stream, f"break-{number}")
        broken = loop.time()
        await connected(stream)
        pauses.append(loop.time() - broken)

    assert peer.streams == 6
    assert max(pauses) < 1.0

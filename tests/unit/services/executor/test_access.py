"""What a refusal of our credentials leads to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyarb.core.errors import BadInput, NotSent, PolyarbError, Rejected, Unauthorized
from polyarb.core.order import PostOutcome, PostResult
from services.executor.access import ATTEMPTS_MAX, FRESH_NS, Access, GuardedOrders


@dataclass
class Login:
    """Gives credentials, or fails as it is told, one failure an attempt."""

    failures: list[PolyarbError] = field(default_factory=list)
    now_ns: int = 0
    asked: int = 0
    pauses: list[int] = field(default_factory=list)

    async def renew(self) -> None:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)

    def pause_s(self, failures: int) -> float:
        self.pauses.append(failures)
        return 0

    def access(self) -> Access:
        return Access(renew=self.renew, pause_s=self.pause_s, now_ns=lambda: self.now_ns)


@asynccontextmanager
async def running(access: Access) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Run it; yields a wait until it has nothing to do."""

    async def settle() -> None:
        for _ in range(10 * ATTEMPTS_MAX):
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(access.run())
        yield settle
        task.cancel()


async def test_a_refusal_is_answered_with_new_credentials() -> None:
    """Blocked while they are asked for, free afterwards, and the listener is told."""
    login = Login()
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "who are you")
        meanwhile = access.blocked()
        await settle()

    assert meanwhile == "credentials are being renewed: who are you"
    assert (login.asked, access.generation, access.blocked()) == (1, 1, "")
    assert access.renewed.is_set()


async def test_a_burst_of_refusals_is_one_renewal() -> None:
    """Requests that were under way fail too: with old credentials, so they are no news."""
    login = Login()
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "a")
        access.refused(0, "b")
        await settle()
        access.refused(0, "c")
        await settle()

    assert (login.asked, access.blocked()) == (1, "")


@pytest.mark.parametrize(("age_ns", "halts"), [(FRESH_NS - 1, True), (FRESH_NS, False)])
async def test_only_fresh_credentials_that_are_refused_halt(age_ns: int, *, halts: bool) -> None:
    """Old ones may have been forgotten by another restart."""
    login = Login()
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "first")
        await settle()
        login.now_ns = age_ns
        access.refused(1, "second")
        await settle()

    assert bool(access.halted) is halts
    assert login.asked == (1 if halts else 2)
    assert ("second" in access.blocked()) is halts


async def test_a_login_that_is_not_answered_is_repeated_with_growing_pauses() -> None:
    """The venue is still starting."""
    login = Login([NotSent("down")] * 3)
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "x")
        await settle()

    assert (login.asked, login.pauses, access.blocked()) == (4, [0, 1, 2], "")


async def test_a_login_that_is_never_answered_halts() -> None:
    """The attempts are bounded."""
    login = Login([NotSent("down")] * (ATTEMPTS_MAX + 1))
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "x")
        await settle()

    assert login.asked == ATTEMPTS_MAX
    assert "down" in access.halted


@pytest.mark.parametrize("failure", [Rejected("banned"), BadInput("credentials", "odd")])
async def test_a_login_that_is_refused_halts_at_once(failure: PolyarbError) -> None:
    """The same question gets the same answer."""
    login = Login([failure])
    access = login.access()
    async with running(access) as settle:
        access.refused(0, "x")
        await settle()

    assert login.asked == 1
    assert str(failure) in access.halted
    assert not access.renewed.is_set()


def result(outcome: PostOutcome, *, stop: bool) -> PostResult:
    return PostResult(
        outcome=outcome, order_id="o", status=None, making=0, taking=0, reason="why", stop=stop
    )


class Orders:
    """An order entry that answers everything alike."""

    def __init__(self, answer: PostResult | PolyarbError) -> None:
        self.answer = answer

    async def post(self, *_: object, **__: object) -> tuple[PostResult, ...]:
        assert isinstance(self.answer, PostResult)
        return (self.answer, self.answer)

    async def cancel(self, _: object) -> tuple[str, ...]:
        assert isinstance(self.answer, PolyarbError)
        raise self.answer


async def test_orders_refused_for_credentials_never_left_until_we_halt() -> None:
    """A remedy is sent again with new credentials, but not once there is no hope."""
    access = Login().access()
    orders: Any = Orders(result(PostOutcome.REJECTED, stop=True))
    guarded = GuardedOrders(orders, access)
    first = await guarded.post([])
    meanwhile = access.blocked()
    access.halted = "no hope"
    second = await guarded.post([])

    assert [(r.outcome, r.stop) for r in first] == [(PostOutcome.NOT_SENT, False)] * 2
    assert "why" in meanwhile
    assert [r.outcome for r in second] == [PostOutcome.REJECTED] * 2


async def test_an_order_of_unknown_fate_stays_unknown() -> None:
    """Only the venue's word about the credentials says that an order was not looked at."""
    access = Login().access()
    orders: Any = Orders(result(PostOutcome.UNKNOWN, stop=False))

    results = await GuardedOrders(orders, access).post([])

    assert [r.outcome for r in results] == [PostOutcome.UNKNOWN] * 2
    assert access.blocked() == ""


@pytest.mark.parametrize(
    ("failure", "heard"), [(Unauthorized("401"), True), (Rejected("4"), False)]
)
async def test_a_refused_question_is_heard_and_raised(
    failure: PolyarbError, *, heard: bool
) -> None:
    """Whoever asked learns of it as of any refusal."""
    access = Login().access()
    orders: Any = Orders(failure)

    with pytest.raises(type(failure)):
        await GuardedOrders(orders, access).cancel(["o"])

    assert bool(access.blocked()) is heard

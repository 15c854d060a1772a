"""`kill -9` of one process while baskets are traded. Nobody restarts it but the test."""

import asyncio
import signal
from random import Random
from typing import Final

from integration.postgres import Server
from integration.system.play import flat, mispriced, more_trades, nothing_lost, quiet, reserved
from integration.system.rig import Desk, Rig, said, until
from integration.system.scrape import metrics

SEED: Final = 11
ROUNDS: Final = 2
RECOVERED_S_MAX: Final = 60
"""What became of an action whose answer was lost is known after ten seconds."""

WATCHED_S: Final = 1.0
"""How long nothing may be approved once risk has said that it cannot approve."""


async def risk_is_blocked(desk: Desk) -> None:
    """Wait until risk and its health say that nothing can be approved."""

    async def says_so() -> bool:
        state = await desk.risk.state()
        return bool(state.blocked_reason) and not await desk.health("risk")

    await until(says_so, "risk says that it can approve nothing")


async def nothing_is_approved(desk: Desk) -> None:
    """Check that mispricings go by while somebody is missing."""
    before = await reserved(desk)
    await asyncio.sleep(WATCHED_S)
    assert await reserved(desk) == before


async def trades_again(rig: Rig, desk: Desk) -> None:
    """Wait until the restarted system works without anybody's help."""
    await rig.ready(desk)
    await more_trades(desk, 2)


async def test_without_the_scanner_risk_says_so(rig: Rig) -> None:
    """Nothing is approved from memory; the restarted scanner reads its books anew."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
            mark = len(rig["risk"].text)
            rig["scanner"].kill()
            await said(rig["risk"], "scanner", "lost", after=mark)
            await nothing_is_approved(desk)
            rig["scanner"].start()
            await trades_again(rig, desk)
        await nothing_lost(rig, desk)


async def test_without_risk_the_ledger_says_so_and_baskets_end(rig: Rig) -> None:
    """The executor ends what was approved; the next risk is a new authority."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
            mark, epoch = len(rig["ledger"].text), (await desk.risk.state()).epoch
            rig["risk"].kill()
            await said(rig["ledger"], "risk lost", after=mark)

            assert metrics(rig, "ledger")["polyarb_ledger_reserve_streams"] == 0
            await nothing_is_approved(desk)
            rig["risk"].start()
            await trades_again(rig, desk)

            assert (await desk.risk.state()).epoch == epoch + 1
        await nothing_lost(rig, desk)


async def test_a_risk_that_was_frozen_has_lost_its_authority(rig: Rig) -> None:
    """A second one took over meanwhile: the first says so and never approves again."""
    second = rig.twin("risk")
    async with rig.desk() as desk:
        await rig.ready(desk)
        try:
            async with mispriced(desk):
                await more_trades(desk, 1)
                (epoch,) = await desk.sql("SELECT epoch FROM authority")
                rig["risk"].send(signal.SIGSTOP)
                second.start()
                await more_trades(desk, 1)
                mark = len(rig["risk"].text)
                rig["risk"].send(signal.SIGCONT)
                await said(rig["risk"], "authority lost", after=mark)
                await more_trades(desk, 1)
            await quiet(desk)
        finally:
            second.kill()
        last = await desk.sql("SELECT max(epoch) AS epoch FROM intents")

        assert last[0]["epoch"] == epoch["epoch"] + 1
        assert "authority lost" not in second.text
        rig.restart("risk")
        await nothing_lost(rig, desk)


async def test_without_the_executor_risk_approves_nothing(rig: Rig) -> None:
    """What was under way is taken up by the restarted executor, each order once."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
            mark = len(rig["risk"].text)
            rig["executor"].kill()
            await said(rig["risk"], "executor", "lost", after=mark)
            await risk_is_blocked(desk)
            await nothing_is_approved(desk)
            rig["executor"].start()
            await trades_again(rig, desk)
        await nothing_lost(rig, desk)


async def test_without_the_ledger_risk_and_executor_say_so(rig: Rig) -> None:
    """Fills that come meanwhile are booked when it is back."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
            marks = {name: len(rig[name].text) for name in ("risk", "executor")}
            rig["ledger"].kill()
            await said(rig["risk"], "ledger", "lost", after=marks["risk"])
            await risk_is_blocked(desk)
            await nothing_is_approved(desk)
            rig["ledger"].start()
            await trades_again(rig, desk)
        await nothing_lost(rig, desk)


async def test_while_postgres_is_down_nothing_is_approved(
    rig: Rig, postgres_server: Server
) -> None:
    """An immediate stop loses no basket; trading goes on by itself after the start."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, 1)
            mark = len(rig["ledger"].text)

            async def ledger_is_not_ready() -> bool:
                return not await desk.health("ledger")

            postgres_server.stop()
            try:
                await said(rig["ledger"], "lost Postgres", after=mark)
                await risk_is_blocked(desk)
                await until(ledger_is_not_ready, "the ledger's health says so")
            finally:
                postgres_server.start()
            await trades_again(rig, desk)
        await nothing_lost(rig, desk)


async def test_an_executor_that_dies_at_random_moments_loses_nothing(rig: Rig) -> None:
    """Killed amid orders and conversions, and again while it recovers, it ends every basket."""
    rng = Random(SEED)
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            for _ in range(ROUNDS):
                before = await reserved(desk)

                async def approved(before: int = before) -> bool:
                    return await reserved(desk) > before

                await until(approved, "one more basket is approved", RECOVERED_S_MAX)
                await asyncio.sleep(rng.uniform(0, 0.5))
                rig.restart("executor")
                await asyncio.sleep(rng.uniform(0.5, 2.5))
                rig.restart("executor")
            await trades_again(rig, desk)
        await nothing_lost(rig, desk)
        await flat(rig, desk)

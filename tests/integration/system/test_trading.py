"""The main job on real processes: found, proved, sized, executed, settled, booked."""

from typing import Final

from integration.system.play import flat, mispriced, more_trades, nothing_lost
from integration.system.rig import Rig
from integration.system.scrape import metrics

TRADES: Final = 5


async def test_it_trades_and_ends_with_the_venues_own_figures(rig: Rig) -> None:
    """Five baskets complete; once all is redeemed, ledger and venue agree to the micro."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        async with mispriced(desk):
            await more_trades(desk, TRADES)
        await nothing_lost(rig, desk)
        await flat(rig, desk)
        performance, venue = await desk.ledger.performance(), await desk.statement()
        imbalance = await desk.imbalance()

    assert performance.successful_trades >= TRADES
    assert performance.collateral_micros == venue["collateral"]
    assert performance.fees_micros == venue["fees_paid"]
    assert performance.deposits_micros == venue["deposited"]
    assert imbalance == 0
    assert metrics(rig, "ledger")["polyarb_ledger_breaks"] == 0

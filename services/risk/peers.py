"""What the ledger and the executor say: the portfolio, the wallet, and whether they are there."""

import asyncio
from collections.abc import Callable
from typing import Final

import grpc
from loguru import logger

from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.clients import ExecutorClient, LedgerClient
from polyarb.core.money import Collateral
from polyarb.core.order import RefusalCode, Refused, Wallet
from polyarb.v1 import ledger_service_pb2
from services.risk.authority import Authority
from services.risk.exposure import Portfolio, Record

PORTFOLIO_AGE_NS_MAX: Final = 3_000_000_000
"""The ledger sends the portfolio every second; three seconds of silence mean trouble."""

_WALLET_PERIOD_S: Final = 1.0
_RECONNECT_S: Final = 0.3


class Peers:
    """The newest news of those whom an approval needs. Only its own tasks change it."""

    def __init__(
        self,
        *,
        ledger: LedgerClient,
        executor: ExecutorClient,
        authority: Authority,
        now_ns: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._executor = executor
        self._authority = authority
        self._now_ns = now_ns
        self._portfolio_ns = 0
        self._portfolio_outage = Outage("ledger.WatchPortfolio")
        self._wallet_outage = Outage("executor.GetWallet")
        self._venue_blocked = "the executor has not answered yet"
        self.portfolio = Portfolio()
        self.wallet: Wallet | None = None

    def unavailable(self) -> Refused | None:
        """Return who is missing for an approval, None when nobody is."""
        stale = self._now_ns() - self._portfolio_ns > PORTFOLIO_AGE_NS_MAX
        authority, venue = self._authority.blocked(), self._venue_blocked
        lost = RefusalCode.AUTHORITY_LOST
        ledger_away, venue_away = RefusalCode.LEDGER_UNAVAILABLE, RefusalCode.VENUE_UNAVAILABLE
        missing = (
            (bool(authority), lost if self._authority.lost else ledger_away, authority),
            (stale, ledger_away, "the ledger's portfolio is not current"),
            (not self._ledger.reserving.connected, ledger_away, "the ledger does not reserve"),
            (bool(venue), venue_away, venue),
            (not self._executor.executing.connected, venue_away, "the executor takes no intents"),
        )
        return next((Refused(code=c, message=why) for holds, c, why in missing if holds), None)

    async def follow_portfolio(self) -> None:
        """Take in every portfolio for ever. Without the stream, what is known is out of date."""
        while True:
            why = "the other side ended the stream"
            try:
                async for response in self._ledger.watch_portfolio():
                    self._portfolio_outage.back()
                    self._take(portfolio_from(response.portfolio))
            except grpc.RpcError as e:
                why = explain(e)
            self._portfolio_ns = 0
            self._portfolio_outage.lost(why)
            await asyncio.sleep(_RECONNECT_S)

    def _take(self, portfolio: Portfolio) -> None:
        self.portfolio = portfolio
        self._portfolio_ns = self._now_ns()
        self._authority.hear(portfolio.epoch)

    async def follow_wallet(self) -> None:
        """Ask for the wallet, and whether baskets can be taken, every second for ever."""
        while True:
            try:
                self.wallet, blocked, _ = await self._executor.wallet()
                blocked = blocked or ("" if self.wallet.maker else "the executor names no wallet")
                self._wallet_outage.back()
                if blocked != self._venue_blocked:
                    logger.log("WARNING" if blocked else "INFO", "executor: {}", blocked or "ready")
            except grpc.RpcError as e:
                blocked = f"the executor does not answer: {explain(e)}"
                self._wallet_outage.lost(explain(e))
            self._venue_blocked = blocked
            await asyncio.sleep(_WALLET_PERIOD_S)


def portfolio_from(message: ledger_service_pb2.Portfolio) -> Portfolio:
    """Return the portfolio that the ledger sent."""
    return Portfolio(
        epoch=message.epoch,
        halted=message.halted,
        halt_reason=message.halt_reason,
        collateral=Collateral(message.collateral_micros),
        reserved=Collateral(message.reserved_micros),
        open_positions=message.open_positions,
        open_cost=Collateral(message.open_cost_micros),
        open_worst_value=Collateral(message.open_worst_value_micros),
        realised_today=Collateral(message.realised_today_micros),
        worst_loss_held=Collateral(message.worst_loss_held_micros),
        exploration_today=Collateral(message.exploration_today_micros),
        opened=message.opened,
        records={o.bucket: Record(o.ended, o.complete) for o in message.outcomes},
        open_event_ids=frozenset(message.open_event_ids),
    )

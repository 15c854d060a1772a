"""Standing at the venue: what a refusal of our API credentials leads to.

A venue that restarted may have forgotten our key. It is asked for credentials once more; if it
refuses fresh ones too, something else is wrong, and nothing is sent until a person has looked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from loguru import logger
from prometheus_client import Counter

from polyarb.core.errors import NotSent, PolyarbError, Unauthorized
from polyarb.core.order import Fill, OrderRequest, OrderStatus, PostOutcome, PostResult, Wallet
from polyarb.venues.base import Balances, OrderEntry, Purpose, UserUpdate

RENEWALS = Counter(
    "polyarb_executor_credential_renewals_total", "Renewals of API credentials.", ("outcome",)
)
for _outcome in ("renewed", "failed"):
    RENEWALS.labels(_outcome)

ATTEMPTS_MAX: Final = 10
"""Requests for credentials that may go unanswered before we give up."""

FRESH_NS: Final = 600_000_000_000
"""Credentials that are refused within ten minutes of their issue are not worth another try."""

T = TypeVar("T")


class Access:
    """Renews credentials that the venue refuses; halts where that does not help.

    renew: asks once for credentials and puts them to use; raises PolyarbError. pause_s: of how
    long to wait after so many failures. generation: how many credentials came before the present
    ones. halted: why nothing is sent any more, "" while all is well. renewed: set when
    credentials have changed; the listener to the user channel clears it.
    """

    def __init__(
        self,
        *,
        renew: Callable[[], Awaitable[None]],
        pause_s: Callable[[int], float],
        now_ns: Callable[[], int],
    ) -> None:
        self._renew = renew
        self._pause_s = pause_s
        self._now_ns = now_ns
        self._renewed_ns: int | None = None
        self._refusal = ""
        self._wanted = asyncio.Event()
        self.generation = 0
        self.halted = ""
        self.renewed = asyncio.Event()

    def blocked(self) -> str:
        """Return why no order can be sent now, "" when one can."""
        if self.halted:
            return self.halted
        return f"credentials are being renewed: {self._refusal}" if self._refusal else ""

    def refused(self, generation: int, reason: str) -> None:
        """Take a refusal of a request that was sent with credentials of this generation.

        One that was sent with older credentials, or while new ones are asked for, is no news.
        """
        if generation != self.generation or self._refusal or self.halted:
            return
        issued_ns = self._renewed_ns
        if issued_ns is not None and self._now_ns() - issued_ns < FRESH_NS:
            self._halt(f"the venue refused fresh credentials: {reason}")
            return
        logger.warning("credentials were refused, asking for new ones reason={}", reason)
        self._refusal = reason or "no reason given"
        self._wanted.set()

    async def run(self) -> None:
        """Renew whenever credentials are refused, until that fails; then wait for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            failure = await self._renewal()
            RENEWALS.labels("failed" if failure else "renewed").inc()
            if failure:
                self._halt(f"the venue refused our credentials and gave no others: {failure}")
                continue
            logger.info("credentials renewed")
            self.generation += 1
            self._renewed_ns = self._now_ns()
            self._refusal = ""
            self.renewed.set()

    async def _renewal(self) -> str:
        """Ask until the venue answers; returns "" or why there are no new credentials."""
        failure = ""
        for attempt in range(ATTEMPTS_MAX):
            try:
                await self._renew()
            except NotSent as e:
                failure = str(e)
                logger.warning("no credentials yet error={}", e)
                await asyncio.sleep(self._pause_s(attempt))
            except PolyarbError as e:
                return str(e)
            else:
                return ""
        return failure

    def _halt(self, reason: str) -> None:
        self.halted = reason
        logger.critical("{}", reason)


class GuardedOrders:
    """Order entry whose refusals of our credentials are reported to `access`. An OrderEntry."""

    def __init__(self, orders: OrderEntry, access: Access) -> None:
        self._orders = orders
        self._access = access

    @property
    def wallet(self) -> Wallet:
        """Return whose money is traded."""
        return self._orders.wallet

    def order_id(self, request: OrderRequest) -> str:
        """Return the id that the venue will give this order: the hash of what is signed."""
        return self._orders.order_id(request)

    async def post(
        self, requests: Sequence[OrderRequest], *, purpose: Purpose = Purpose.ENTRY
    ) -> tuple[PostResult, ...]:
        """Send 1..15 orders in one request; one result each, in order.

        Orders that were refused with credentials that may yet be renewed are NOT_SENT: the venue
        never looked at them.
        """
        generation = self._access.generation
        results = await self._orders.post(requests, purpose=purpose)
        refused = next((r for r in results if r.stop), None)
        if refused is None:
            return results
        self._access.refused(generation, refused.reason)
        if self._access.halted:
            return results
        return tuple(
            replace(r, outcome=PostOutcome.NOT_SENT, stop=False) if r.stop else r for r in results
        )

    async def cancel(self, order_ids: Sequence[str]) -> tuple[str, ...]:
        """Cancel resting orders; returns the ids that the venue says are cancelled."""
        return await self._guard(self._orders.cancel(order_ids))

    async def open_order(self, order_id: str) -> OrderStatus | None:
        """Return the state of an order that is still open, None if it is not open."""
        return await self._guard(self._orders.open_order(order_id))

    async def fills(self, condition_ids: Sequence[str]) -> tuple[Fill, ...]:
        """Return every fill of ours in these markets, both roles, as far back as they are kept."""
        return await self._guard(self._orders.fills(condition_ids))

    def user_updates(self) -> AsyncIterator[UserUpdate]:
        """Yield our own order and fill updates with the credentials of this moment."""
        return self._orders.user_updates()

    async def heartbeat(self, heartbeat_id: str) -> str:
        """Send one beat of the dead-man switch; returns the id that the next beat must carry."""
        return await self._guard(self._orders.heartbeat(heartbeat_id))

    async def balances(self, token_ids: Sequence[str]) -> Balances:
        """Return settled balances of collateral and of these tokens."""
        return await self._guard(self._orders.balances(token_ids))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._orders.aclose()

    async def _guard(self, call: Awaitable[T]) -> T:
        generation = self._access.generation
        try:
            return await call
        except Unauthorized as e:
            self._access.refused(generation, str(e))
            raise

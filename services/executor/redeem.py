"""Who holds what of resolved markets, and what is redeemed next."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from loguru import logger

from polyarb.core.basket import ChainAction, ChainActionKind, ChainActionState, Intent, holdings
from polyarb.core.errors import VenueError
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Collateral, Size
from polyarb.core.order import BasketState
from polyarb.venues.base import Redemption, Resolution, Settlement
from polyarb.venues.polymarket.tokens import (
    NEG_RISK_ORACLE,
    condition_id,
    neg_risk_question_id,
    outcome_tokens,
)
from services.executor.basket import Basket

_KNOWN_MAX: Final = 20_000
_ASKED_MAX: Final = 64
_AT_ONCE: Final = 16
_PAUSE_NS: Final = 2_000_000_000
_PAUSE_NS_MAX: Final = 300_000_000_000


@dataclass(frozen=True, slots=True)
class HeldMarket:
    """A market that a basket may hold tokens of."""

    condition_id: str
    yes_token: str
    no_token: str
    neg_risk: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What one basket holds of a market, settled."""

    basket: Basket
    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class Due:
    """A market with every claim on it: all that the wallet holds of it."""

    market: HeldMarket
    claims: tuple[Claim, ...]

    @property
    def wish(self) -> Redemption:
        """Return what to ask of the chain."""
        return Redemption(
            condition_id=self.market.condition_id,
            neg_risk=self.market.neg_risk,
            yes=Size(sum(claim.yes for claim in self.claims)),
            no=Size(sum(claim.no for claim in self.claims)),
        )


def claims_of(baskets: Iterable[Basket]) -> dict[str, Due]:
    """Return the markets of which only quiet baskets hold tokens, by condition id.

    A redemption takes all that the wallet holds of a market. So one in which another basket is
    still at work waits for it.
    """
    markets: dict[str, HeldMarket] = {}
    claims: dict[str, list[Claim]] = {}
    busy: set[str] = set()
    for basket in baskets:
        if not _is_quiet(basket):
            busy |= {market.condition_id for market in markets_of(basket.intent)}
            continue
        tokens = basket.tokens()
        for market in markets_of(basket.intent) if tokens else ():
            yes, no = tokens.get(market.yes_token, 0), tokens.get(market.no_token, 0)
            if yes > 0 or no > 0:
                markets[market.condition_id] = market
                claims.setdefault(market.condition_id, []).append(Claim(basket, yes, no))
    return {
        name: Due(markets[name], tuple(held)) for name, held in claims.items() if name not in busy
    }


def _is_quiet(basket: Basket) -> bool:
    execution = basket.execution
    waits = basket.final or execution.state is BasketState.HOLDING
    pending = any(a.state is ChainActionState.PENDING for a in execution.actions)
    whole = holdings(execution)
    return waits and not pending and whole.tokens == whole.settled


def redemptions(due: Due, resolution: Resolution) -> list[tuple[Basket, ChainAction]]:
    """Return the records of a redemption, one a claim, PENDING; the baskets get them.

    The chain rounds down once per token for the whole wallet, so what the claims' own roundings
    leave goes to the first of them.
    """
    wish = due.wish
    paid = [_paid(claim.yes, claim.no, resolution) for claim in due.claims]
    paid[0] += _paid(wish.yes, wish.no, resolution) - sum(paid)
    parts = []
    for claim, collateral in zip(due.claims, paid, strict=True):
        held = ((due.market.yes_token, claim.yes), (due.market.no_token, claim.no))
        action = ChainAction(
            action_id=claim.basket.next_action_id(),
            kind=ChainActionKind.REDEEM,
            subject_id=due.market.condition_id,
            collateral=Collateral(collateral),
            tokens=tuple((token, -size) for token, size in held if size),
            state=ChainActionState.PENDING,
        )
        claim.basket.put_action(action)
        parts.append((claim.basket, action))
    return parts


def _paid(yes: int, no: int, resolution: Resolution) -> int:
    return yes * resolution.yes_payout // MICROS + no * resolution.no_payout // MICROS


class Resolutions:
    """What is known of how markets paid, and which redemptions failed. Bounded.

    A market that failed is tried alone, after a pause that doubles: it must not hold up others.
    """

    def __init__(self, settlement: Settlement, *, now_ns: Callable[[], int]) -> None:
        self._settlement = settlement
        self._now_ns = now_ns
        self._known: dict[str, Resolution] = {}
        self._paused: dict[str, tuple[int, int]] = {}
        self._turn = 0

    def __getitem__(self, name: str) -> Resolution:
        return self._known[name]

    async def resolved(self, held: Mapping[str, Due]) -> list[Due]:
        """Return those of these markets that have paid out and may be redeemed now.

        At most 64 open ones are asked about, a few at once; the others have their turn later.
        """
        unknown = [name for name in held if name not in self._known]
        start = self._turn % len(unknown) if len(unknown) > _ASKED_MAX else 0
        self._turn += _ASKED_MAX
        limit = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for name in (unknown[start:] + unknown[:start])[:_ASKED_MAX]:
                tasks.create_task(self._ask(name, limit))
        now_ns = self._now_ns()
        return [
            due
            for name, due in held.items()
            if name in self._known and self._paused.get(name, (0, 0))[0] <= now_ns
        ]

    async def _ask(self, name: str, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                found = await self._settlement.resolution(name)
            except VenueError as e:
                logger.warning("resolution not read market={} error={}", name, e)
                return
        if found is None:
            return
        if len(self._known) >= _KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[name] = found

    def batches(self, due: Iterable[Due], *, most: int) -> list[list[Due]]:
        """Return what to redeem together."""
        fresh: list[Due] = []
        failed: list[Due] = []
        for one in due:
            (failed if one.market.condition_id in self._paused else fresh).append(one)
        together = [fresh[start : start + most] for start in range(0, len(fresh), most)]
        return together + [[one] for one in failed]

    def note(self, batch: list[Due], end: ChainActionState) -> None:
        """Remember how a redemption ended."""
        for due in batch:
            name = due.market.condition_id
            _, pause_ns = self._paused.pop(name, (0, _PAUSE_NS // 2))
            if end is ChainActionState.FAILED:
                pause_ns = min(2 * pause_ns, _PAUSE_NS_MAX)
                self._paused[name] = (self._now_ns() + pause_ns, pause_ns)
        if len(self._paused) > _KNOWN_MAX:
            del self._paused[next(iter(self._paused))]


def markets_of(intent: Intent) -> tuple[HeldMarket, ...]:
    """Return every market that a basket may hold: its legs', and what conversions pay out."""
    opportunity = intent.opportunity
    found = {}
    for leg in opportunity.legs:
        own, other = leg.token_id, leg.complement_token_id
        yes, no = (own, other) if leg.outcome is Outcome.YES else (other, own)
        found[leg.condition_id] = HeldMarket(leg.condition_id, yes, no, leg.neg_risk)
    if opportunity.neg_risk_market_id and opportunity.question_count is not None:
        for market in questions(opportunity.neg_risk_market_id, opportunity.question_count):
            found.setdefault(market.condition_id, market)
    return tuple(found.values())


@lru_cache(maxsize=512)
def questions(market_id: str, count: int) -> tuple[HeldMarket, ...]:
    """Return the market of each question of a negative-risk event, in index order."""
    found = []
    for index in range(count):
        question = neg_risk_question_id(market_id, index)
        condition = condition_id(oracle=NEG_RISK_ORACLE, question_id=question)
        found.append(HeldMarket(condition, *outcome_tokens(condition, neg_risk=True), True))
    return tuple(found)

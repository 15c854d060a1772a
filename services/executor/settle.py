"""Settled tokens into collateral: merge, convert, redeem; and what a lost answer did."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from loguru import logger
from prometheus_client import Counter

from polyarb.core.basket import ChainAction, ChainActionKind, ChainActionState, Intent
from polyarb.core.errors import NotSent, OutcomeUnknown, VenueError
from polyarb.core.money import MICROS, Collateral, Size
from polyarb.core.order import BasketState
from polyarb.venues.base import ActionState, OrderEntry, Resolution, Settlement
from polyarb.venues.polymarket.tokens import (
    NEG_RISK_ORACLE,
    condition_id,
    neg_risk_question_id,
    outcome_tokens,
)
from services.executor.basket import Basket
from services.executor.plan import Act, action_of
from services.executor.record import Recorder

ACTIONS = Counter(
    "polyarb_executor_chain_actions_total", "On-chain actions by kind and end.", ("kind", "state")
)
for _kind in ChainActionKind:
    for _state in (ChainActionState.CONFIRMED, ChainActionState.FAILED):
        ACTIONS.labels(_kind.name, _state.name)

_POLL_S: Final = 0.2
_REDEEM_PERIOD_S: Final = 2.0
_LOST_S: Final = 10.0
_RESOLUTIONS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one basket holds of a resolved market."""

    basket: Basket
    yes: int
    no: int


class Settler:
    """Submits one action at a time; the record of each is durable before it leaves."""

    def __init__(
        self,
        *,
        settlement: Settlement,
        orders: OrderEntry,
        recorder: Recorder,
        now_ns: Callable[[], int],
    ) -> None:
        self._settlement = settlement
        self._orders = orders
        self._recorder = recorder
        self._now_ns = now_ns
        self._resolutions: dict[str, Resolution] = {}
        self._baskets: Mapping[str, Basket] = {}

    def of(self, baskets: Mapping[str, Basket]) -> None:
        """Say which baskets share the wallet: a live view."""
        self._baskets = baskets

    async def act(self, basket: Basket, act: Act) -> None:
        """Perform an action of a plan; afterwards its record is CONFIRMED or FAILED."""
        action = action_of(
            basket.intent,
            act,
            action_id=f"{basket.intent.intent_id}/{len(basket.execution.actions)}",
            other_yes=_other_yes(basket.intent, act),
        )
        basket.put_action(action)
        await self._recorder.durable(basket)
        await self._submit([(basket, action)], lambda: self._start(basket.intent, act))

    async def _start(self, intent: Intent, act: Act) -> str:
        if act.kind is ChainActionKind.CONVERT:
            return await self._settlement.convert(
                neg_risk_market_id=act.subject_id, index_set=act.index_set, amount=act.amount
            )
        leg = next(g for g in intent.opportunity.legs if g.condition_id == act.subject_id)
        return await self._settlement.merge(
            condition_id=act.subject_id, neg_risk=leg.neg_risk, amount=act.amount
        )

    async def _submit(
        self,
        parts: list[tuple[Basket, ChainAction]],
        start: Callable[[], Awaitable[str]],
    ) -> None:
        """Submit one action on behalf of these records and follow it to its end."""
        kind = parts[0][1].kind
        try:
            end = await self._follow(await start())
        except OutcomeUnknown as e:
            logger.warning("action unanswered kind={} error={}", kind.name, e)
            end = await self.judge_by_balances(parts)
        except VenueError as e:
            logger.warning("action not performed kind={} error={}", kind.name, e)
            end = ChainActionState.FAILED
            if isinstance(e, NotSent):
                await asyncio.sleep(_POLL_S)
        for basket, action in parts:
            self.close(basket, action, end)

    def close(self, basket: Basket, action: ChainAction, end: ChainActionState) -> None:
        """Book how an action ended."""
        ACTIONS.labels(action.kind.name, end.name).inc()
        basket.put_action(replace(action, state=end))
        self._recorder.note(basket)
        logger.info(
            "{} {} intent={} collateral={:+.6f}",
            action.kind.name.lower(),
            end.name.lower(),
            basket.intent.intent_id,
            action.collateral / MICROS,
        )

    async def _follow(self, relayer_id: str) -> ChainActionState:
        while True:
            try:
                state = await self._settlement.action(relayer_id)
            except NotSent as e:
                logger.warning("action not asked error={}", e)
                state = ActionState.PENDING
            if state is ActionState.CONFIRMED:
                return ChainActionState.CONFIRMED
            if state is ActionState.FAILED:
                return ChainActionState.FAILED
            await asyncio.sleep(_POLL_S)

    async def judge_by_balances(self, parts: list[tuple[Basket, ChainAction]]) -> ChainActionState:
        """Say what became of an action whose answer was lost: the wallet's tokens tell.

        It is FAILED only when they are still there after the longest time that it may take.
        """
        token_id, change = next((t, d) for _, action in parts for t, d in action.tokens if d < 0)
        change = sum(d for _, action in parts for t, d in action.tokens if t == token_id)
        deadline_ns = self._now_ns() + int(_LOST_S * 1e9)
        while True:
            expected = sum(b.tokens().get(token_id, 0) for b in self._baskets.values())
            try:
                balances = await self._orders.balances([token_id])
            except VenueError as e:
                logger.warning("balances not read error={}", e)
                await asyncio.sleep(1.0)
                continue
            held = balances.tokens.get(token_id, 0)
            if held == expected + change:
                return ChainActionState.CONFIRMED
            if self._now_ns() > deadline_ns:
                return ChainActionState.FAILED
            await asyncio.sleep(1.0)

    # Redemption

    async def redeem_periodically(self) -> None:
        """Redeem what resolved, for ever: of held baskets and of what others left over."""
        while True:
            await asyncio.sleep(_REDEEM_PERIOD_S)
            for market, neg_risk, claims in _claims(self._baskets):
                resolution = await self._resolution(market)
                if resolution is not None:
                    await self._redeem(resolution, claims, neg_risk=neg_risk)

    async def _resolution(self, market: str) -> Resolution | None:
        if market not in self._resolutions:
            try:
                found = await self._settlement.resolution(market)
            except VenueError as e:
                logger.warning("resolution not read market={} error={}", market, e)
                return None
            if found is None:
                return None
            if len(self._resolutions) >= _RESOLUTIONS_MAX:
                self._resolutions.clear()
            self._resolutions[market] = found
        return self._resolutions[market]

    async def _redeem(
        self, resolution: Resolution, claims: list[_Claim], *, neg_risk: bool
    ) -> None:
        """Redeem all that the wallet holds of a market, and split the payment among baskets."""
        parts = []
        for claim in claims:
            action = _redemption(claim, resolution)
            claim.basket.put_action(action)
            await self._recorder.durable(claim.basket)
            parts.append((claim.basket, action))
        yes = Size(sum(claim.yes for claim in claims))
        no = Size(sum(claim.no for claim in claims))
        await self._submit(
            parts,
            lambda: self._settlement.redeem(
                condition_id=resolution.condition_id, neg_risk=neg_risk, yes=yes, no=no
            ),
        )


def _claims(
    baskets: Mapping[str, Basket],
) -> list[tuple[str, bool, list[_Claim]]]:
    """Return markets of which quiet baskets hold tokens, with what each basket holds."""
    claims: dict[str, list[_Claim]] = {}
    risk: dict[str, bool] = {}
    for basket in baskets.values():
        quiet = basket.final or basket.execution.state is BasketState.HOLDING
        pending = any(a.state is ChainActionState.PENDING for a in basket.execution.actions)
        if not quiet or pending:
            continue
        tokens = basket.tokens()
        for market, yes_token, no_token, neg_risk in _markets(basket.intent):
            yes, no = tokens.get(yes_token, 0), tokens.get(no_token, 0)
            if yes > 0 or no > 0:
                claims.setdefault(market, []).append(_Claim(basket, yes, no))
                risk[market] = neg_risk
    return [(market, risk[market], held) for market, held in claims.items()]


def _redemption(claim: _Claim, resolution: Resolution) -> ChainAction:
    intent = claim.basket.intent
    market = next(m for m in _markets(intent) if m[0] == resolution.condition_id)
    paid = claim.yes * resolution.yes_payout + claim.no * resolution.no_payout
    tokens = [(t, -held) for t, held in ((market[1], claim.yes), (market[2], claim.no)) if held]
    return ChainAction(
        action_id=f"{intent.intent_id}/{len(claim.basket.execution.actions)}",
        kind=ChainActionKind.REDEEM,
        subject_id=resolution.condition_id,
        collateral=Collateral(paid // MICROS),
        tokens=tuple(tokens),
        state=ChainActionState.PENDING,
    )


def _markets(intent: Intent) -> tuple[tuple[str, str, str, bool], ...]:
    """Return (condition id, YES token, NO token, neg_risk) of every market a basket may hold."""
    opportunity = intent.opportunity
    found = {}
    for leg in opportunity.legs:
        own, other = leg.token_id, leg.complement_token_id
        yes, no = (own, other) if leg.outcome.name == "YES" else (other, own)
        found[leg.condition_id] = (leg.condition_id, yes, no, leg.neg_risk)
    if opportunity.neg_risk_market_id and opportunity.question_count is not None:
        for market in _questions(opportunity.neg_risk_market_id, opportunity.question_count):
            found.setdefault(market[0], (*market, True))
    return tuple(found.values())


def _other_yes(intent: Intent, act: Act) -> tuple[str, ...]:
    """Return the YES tokens that a conversion pays out besides collateral.

    Without the number of questions on chain only the legs' own are known; the comparison of
    balances then shows the rest as a break.
    """
    opportunity = intent.opportunity
    if act.kind is not ChainActionKind.CONVERT or opportunity.question_count is None:
        return ()
    questions = _questions(opportunity.neg_risk_market_id, opportunity.question_count)
    return tuple(q[1] for i, q in enumerate(questions) if not act.index_set >> i & 1)


@lru_cache(maxsize=512)
def _questions(market_id: str, count: int) -> tuple[tuple[str, str, str], ...]:
    """Return (condition id, YES token, NO token) of each question of a negative-risk event."""
    found = []
    for index in range(count):
        question = neg_risk_question_id(market_id, index)
        condition = condition_id(oracle=NEG_RISK_ORACLE, question_id=question)
        found.append((condition, *outcome_tokens(condition, neg_risk=True)))
    return tuple(found)

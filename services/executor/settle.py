"""Settled tokens into collateral: merge, convert, redeem; and what a lost answer did."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from loguru import logger
from prometheus_client import Counter

from polyarb.core.basket import ChainAction, ChainActionKind, ChainActionState, Intent
from polyarb.core.errors import NotSent, OutcomeUnknown, VenueError
from polyarb.core.money import MICROS
from polyarb.core.order import Fill
from polyarb.venues.base import REDEMPTIONS_MAX, ActionState, OrderEntry, Settlement
from services.executor.basket import Basket
from services.executor.plan import Act, action_of
from services.executor.record import Recorder
from services.executor.redeem import Due, Resolutions, claims_of, questions, redemptions
from services.executor.verdict import happened

ACTIONS = Counter(
    "polyarb_executor_chain_actions_total", "On-chain actions by kind and end.", ("kind", "state")
)
for _kind in ChainActionKind:
    for _state in (ChainActionState.CONFIRMED, ChainActionState.FAILED):
        ACTIONS.labels(_kind.name, _state.name)

_POLL_S: Final = 0.2
_RETRY_S: Final = 1.0
_REDEEM_PERIOD_S: Final = 1.0
_LOST_NS: Final = 10_000_000_000
_SILENT_NS: Final = 60_000_000_000

Part = tuple[Basket, ChainAction]
"""What one action does to one basket."""


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
        self._resolutions = Resolutions(settlement, now_ns=now_ns)
        self._baskets: Mapping[str, Basket] = {}
        self._hear_fill: Callable[[Fill], None] = lambda _: None

    def of(self, baskets: Mapping[str, Basket], *, hear_fill: Callable[[Fill], None]) -> None:
        """Say which baskets share the wallet, a live view, and who takes reports of fills."""
        self._baskets = baskets
        self._hear_fill = hear_fill

    async def act(self, basket: Basket, act: Act) -> None:
        """Perform an action of a plan; afterwards its record is CONFIRMED or FAILED."""
        action = action_of(
            basket.intent,
            act,
            action_id=basket.next_action_id(),
            other_yes=_other_yes(basket.intent, act),
        )
        basket.put_action(action)
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
        self, parts: list[Part], start: Callable[[], Awaitable[str]]
    ) -> ChainActionState:
        """Make the records durable, submit the action once and follow it to its end."""
        for basket in {id(basket): basket for basket, _ in parts}.values():
            await self._recorder.durable(basket)
        kind = parts[0][1].kind.name.lower()
        end = None
        while end is None:
            try:
                end = await self._follow(await start())
            except NotSent as e:
                logger.warning("{} not sent, again soon error={}", kind, e)
                await asyncio.sleep(_RETRY_S)
            except OutcomeUnknown as e:
                logger.warning("{} unanswered error={}", kind, e)
                (end,) = await self._judge([parts])
            except VenueError as e:
                logger.error("{} refused error={}", kind, e)
                end = ChainActionState.FAILED
        for basket, action in parts:
            self._close(basket, action, end)
        if end is ChainActionState.FAILED:
            await asyncio.sleep(_RETRY_S)
        return end

    def _close(self, basket: Basket, action: ChainAction, end: ChainActionState) -> None:
        """Book how an action ended."""
        ACTIONS.labels(action.kind.name, end.name).inc()
        basket.put_action(replace(action, state=end))
        self._recorder.note(basket)
        logger.log(
            "INFO" if end is ChainActionState.CONFIRMED else "WARNING",
            "{} {} intent={} collateral={:+.6f}",
            action.kind.name.lower(),
            end.name.lower(),
            basket.intent.intent_id,
            action.collateral / MICROS,
        )

    async def _follow(self, relayer_id: str) -> ChainActionState:
        """Return how an action ended. Raises OutcomeUnknown if the relayer stays silent on it."""
        heard_ns = self._now_ns()
        while True:
            try:
                state = await self._settlement.action(relayer_id)
                heard_ns = self._now_ns()
            except VenueError as e:
                logger.warning("action not asked id={} error={}", relayer_id, e)
                state = ActionState.PENDING
                if self._now_ns() - heard_ns > _SILENT_NS:
                    raise OutcomeUnknown(f"action {relayer_id}: {e}") from e
            if state is ActionState.CONFIRMED:
                return ChainActionState.CONFIRMED
            if state is ActionState.FAILED:
                return ChainActionState.FAILED
            await asyncio.sleep(_POLL_S)

    # What a lost answer did

    async def recover(self) -> None:
        """Find out what became of every action that was on its way when the last process died.

        Records of one market's redemption went out together, whosever they were.
        """
        units: dict[object, list[Part]] = {}
        for basket, action in self._pending():
            redeems = action.kind is ChainActionKind.REDEEM
            units.setdefault(action.subject_id if redeems else id(action), []).append(
                (basket, action)
            )
        if not units:
            return
        ends = await self._judge(list(units.values()))
        for parts, end in zip(units.values(), ends, strict=True):
            for basket, action in parts:
                self._close(basket, action, end)

    def _pending(self) -> list[Part]:
        return [
            (basket, action)
            for basket in self._baskets.values()
            for action in basket.execution.actions
            if action.state is ChainActionState.PENDING
        ]

    async def _judge(self, units: list[list[Part]]) -> tuple[ChainActionState, ...]:
        """Say what became of actions: CONFIRMED where the wallet shows it.

        FAILED only where it does not after the longest time that an action may take. Other pending
        actions may move the same tokens, so they are judged along.
        """
        mine = {action.action_id for parts in units for _, action in parts}
        others = [[part] for part in self._pending() if part[1].action_id not in mine]
        changes = [_change(parts) for parts in (*units, *others)]
        deadline_ns = self._now_ns() + _LOST_NS
        while True:
            verdicts = await self._compare(changes)
            sure = verdicts[: len(units)]
            if sure and (all(sure) or self._now_ns() > deadline_ns):
                return tuple(
                    ChainActionState.CONFIRMED if done else ChainActionState.FAILED for done in sure
                )
            await asyncio.sleep(_RETRY_S)

    async def _compare(self, changes: list[dict[str, int]]) -> tuple[bool | None, ...]:
        """Return of each change whether the wallet shows it, () when the venue does not answer."""
        tokens = sorted({token for change in changes for token in change})
        conditions = {c for b in self._baskets.values() if b.unsettled for c in b.condition_ids}
        try:
            for fill in await self._orders.fills(sorted(conditions)):
                self._hear_fill(fill)
            balances = await self._orders.balances(tokens)
        except VenueError as e:
            logger.warning("wallet not read error={}", e)
            return ()
        settled: dict[str, int] = {}
        for basket in self._baskets.values():
            for token, size in basket.tokens().items():
                settled[token] = settled.get(token, 0) + size
        return happened(settled=settled, held=balances.tokens, changes=changes)

    # Redemption

    async def redeem_periodically(self) -> None:
        """Redeem what resolved, for ever: of held baskets and of what others left over."""
        while True:
            await asyncio.sleep(_REDEEM_PERIOD_S)
            due = await self._resolutions.resolved(claims_of(self._baskets.values()))
            for batch in self._resolutions.batches(due, most=REDEMPTIONS_MAX):
                # A batch may have waited: only what is still there, and quiet, is redeemed.
                held = claims_of(self._baskets.values())
                names = [one.market.condition_id for one in batch]
                await self._redeem([held[name] for name in names if name in held])

    async def _redeem(self, batch: list[Due]) -> None:
        """Redeem all that the wallet holds of these markets, and split the payment by baskets."""
        if not batch:
            return
        parts = [
            part
            for due in batch
            for part in redemptions(due, self._resolutions[due.market.condition_id])
        ]
        wishes = [due.wish for due in batch]
        end = await self._submit(parts, lambda: self._settlement.redeem(wishes))
        self._resolutions.note(batch, end)


def _change(parts: list[Part]) -> dict[str, int]:
    change: dict[str, int] = {}
    for _, action in parts:
        for token, signed in action.tokens:
            change[token] = change.get(token, 0) + signed
    return change


def _other_yes(intent: Intent, act: Act) -> tuple[str, ...]:
    """Return the YES tokens that a conversion pays out besides collateral.

    Without the number of questions on chain only the legs' own are known; the comparison of
    balances then shows the rest as a break.
    """
    opportunity = intent.opportunity
    if act.kind is not ChainActionKind.CONVERT or opportunity.question_count is None:
        return ()
    listed = questions(opportunity.neg_risk_market_id, opportunity.question_count)
    return tuple(q.yes_token for i, q in enumerate(listed) if not act.index_set >> i & 1)

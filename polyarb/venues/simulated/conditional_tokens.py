"""The outcome tokens' contracts: supply, the collateral behind it, and what holders may do.

Source: ConditionalTokens.sol, NegRiskAdapter.sol (github.com/Polymarket, read 2026-11-22).
"""

from dataclasses import dataclass, field

from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.accounts import Account, shift
from polyarb.venues.simulated.records import AccountKind, ActionReverted, SimMarket

BIPS = 10_000


@dataclass(slots=True, eq=False)
class Backing:
    """The collateral behind the tokens of one binary market or of one negative-risk event.

    markets: in question order. escrow: micros. converted: NO sets burnt less YES minted for them;
    in each question YES supply - NO supply equals it.
    """

    fee_bips: int
    markets: list[SimMarket] = field(default_factory=list)
    escrow: int = 0
    converted: int = 0


class ConditionalTokens:
    """Supply and backing of every token. `treasury` collects what the venue earns."""

    def __init__(self) -> None:
        self.treasury = Account("treasury", AccountKind.TRADER)
        self._backing: dict[str, Backing] = {}
        self._supply: dict[str, int] = {}
        self._payouts: dict[str, Price] = {}

    def prepare(self, market: SimMarket) -> None:
        """Register a market. Negative-risk questions come in index order without gaps."""
        key = _key(market)
        backing = self._backing.setdefault(key, Backing(market.fee_bips))
        if market.neg_risk_market_id:
            assert market.market.neg_risk, market
            assert market.market.question_index == len(backing.markets), market
            assert market.fee_bips == backing.fee_bips, market
        else:
            assert not market.market.neg_risk, market
            assert not backing.markets, market
        backing.markets.append(market)

    def backing(self, market: SimMarket) -> Backing:
        """Return what stands behind a market's tokens."""
        return self._backing[_key(market)]

    def question_count(self, neg_risk_market_id: str) -> int:
        """Return how many questions a negative-risk event has; 0 if it is unknown."""
        backing = self._backing.get(neg_risk_market_id)
        return 0 if backing is None else len(backing.markets)

    def supply(self, token_id: str) -> int:
        """Return the outstanding micro-tokens."""
        return self._supply.get(token_id, 0)

    def payout(self, condition_id: str) -> Price | None:
        """Return micros paid per YES token, None while unresolved."""
        return self._payouts.get(condition_id)

    def mint(self, market: SimMarket, size: int) -> None:
        """Account for `size` new complete sets (negative: destroyed) paid for by a match."""
        self.backing(market).escrow += size
        for outcome in Outcome:
            shift(self._supply, market.market.token(outcome), size)

    def split(self, account: Account, market: SimMarket, amount: int) -> None:
        """Turn collateral into equal YES and NO. Raises ActionReverted."""
        _require(account.collateral >= amount >= 0, "transfer amount exceeds balance")
        account.collateral -= amount
        for outcome in Outcome:
            shift(account.tokens, market.market.token(outcome), amount)
        self.mint(market, amount)

    def merge(self, account: Account, market: SimMarket, amount: int) -> None:
        """Turn equal settled YES and NO into collateral. Raises ActionReverted."""
        for outcome in Outcome:
            _require_tokens(account, market.market.token(outcome), amount)
        account.collateral += amount
        for outcome in Outcome:
            shift(account.tokens, market.market.token(outcome), -amount)
        self.mint(market, -amount)

    def convert(
        self, account: Account, neg_risk_market_id: str, *, index_set: int, amount: int
    ) -> None:
        """Turn NO of the m questions in `index_set` into YES of the others and m - 1 collateral.

        The event's fee, amount x fee_bips rounded down, is kept of every token and of the
        collateral. Raises ActionReverted.
        """
        backing = self._backing.get(neg_risk_market_id)
        _require(backing is not None and neg_risk_market_id != "", "market not prepared")
        assert backing is not None
        count = len(backing.markets)
        _require(count > 1, "no convertible positions")
        _require(0 < index_set < 1 << count, "invalid index set")
        chosen = [m for i, m in enumerate(backing.markets) if index_set >> i & 1]
        for market in chosen:
            _require_tokens(account, market.market.no_token, amount)
        fee = amount * backing.fee_bips // BIPS
        for market in chosen:
            shift(account.tokens, market.market.no_token, -amount)
            shift(self._supply, market.market.no_token, -amount)
        for i, market in enumerate(backing.markets):
            if not index_set >> i & 1:
                token = market.market.yes_token
                shift(account.tokens, token, amount - fee)
                shift(self.treasury.tokens, token, fee)
                shift(self._supply, token, amount)
        cash = len(chosen) - 1
        account.collateral += cash * (amount - fee)
        self.treasury.collateral += cash * fee
        backing.escrow -= cash * amount
        backing.converted += amount

    def resolve(self, market: SimMarket, yes_payout: Price) -> None:
        """Fix a market's payouts: 0, one half, or 1 per YES token, the rest per NO token.

        In a negative-risk event one half is refused, and so is a second YES.
        """
        assert yes_payout in {0, MICROS // 2, MICROS}, yes_payout
        assert market.condition_id not in self._payouts, market.condition_id
        if market.neg_risk_market_id:
            assert yes_payout in {0, MICROS}, market.condition_id
            assert yes_payout == 0 or not self._won(self.backing(market)), market.condition_id
        self._payouts[market.condition_id] = yes_payout

    def redeem(self, account: Account, market: SimMarket, *, yes: int, no: int) -> int:
        """Turn tokens of a resolved market into collateral, rounded down per token; returns it.

        Raises ActionReverted.
        """
        payout = self._payouts.get(market.condition_id)
        _require(payout is not None, "result for condition not received yet")
        assert payout is not None
        _require_tokens(account, market.market.yes_token, yes)
        _require_tokens(account, market.market.no_token, no)
        paid = yes * payout // MICROS + no * (MICROS - payout) // MICROS
        for token, size in ((market.market.yes_token, yes), (market.market.no_token, no)):
            shift(account.tokens, token, -size)
            shift(self._supply, token, -size)
        account.collateral += paid
        self.backing(market).escrow -= paid
        return paid

    def escrow(self) -> int:
        """Return the collateral behind all outstanding tokens."""
        return sum(backing.escrow for backing in self._backing.values())

    def audit(self) -> None:
        """Assert that every event's tokens are backed in every world that can still happen."""
        for backing in self._backing.values():
            worlds = self._liabilities(backing)
            assert backing.escrow >= max(worlds), (backing, worlds)
            if not any(m.condition_id in self._payouts for m in backing.markets):
                self._audit_open(backing)

    def _audit_open(self, backing: Backing) -> None:
        no_supply = sum(self.supply(m.market.no_token) for m in backing.markets)
        assert backing.escrow == no_supply + backing.converted, backing
        for market in backing.markets:
            yes, no = self.supply(market.market.yes_token), self.supply(market.market.no_token)
            assert yes - no == backing.converted, (market.condition_id, yes, no)

    def _liabilities(self, backing: Backing) -> list[int]:
        """Return what all tokens would be paid, per world; rounded down like a redemption."""
        questions = backing.markets
        if not questions[0].neg_risk_market_id:
            fixed = self._payouts.get(questions[0].condition_id)
            payouts = [0, MICROS] if fixed is None else [fixed]
            return [self._owed(questions[0], payout) for payout in payouts]
        nobody = [self._owed(m, self._payouts.get(m.condition_id, Price(0))) for m in questions]
        worlds = [sum(nobody)]
        if not self._won(backing):
            worlds += [
                sum(nobody) - owed + self._owed(m, MICROS)
                for m, owed in zip(questions, nobody, strict=True)
                if m.condition_id not in self._payouts
            ]
        return worlds

    def _owed(self, market: SimMarket, payout: int) -> int:
        yes, no = self.supply(market.market.yes_token), self.supply(market.market.no_token)
        return (yes * payout + no * (MICROS - payout)) // MICROS

    def _won(self, backing: Backing) -> bool:
        return any(self._payouts.get(m.condition_id) == MICROS for m in backing.markets)


def _key(market: SimMarket) -> str:
    return market.neg_risk_market_id or market.condition_id


def _require_tokens(account: Account, token_id: str, amount: int) -> None:
    _require(account.tokens.get(token_id, 0) >= amount >= 0, "token balance is too low")


def _require(holds: bool, reason: str) -> None:  # noqa: FBT001 - reads as a contract's require
    if not holds:
        raise ActionReverted(reason)

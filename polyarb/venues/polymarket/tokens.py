"""Identifiers as the chain derives them: question, condition, collection, outcome token.

Recomputing a market's token ids from its condition id shows corrupt metadata before it costs money.
Source: gnosis ConditionalTokens CTHelpers and the neg-risk adapter's NegRiskIdLib; the same
arithmetic gives the published ids of every recorded market.
"""

from typing import Final

from polyarb.venues.polymarket.contracts import NEG_RISK_ADAPTER
from polyarb.venues.polymarket.keccak import keccak

USDC_E: Final = "0x2791bca1f2de4661ed88a30c99a7a9449aa84174"
"""Collateral inside the tokens of binary markets. Orders and wallets use pUSD all the same."""

WCOL: Final = "0x3a3bd7bb9528e159577f7c2e685cc81a765002e2"
"""Collateral inside the tokens of negative-risk markets."""

NEG_RISK_ORACLE: Final = NEG_RISK_ADAPTER
"""Oracle of every negative-risk condition."""

UMA_ADAPTER: Final = "0x6a9d222616c90fca5754cd1333cfd9b7fb6a4f74"
"""Oracle of most binary conditions; a market's own is Gamma's `resolvedBy`."""

QUESTIONS_MAX: Final = 256
"""A question's index within its negative-risk event is one byte."""

_FIELD: Final = 21888242871839275222246405745257275088696311157297823662689037894645226208583
_ROOT_EXPONENT: Final = (_FIELD + 1) // 4
_CURVE_B: Final = 3
_ODD_Y: Final = 1 << 254


def neg_risk_question_id(neg_risk_market_id: str, index: int) -> str:
    """Return the question id of outcome `index` (0..255): the market id with that last byte."""
    assert neg_risk_market_id.endswith("00"), neg_risk_market_id
    assert 0 <= index < QUESTIONS_MAX, index
    return f"{neg_risk_market_id[:-2]}{index:02x}"


def condition_id(*, oracle: str, question_id: str) -> str:
    """Return the condition id of a two-outcome question that `oracle` answers."""
    return "0x" + keccak(_word(oracle, 20) + _word(question_id, 32) + (2).to_bytes(32)).hex()


def outcome_tokens(condition: str, *, neg_risk: bool) -> tuple[str, str]:
    """Return the token ids of outcome 0 (YES, Up) and outcome 1 (NO, Down)."""
    collateral = _word(WCOL if neg_risk else USDC_E, 20)
    raw = _word(condition, 32)
    return _token_id(collateral, _collection_id(raw, 1)), _token_id(
        collateral, _collection_id(raw, 2)
    )


def is_v2_position_id(position_id: int) -> bool:
    """Return whether an id belongs to the venue's second protocol, which we do not trade."""
    return position_id & (((1 << 64) - 1) << 40) == 0


def _token_id(collateral: bytes, collection: bytes) -> str:
    return str(int.from_bytes(keccak(collateral + collection)))


def _collection_id(condition: bytes, index_set: int) -> bytes:
    """Return the compressed curve point that the hash of condition and index set lands on."""
    seed = int.from_bytes(keccak(condition + index_set.to_bytes(32)))
    x, y = _next_point(seed)
    if (seed >> 255) != (y & 1):
        y = _FIELD - y
    return (x ^ _ODD_Y if y & 1 else x).to_bytes(32)


def _next_point(x: int) -> tuple[int, int]:
    """Return the first curve point whose x comes after `x`; half of all x have one."""
    while True:
        x = (x + 1) % _FIELD
        y_squared = (x * x % _FIELD * x + _CURVE_B) % _FIELD
        y = pow(y_squared, _ROOT_EXPONENT, _FIELD)
        if y * y % _FIELD == y_squared:
            return x, y


def _word(text: str, length: int) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    assert len(raw) == length, text
    return raw

"""The limits, and whether one is reached. Pure; the ledger's reserve has the last word."""

from dataclasses import dataclass

from polyarb.core.money import Collateral, format_micros
from polyarb.core.order import RefusalCode, Refused
from services.risk.exposure import Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps in micro-collateral, counts, and fractions of one set's face in micros.

    bankroll: 0 for all capital there is. exploration: None for no cap (paper).
    """

    daily_loss: Collateral
    open_positions: int
    position: Collateral
    tail_loss: Collateral
    bankroll: Collateral
    exploration: Collateral | None
    min_profit: int
    min_discrepancy: int


def reached(portfolio: Portfolio, limits: Limits) -> Refused | None:
    """Return why no basket at all can be approved now, None when one could be."""
    if portfolio.halted:
        return Refused(code=RefusalCode.HALTED, message=f"halted: {portfolio.halt_reason}")
    if not portfolio.opened:
        return Refused(
            code=RefusalCode.LEDGER_UNAVAILABLE, message="the wallet's balances are not booked yet"
        )
    if portfolio.daily_loss_used >= limits.daily_loss:
        return daily_loss_reached(portfolio, limits, worst_loss=Collateral(0))
    if portfolio.open_positions >= limits.open_positions:
        message = (
            "Max open positions reached: "
            f"{portfolio.open_positions} of {limits.open_positions} open"
        )
        return Refused(code=RefusalCode.OPEN_POSITIONS_LIMIT, message=message)
    return None


def daily_loss_reached(portfolio: Portfolio, limits: Limits, *, worst_loss: Collateral) -> Refused:
    """Return the refusal of a basket whose worst case does not fit into the day's limit."""
    message = (
        "Daily loss limit exceeded - trading paused: "
        f"realised {format_micros(portfolio.realised_today, 2)}, "
        f"worst case of open baskets {format_micros(portfolio.worst_loss_held, 2)}, "
        f"of this one {format_micros(worst_loss, 2)}, limit {format_micros(limits.daily_loss, 2)}"
    )
    return Refused(code=RefusalCode.DAILY_LOSS_LIMIT, message=message)

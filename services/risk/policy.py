"""From settings to the policy that sizing and limits take. Pure."""

from polyarb.core.money import Collateral
from polyarb.v1 import ledger_service_pb2
from services.risk.config import RiskSettings
from services.risk.limits import Limits
from services.risk.sizing import Policy

_TAIL_SHARE = 10
"""The default tail-loss cap is the position cap over this."""


def policy(settings: RiskSettings) -> Policy:
    """Return the policy in force. Exploration is capped in live mode only."""
    tail = settings.max_tail_loss
    live = settings.mode == "live"
    return Policy(
        limits=Limits(
            daily_loss=Collateral(settings.max_daily_loss),
            open_positions=settings.max_open_positions,
            position=Collateral(settings.max_position),
            tail_loss=Collateral(settings.max_position // _TAIL_SHARE if tail is None else tail),
            bankroll=Collateral(settings.bankroll),
            exploration=Collateral(settings.exploration_budget) if live else None,
            min_profit=settings.min_profit,
            min_discrepancy=settings.min_discrepancy,
        ),
        min_confidence=settings.min_confidence,
        max_spread=settings.max_spread,
        hurdle_rate=settings.hurdle_rate,
        kelly_multiplier=settings.kelly_multiplier,
        kelly_max_fraction=settings.kelly_max_fraction,
        loss_fraction=settings.kelly_loss_fraction,
        slippage_micros=settings.slippage_tolerance,
        opportunity_age_ns_max=int(settings.opportunity_age_s_max * 1e9),
        book_age_ns_max=int(settings.book_age_s_max * 1e9),
    )


def limits_message(limits: Limits) -> ledger_service_pb2.Limits:
    """Return the caps that the ledger's reserve statement enforces."""
    return ledger_service_pb2.Limits(
        daily_loss_micros_max=limits.daily_loss,
        open_positions_max=limits.open_positions,
        bankroll_micros_max=limits.bankroll,
        exploration_micros_max=limits.exploration,
    )

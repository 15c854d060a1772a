"""What a level is worth once its fee is paid, as a price point in 1e-18 ("atto").

Buying a YES ask at a costs its ask point a + fee; buying NO from a YES bid b leaves its bid point
b - fee after the set's 1.00 is paid. All points lie in [0, 1] and rise with the price.
"""

from typing import Final

from polyarb.core.book import OrderBook
from polyarb.core.fees import fee_per_token_atto
from polyarb.core.market import Market
from polyarb.core.money import Price

_PRICE_TO_ATTO: Final = 10**12


def ask_point(market: Market, price: Price) -> int:
    """Return what one YES token bought at `price` costs with its fee, in 1e-18."""
    return price * _PRICE_TO_ATTO + fee_per_token_atto(market.fee, price)


def bid_point(market: Market, price: Price) -> int:
    """Return what one NO token bought from a YES bid at `price` leaves of 1.00, in 1e-18."""
    return price * _PRICE_TO_ATTO - fee_per_token_atto(market.fee, price)


def excess(market: Market, book: OrderBook, marginal: int) -> int:
    """Return the expected profit of taking all that pays, if YES has this probability, in 1e-24.

    marginal: in 1e-18. Summed over a group, at any probabilities that its logic allows, it bounds
    what every portfolio can guarantee.
    """
    asks = sum(max(0, marginal - ask_point(market, price)) * size for price, size in book.asks)
    bids = sum(max(0, bid_point(market, price) - marginal) * size for price, size in book.bids)
    return asks + bids

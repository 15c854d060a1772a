"""The markets that the simulated exchange knows, and what each is doing."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from polyarb.core.market import Outcome
from polyarb.core.money import Price
from polyarb.venues.simulated.matching import SimBook
from polyarb.venues.simulated.records import SimMarket


@dataclass(slots=True, eq=False)
class ListedMarket:
    """A market with its book. closed: it never trades again. last_price: of YES."""

    sim: SimMarket
    book: SimBook = field(default_factory=SimBook)
    closed: bool = False
    last_price: Price | None = None

    @property
    def condition_id(self) -> str:
        """Return the market's condition id."""
        return self.sim.market.condition_id

    def outcome(self, token_id: str) -> Outcome:
        """Return which outcome one of the market's two tokens stands for."""
        return Outcome.YES if token_id == self.sim.market.yes_token else Outcome.NO

    def set_tick_size(self, tick_size: Price) -> None:
        """Change the tick size."""
        self.sim = replace(self.sim, market=replace(self.sim.market, tick_size=tick_size))


class Registry:
    """Markets by condition and by token, in order of listing."""

    def __init__(self) -> None:
        self._by_condition: dict[str, ListedMarket] = {}
        self._by_token: dict[str, ListedMarket] = {}

    def __iter__(self) -> Iterator[ListedMarket]:
        return iter(self._by_condition.values())

    def add(self, sim: SimMarket) -> None:
        """List a market whose condition and tokens are new."""
        market = sim.market
        assert market.condition_id not in self._by_condition, market.condition_id
        listed = ListedMarket(sim)
        for outcome in Outcome:
            assert market.token(outcome) not in self._by_token, market.token(outcome)
            self._by_token[market.token(outcome)] = listed
        self._by_condition[market.condition_id] = listed

    def find(self, condition_id: str) -> ListedMarket | None:
        """Return a market by condition, None if unknown."""
        return self._by_condition.get(condition_id)

    def of_token(self, token_id: str) -> ListedMarket | None:
        """Return the market of a token, None if unknown."""
        return self._by_token.get(token_id)

    def __getitem__(self, condition_id: str) -> ListedMarket:
        return self._by_condition[condition_id]

"""A scanner over one listed event: its logic, its books, and the verdict on them."""

from hashlib import sha256
from itertools import count

from polyarb.core.book import OrderBook
from polyarb.core.market import Event, Group, Market
from polyarb.core.opportunity import Opportunity
from polyarb.venues.base import Skipped
from services.scanner.books import Books, BookUpdate
from services.scanner.catalogue import Reviewed, groups
from services.scanner.detect import Detector, Found, Verdict
from services.scanner.related import relation_groups
from services.scanner.relations import Relation
from unit.services.scanner.quotes import ns, quote

AGE_NS_MAX = 15 * 10**9


def reviews(event: Event) -> dict[str, Reviewed]:
    """Somebody read the rules and found that the event must have a winner."""
    return {event.slug: Reviewed(event.slug, sha256(event.rules.encode()).hexdigest())}


class Scanner:
    """Every group of an event, judged on the books as they stand.

    The event counts as reviewed, so nothing but its own doubts keeps it from being exhaustive.
    relations: between its markets, which are judged together then.
    """

    def __init__(self, event: Event, *relations: Relation) -> None:
        self.relations = relations
        self.books = Books(trust_ns=60 * 10**9)
        ids = count(1)
        self.detector = Detector(
            self.books, age_ns_max=AGE_NS_MAX, new_id=lambda: f"opportunity {next(ids)}"
        )
        self.groups: tuple[Group, ...] = ()
        self.skipped: tuple[Skipped, ...] = ()
        self.relist(event)

    def relist(self, event: Event) -> None:
        """Take a listing: the first, or a newer one."""
        single, _ = groups(event, reviews(event))
        related, self.skipped = relation_groups((event,), self.relations, single)
        self.groups = related or single
        for group in self.groups:
            for market in group.markets:
                self.books.watch(market, event.event_id)

    @property
    def group(self) -> Group:
        (group,) = self.groups
        return group

    def see(self, *updates: BookUpdate) -> None:
        for update in updates:
            self.books.apply(update)

    def quote(self, *prices: tuple[str, str], at: int = 0, size: int = 100) -> None:
        """Set the books of the groups' markets: best bid and ask, "" for an empty side."""
        markets = [market for group in self.groups for market in group.markets]
        for market, (bid, ask) in zip(markets, prices, strict=True):
            self.see(quote(market, depth(bid, size), depth(ask, size), at=at))

    def verdicts(self, *, at: int = 1) -> list[Verdict]:
        return [self.detector.judge(group, ns(at)) for group in self.groups]

    def found(self, *, at: int = 1) -> list[Opportunity]:
        """Return what the detector would hand on."""
        return [v.opportunity for v in self.verdicts(at=at) if isinstance(v, Found)]

    def asks(self) -> list[int]:
        """Return the best asks that there are, whoever has none."""
        return [a for m in self.markets() if (a := self._view(m).best_ask) is not None]

    def bids(self) -> list[int]:
        """Return the best bids that there are."""
        return [b for m in self.markets() if (b := self._view(m).best_bid) is not None]

    def markets(self) -> list[Market]:
        return [market for group in self.groups for market in group.markets]

    def _view(self, market: Market) -> OrderBook:
        tracked = self.books.tracked(market.condition_id)
        assert tracked is not None
        return tracked.book.view()


def depth(price: str, size: int = 100) -> str:
    """Return a level of so many tokens, none for no price."""
    return f"{price} x {size}" if price else ""

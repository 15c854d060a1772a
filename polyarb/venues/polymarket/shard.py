"""The tokens that share connections, and the one or two links that bring their books."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from polyarb.venues.base import BadFrame, FeedUpdate, LinkChange, MarketAdded, MarketResolved
from polyarb.venues.polymarket.outbox import Outbox
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.polymarket.twin import Merger, Replaced

_ANNOUNCEMENTS: Final = 10_000
_PARSED_MAX: Final = 512
_PARSED_BYTES_MAX: Final = 4_096


class Announcements:
    """Remembers which global announcements were passed on: the venue repeats each many times."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, update: MarketResolved | MarketAdded) -> bool:
        """Return whether this announcement is not among the last 10,000."""
        winner = f"won {update.winning_token}" if isinstance(update, MarketResolved) else "added"
        key = (update.condition_id, winner)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _ANNOUNCEMENTS:
            self._seen.popitem(last=False)
        return True


class Connection(Protocol):
    """What a shard asks of a link. number: which of the shard's links it is."""

    number: int

    def give_up(self, reason: str) -> None:
        """Close the connection."""
        ...

    def doubt(self, token_ids: Iterable[str]) -> None:
        """Ask for new snapshots of these tokens."""
        ...


class Shard:
    """Hands what the links of one shard bring to the outbox, once. Lives in one event loop."""

    def __init__(
        self,
        merger: Merger,
        *,
        outbox: Outbox,
        announcements: Announcements,
        links: int,
        on_replaced: Callable[[Replaced], None],
    ) -> None:
        self.token_ids = merger.token_ids
        self.links = links
        self._merger = merger
        self._outbox = outbox
        self._announcements = announcements
        self._on_replaced = on_replaced
        self._up: dict[int, Connection] = {}
        self._parsed: OrderedDict[bytes, list[FeedUpdate]] = OrderedDict()

    def opened(self, link: Connection, now_ns: int) -> None:
        """Take up a link."""
        self._up[link.number] = link
        self._pass_on(self._merger.opened(link.number, now_ns), now_ns)

    def parse(self, frame: bytes, now_ns: int) -> list[FeedUpdate]:
        """Return what a frame says; a frame that another link just brought is not read again.

        Raises BadInput.
        """
        if self.links == 1 or len(frame) > _PARSED_BYTES_MAX:
            return parse_frame(frame, receive_time_ns=now_ns)
        known = self._parsed.pop(frame, None)
        if known is not None:
            return known
        updates = parse_frame(frame, receive_time_ns=now_ns)
        self._parsed[frame] = updates
        if len(self._parsed) > _PARSED_MAX:
            self._parsed.popitem(last=False)
        return updates

    def take(self, link: Connection, updates: Sequence[FeedUpdate], now_ns: int) -> None:
        """Take what one frame of a link says."""
        if self._up.get(link.number) is link:
            told = [update for update in updates if self._concerns(update)]
            self._pass_on(self._merger.take(link.number, told, now_ns), now_ns)

    def unreadable(self, link: Connection, reason: str, now_ns: int) -> None:
        """Take a frame that cannot be read; the link ends right after."""
        if self._up.get(link.number) is link:
            self._pass_on(self._merger.unreadable(link.number, reason, now_ns), now_ns)

    def asked(self, link: Connection, token_ids: Iterable[str], now_ns: int) -> None:
        """Note that snapshots were asked for again."""
        if self._up.get(link.number) is link:
            self._pass_on(self._merger.asked(link.number, token_ids, now_ns), now_ns)

    def missing(self, link: Connection, bad: BadFrame) -> None:
        """Note that the snapshots of the tokens in `bad` did not come."""
        if self._up.get(link.number) is link:
            passed = self._merger.missing(link.number, bad.token_ids, bad)
            self._pass_on(passed, bad.receive_time_ns)

    def lost(self, link: Connection, now_ns: int) -> None:
        """Let a link go; it is the last that is heard of it."""
        if self._up.get(link.number) is not link:
            return
        del self._up[link.number]
        passed = self._merger.lost(link.number, now_ns)
        if self._up:
            self._pass_on(passed, now_ns)
        else:
            self._announce(passed)

    def look(self, now_ns: int) -> None:
        """Act on what is late or in doubt. Called every tick of every link."""
        self._pass_on(self._merger.look(now_ns), now_ns)
        for link in tuple(self._up.values()):
            link.doubt(self._merger.asking(link.number))
        for number, reason in self._merger.replacing().items():
            self._replace(number, reason)

    def renew(self, token_ids: frozenset[str]) -> None:
        """Replace every link of this shard if it brings a book of `token_ids`."""
        if not token_ids.isdisjoint(self.token_ids):
            for number in tuple(self._up):
                self._replace(number, Replaced.DOUBTED)

    def _replace(self, number: int, reason: Replaced) -> None:
        if link := self._up.get(number):
            self._on_replaced(reason)
            link.give_up(f"replaced: {reason.value}")

    def _concerns(self, update: FeedUpdate) -> bool:
        if isinstance(update, MarketResolved | MarketAdded):
            return self._announcements.is_new(update)
        return True

    def _pass_on(self, updates: Sequence[FeedUpdate], now_ns: int) -> None:
        """Hand over all or nothing: after nothing, every link's books are void."""
        if self._outbox.offer(updates):
            return
        ended: list[FeedUpdate] = []
        for number, link in tuple(self._up.items()):
            del self._up[number]
            ended = self._merger.lost(number, now_ns)
            link.give_up("the reader is too slow: the queue is full")
        self._announce(ended)

    def _announce(self, updates: Sequence[FeedUpdate]) -> None:
        for update in updates:
            if isinstance(update, LinkChange):
                self._outbox.announce(update)

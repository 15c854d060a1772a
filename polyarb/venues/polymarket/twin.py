"""What the links of one shard bring, made into one feed. No I/O, no clock."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LevelChange,
    LinkChange,
    LinkState,
    TickChange,
)
from polyarb.venues.polymarket.merge import Divergence, Merge

_NS: Final = 1_000_000_000
_CONTRADICTIONS_KEPT: Final = 1_000


class Replaced(Enum):
    """Why a link that was up is given up for a new one.

    FROZEN: alive, but without the data that the other link brings. DIVERGED: the links of a shard
    contradict each other too often. DOUBTED: its books were found to differ from REST.
    """

    FROZEN = "frozen"
    DIVERGED = "diverged"
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings:
    """How far two links of a shard may differ.

    lag_s: how long one may be without what the other brought. More than contradictions_max
    contradictions within window_s put the whole shard in quarantine. alive_s: least time between
    two ALIVE messages of a shard.
    """

    lag_s: float = 5.0
    contradictions_max: int = 20
    window_s: float = 60.0
    alive_s: float = 0.25


class Merger:
    """The feed of a shard with a single link: everything as it comes."""

    def __init__(self, token_ids: tuple[str, ...]) -> None:
        self.token_ids = token_ids
        self._up: set[int] = set()

    def opened(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Note that a link is up."""
        self._up.add(link)
        return [self._change(LinkState.CONNECTED, now_ns)] if len(self._up) == 1 else []

    def lost(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Note that a link is down; LOST once the last one is."""
        self._up.discard(link)
        return [] if self._up else [self._change(LinkState.LOST, now_ns)]

    def take(self, link: int, updates: Sequence[FeedUpdate], now_ns: int) -> list[FeedUpdate]:
        """Take the messages of one frame, in their order."""
        del link, now_ns
        return list(updates)

    def unreadable(self, link: int, reason: str, now_ns: int) -> list[FeedUpdate]:
        """Take a frame of which nobody knows what it was about; its link ends."""
        del link
        return [BadFrame(token_ids=self.token_ids, reason=reason, receive_time_ns=now_ns)]

    def asked(self, link: int, token_ids: Iterable[str], now_ns: int) -> list[FeedUpdate]:
        """Note that new snapshots of these tokens are asked for on a link."""
        del link, token_ids, now_ns
        return []

    def missing(self, link: int, token_ids: tuple[str, ...], bad: BadFrame) -> list[FeedUpdate]:
        """Note that snapshots did not come in time; `bad` says so."""
        del link, token_ids
        return [bad]

    def look(self, now_ns: int) -> list[FeedUpdate]:
        """Judge what is late."""
        del now_ns
        return []

    def asking(self, link: int) -> set[str]:
        """Return tokens whose snapshots are to be asked for on a link; each is told once."""
        del link
        return set()

    def replacing(self) -> dict[int, Replaced]:
        """Return the links to be given up, and why; each is told once."""
        return {}

    def _change(self, state: LinkState, now_ns: int) -> LinkChange:
        return LinkChange(token_ids=self.token_ids, state=state, receive_time_ns=now_ns)


class Twin(Merger):
    """The feed of a shard with several links: the first copy of every message.

    markets: the tokens of each market, together. A market's book stays in use while one link's
    copy of its stream is without a gap; otherwise its tokens are told LOST, and snapshots are
    asked for. count: told of every way in which the links differed.
    """

    def __init__(
        self,
        markets: Sequence[tuple[str, ...]],
        *,
        links: int,
        settings: TwinSettings,
        count: Callable[[Divergence, int], None],
    ) -> None:
        super().__init__(tuple(token for market in markets for token in market))
        self._settings = settings
        self._lag_ns = int(settings.lag_s * _NS)
        self._report = count
        self._merges = [
            Merge(market, links=links, lag_ns=self._lag_ns, count=self._count) for market in markets
        ]
        self._of_token = {t: merge for merge in self._merges for t in merge.token_ids}
        self._owing_ns: list[int | None] = [None] * links
        self._alive_ns = 0
        self._now_ns = 0
        self._contradicted: deque[int] = deque(maxlen=_CONTRADICTIONS_KEPT)
        self._replacing: dict[int, Replaced] = {}

    def opened(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Note that a link is up."""
        self._owing_ns[link] = None
        for merge in self._merges:
            merge.opened(link)
        return super().opened(link, now_ns)

    def lost(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Carry on with the other links; markets that none of them has are told LOST."""
        self._replacing.pop(link, None)
        passed = [update for merge in self._merges for update in merge.lost(link, now_ns)]
        ended = super().lost(link, now_ns)
        return ended or passed

    def take(self, link: int, updates: Sequence[FeedUpdate], now_ns: int) -> list[FeedUpdate]:
        """Return what of one frame is new."""
        self._now_ns = now_ns
        return [told for update in updates for told in self._one(link, update, now_ns)]

    def _one(self, link: int, update: FeedUpdate, now_ns: int) -> list[FeedUpdate]:
        match update:
            case BookChange():
                return self._changed(link, update, now_ns)
            case BookSnapshot(token_id=token) | TickChange(token_id=token):
                self._owing_ns[link] = None
                merge = self._of_token.get(token)
                return merge.take(link, update, now_ns) if merge else []
            case BadFrame(token_ids=tokens) if tokens:
                merges = self._merges_of(tokens)
                return [told for m in merges for told in m.take(link, update, now_ns)]
            case LinkChange():
                if now_ns - self._alive_ns < self._settings.alive_s * _NS:
                    return []
                self._alive_ns = now_ns
        return [update]

    def _changed(self, link: int, update: BookChange, now_ns: int) -> list[FeedUpdate]:
        self._owing_ns[link] = None
        passed: list[FeedUpdate] = []
        for merge, part in self._parts(update):
            if new := merge.take(link, part, now_ns):
                self._charge(link, merge, now_ns)
                passed += new
        return passed

    def unreadable(self, link: int, reason: str, now_ns: int) -> list[FeedUpdate]:
        """Take a frame of which nobody knows what it was about; another link has it too."""
        return [] if self._up - {link} else super().unreadable(link, reason, now_ns)

    def asked(self, link: int, token_ids: Iterable[str], now_ns: int) -> list[FeedUpdate]:
        """Believe nothing more of these markets on a link until the snapshots come."""
        merges = self._merges_of(token_ids)
        return [update for merge in merges for update in merge.void(link, now_ns)]

    def missing(self, link: int, token_ids: tuple[str, ...], bad: BadFrame) -> list[FeedUpdate]:
        """Follow the link without its snapshots where no other has the market."""
        adopted = [merge for merge in self._merges_of(token_ids) if merge.adopt(link)]
        tokens = tuple(token for merge in adopted for token in merge.token_ids)
        return [replace(bad, token_ids=tokens)] if tokens else []

    def look(self, now_ns: int) -> list[FeedUpdate]:
        """Judge what is late.

        A link without any data since the other brought some is replaced; where it lacks single
        messages, only their markets' snapshots are asked for.
        """
        self._now_ns = now_ns
        passed: list[FeedUpdate] = []
        for link in sorted(self._up):
            if link not in self._replacing:
                passed += self._look_at(link, now_ns)
        for merge in self._merges:
            passed += merge.give_up_waiting(now_ns)
        oldest_ns = now_ns - self._settings.window_s * _NS
        if sum(t > oldest_ns for t in self._contradicted) > self._settings.contradictions_max:
            self._contradicted.clear()
            self._replacing.update(dict.fromkeys(self._up, Replaced.DIVERGED))
        return passed

    def asking(self, link: int) -> set[str]:
        """Return tokens whose snapshots are to be asked for on a link; each is told once."""
        tokens: set[str] = set()
        for merge in self._merges:
            if link in merge.asking:
                merge.asking.discard(link)
                tokens.update(merge.token_ids)
        return tokens

    def replacing(self) -> dict[int, Replaced]:
        """Return the links to be given up, and why; each is told once."""
        found, self._replacing = self._replacing, {}
        return found

    def _charge(self, link: int, merge: Merge, now_ns: int) -> None:
        """Note that the other links owe the change that `link` brought.

        A snapshot is no debt: a link that starts anew brings many that no other will.
        """
        for other in self._up - {link}:
            if self._owing_ns[other] is None and merge.owes(other):
                self._owing_ns[other] = now_ns

    def _look_at(self, link: int, now_ns: int) -> list[FeedUpdate]:
        late = [merge for merge in self._merges if merge.overdue(link, now_ns)]
        if late:
            self._count(Divergence.LATE, len(late))
        owing_ns = self._owing_ns[link]
        if owing_ns is not None and now_ns - owing_ns > self._lag_ns:
            self._replacing[link] = Replaced.FROZEN
            return []
        passed: list[FeedUpdate] = []
        for merge in late:
            passed += merge.void(link, now_ns)
            merge.asking.add(link)
        return passed

    def _parts(self, update: BookChange) -> list[tuple[Merge, BookChange]]:
        """Return a frame's changes by market; nearly always there is one."""
        first = self._of_token.get(update.changes[0].token_id) if update.changes else None
        if first and all(self._of_token.get(c.token_id) is first for c in update.changes):
            return [(first, update)]
        parts: dict[Merge, list[LevelChange]] = {}
        for change in update.changes:
            if merge := self._of_token.get(change.token_id):
                parts.setdefault(merge, []).append(change)
        return [(m, replace(update, changes=tuple(changes))) for m, changes in parts.items()]

    def _merges_of(self, token_ids: Iterable[str]) -> list[Merge]:
        return list(dict.fromkeys(self._of_token[t] for t in token_ids if t in self._of_token))

    def _count(self, kind: Divergence, number: int) -> None:
        self._report(kind, number)
        if kind is Divergence.CONTRADICTED:
            self._contradicted.append(self._now_ns)


def paired(
    token_groups: Sequence[Sequence[str]], token_ids: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return `token_ids` by market: in a group the two of a market are adjacent."""
    home: dict[str, tuple[int, int]] = {}
    for number, group in enumerate(token_groups):
        for at, token in enumerate(group):
            home.setdefault(token, (number, at // 2))
    markets: dict[tuple[int, int], list[str]] = {}
    for token in token_ids:
        markets.setdefault(home[token], []).append(token)
    return [tuple(market) for market in markets.values()]

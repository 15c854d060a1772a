"""Keep every book fresh and judge an event as soon as one of its books moves."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from apscheduler.schedulers.asyncio import (  # type: ignore[import-untyped]
    AsyncIOScheduler,
)
from loguru import logger
from prometheus_client import Counter, Gauge, Histogram

from polyarb.chassis.broadcast import Broadcast
from polyarb.chassis.telemetry import LATENCY_BUCKETS
from polyarb.core.errors import VenueError
from polyarb.core.market import Group
from polyarb.core.opportunity import AlarmKind, DataAlarm, Opportunity
from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.venues.base import (
    FeedUpdate,
    MarketAdded,
    MarketData,
    MarketResolved,
)
from polyarb.wire.opportunity import alarm_to, opportunity_to
from polyarb.wire.scalars import timestamp
from services.scanner.books import Applied, Books
from services.scanner.detect import Detector, Effort, Ended, Found, Verdict
from services.scanner.feed import Feed
from services.scanner.listing import Listing, read
from services.scanner.relations import Catalogue

ALARMS = Counter("polyarb_scanner_alarms_total", "Data alarms by kind.", ("kind",))
OPPORTUNITIES = Counter("polyarb_scanner_opportunities_total", "Opportunities that began.")
SWEEPS = Counter("polyarb_scanner_sweeps_total", "Full sweeps.")
SWEEP_SECONDS = Histogram(
    "polyarb_scanner_sweep_seconds", "Duration of a full sweep.", buckets=LATENCY_BUCKETS
)
JUDGE_SECONDS = Histogram(
    "polyarb_scanner_judge_seconds",
    "Duration of judging one event after a change.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, *LATENCY_BUCKETS),
)
VERDICTS = Counter(
    "polyarb_scanner_verdicts_total",
    "Verdicts by what they took: the last proof held, a new proof, or the exact optimum.",
    ("effort",),
)
MARKETS = Gauge(
    "polyarb_scanner_markets", "Watched markets by whether their book is used.", ("state",)
)
STANDING = Gauge("polyarb_scanner_standing_opportunities", "Events with a positive verdict now.")
CATALOGUE_FAILURES = Counter("polyarb_scanner_catalogue_failures_total", "Listings that failed.")

_HEARTBEAT_S: Final = 1.0
_RELIST_S_MIN: Final = 2.0
_FIRST_BOOKS_S: Final = 15.0
_RETRY_S: Final = 2.0

for _kind in AlarmKind:
    ALARMS.labels(_kind.name)
for _effort in Effort:
    VERDICTS.labels(_effort.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, passed in. now_ns: wall clock. perf_ns: for durations."""

    now_ns: Callable[[], int]
    perf_ns: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How often, in seconds; age_ns_max in nanoseconds."""

    scan_s: float
    audit_s: float
    catalogue_s: float
    age_ns_max: int


class Watch:
    """The scanner's state and the tasks that keep it. One event loop owns it."""

    def __init__(
        self,
        *,
        data: MarketData,
        books: Books,
        detector: Detector,
        reviewed: Catalogue,
        clock: Clock,
        periods: Periods,
    ) -> None:
        self._data = data
        self._feed = Feed(data, books, take=self._take, spread=self._spread, now_ns=clock.now_ns)
        self._books = books
        self._detector = detector
        self._reviewed = reviewed
        self._clock = clock
        self._periods = periods
        self._gone: set[str] = set()
        self._relist = asyncio.Event()
        self._standing: dict[str, pb.WatchOpportunitiesResponse] = {}
        self._sequence = 0
        self._cycle = 0
        self._listed_ns = 0
        self.listing = Listing()
        self.broadcast: Broadcast[pb.WatchOpportunitiesResponse] = Broadcast()

    @property
    def cycle(self) -> int:
        """Return how many sweeps were made."""
        return self._cycle

    @property
    def books(self) -> Books:
        """Return the books, for reading."""
        return self._books

    def blocked(self) -> str:
        """Return why nothing can be judged, "" when something can."""
        if not self._listed_ns:
            return "events are not listed yet"
        waiting = sum(self._unheard(m.condition_id) for m, _ in self.listing.markets())
        age_s = (self._clock.now_ns() - self._listed_ns) / 1e9
        if waiting and age_s < _FIRST_BOOKS_S:
            return f"{waiting} books have not arrived yet"
        return ""

    def _unheard(self, condition_id: str) -> bool:
        tracked = self._books.tracked(condition_id)
        return tracked is not None and tracked.change_ns == 0

    async def run(self) -> None:
        """List, subscribe, compare and sweep for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._list_periodically(tasks))
            tasks.create_task(self._feed.audit_periodically(self._periods.audit_s))
            tasks.create_task(self._feed.resync_periodically())
            tasks.create_task(self._beat())
            tasks.create_task(self._sweep_periodically())

    # Catalogue

    async def _list_periodically(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            delay = self._periods.catalogue_s
            try:
                await self._list(tasks)
            except VenueError as e:
                CATALOGUE_FAILURES.inc()
                logger.warning("events could not be listed error={}", e)
                delay = _RETRY_S
            await asyncio.sleep(_RELIST_S_MIN)
            self._relist.clear()
            try:
                async with asyncio.timeout(delay):
                    await self._relist.wait()
            except TimeoutError:
                continue

    async def _list(self, tasks: asyncio.TaskGroup) -> None:
        self.listing = read(*await self._data.events(), self._reviewed)
        self._gone.clear()
        self._detector.relisted(self.listing.ids)
        for event_id in self._standing.keys() - self.listing.ids:
            self._ended(self._standing[event_id].opportunity.opportunity_id, event_id)
        for condition_id in self._books.versions().keys() - self.listing.by_market.keys():
            self._books.forget(condition_id)
        for market, group in self.listing.markets():
            self._books.watch(market, group.event_id)
        if not self._listed_ns:
            self._announce()
            self._listed_ns = self._clock.now_ns()
        of_events = [g for groups in self.listing.of_events.values() for g in groups]
        self._feed.follow(of_events, tasks)

    def _announce(self) -> None:
        logger.info(
            "watching events={} markets={} relations={} left_out={}",
            len(self.listing.of_events),
            len(self.listing.by_market),
            len(self.listing.related),
            len(self.listing.skipped),
        )
        for group in self.listing:
            logger.debug(
                "group slug={} kind={} reason={}", group.slug, group.kind.name, group.reason
            )

    # Feed

    def _take(self, update: FeedUpdate) -> None:
        match update:
            case MarketAdded(condition_id=condition_id):
                if condition_id not in self.listing.by_market:
                    self._relist.set()
            case MarketResolved(condition_id=condition_id):
                if condition_id in self.listing.by_market and condition_id not in self._gone:
                    self._gone.add(condition_id)
                    self._books.forget(condition_id)
                    for group in self.listing.by_market[condition_id]:
                        self._judge(group)
                    self._relist.set()
            case _:
                self._spread(self._books.apply(update))

    def _spread(self, applied: Applied) -> None:
        for alarm in applied.alarms:
            self._alarm(alarm)
        for group, changed in self.listing.touched(applied.changed):
            self._judge(group, changed)

    def _judge(self, group: Group, changed: Collection[str] = ()) -> Verdict:
        started = self._clock.perf_ns()
        verdict = self._detector.judge(group, self._clock.now_ns(), changed)
        JUDGE_SECONDS.observe((self._clock.perf_ns() - started) / 1e9)
        VERDICTS.labels(verdict.effort.value).inc()
        match verdict:
            case Found(opportunity):
                self._found(opportunity)
            case Ended(opportunity_id, event_id):
                self._ended(opportunity_id, event_id)
            case _:
                pass
        return verdict

    def _found(self, opportunity: Opportunity) -> None:
        if opportunity.event_id not in self._standing:
            OPPORTUNITIES.inc()
            logger.info(
                "opportunity began id={} event={} kind={} legs={} profit={} net_edge_bps={}",
                opportunity.opportunity_id,
                opportunity.slug,
                opportunity.kind.name,
                len(opportunity.legs),
                opportunity.certificate.profit / 1e6,
                opportunity.net_edge_bps,
            )
        response = pb.WatchOpportunitiesResponse(opportunity=opportunity_to(opportunity))
        self._standing[opportunity.event_id] = response
        STANDING.set(len(self._standing))
        self._send(response, opportunity.event_id)

    def _ended(self, opportunity_id: str, event_id: str) -> None:
        self._standing.pop(event_id, None)
        STANDING.set(len(self._standing))
        ended = pb.OpportunityEnded(
            opportunity_id=opportunity_id,
            event_id=event_id,
            end_time=timestamp(self._clock.now_ns()),
        )
        self._send(pb.WatchOpportunitiesResponse(ended=ended), event_id)
        logger.info("opportunity ended id={}", opportunity_id)

    def _alarm(self, alarm: DataAlarm) -> None:
        ALARMS.labels(alarm.kind.name).inc()
        logger.warning("data alarm kind={} {}", alarm.kind.name, alarm.message)
        self._send(pb.WatchOpportunitiesResponse(alarm=alarm_to(alarm)), None)

    def _send(self, response: pb.WatchOpportunitiesResponse, key: str | None) -> None:
        self._sequence += 1
        response.sequence = self._sequence
        self.broadcast.send(response, key=key)

    def standing(self) -> list[pb.WatchOpportunitiesResponse]:
        """Return the opportunities that stand now: what a new watcher is told first."""
        return list(self._standing.values())

    # Sweeps

    async def _sweep_periodically(self) -> None:
        while self.blocked():  # noqa: ASYNC110 - readiness also depends on time passing
            await asyncio.sleep(0.05)
        scheduler = AsyncIOScheduler()
        scheduler.add_job(
            self._sweep_and_tell,
            "interval",
            seconds=self._periods.scan_s,
            max_instances=1,
            coalesce=True,
        )
        scheduler.start()
        try:
            await self._sweep_and_tell()
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def _sweep_and_tell(self) -> None:
        """Judge every event again, whatever moved; risk checks its limits at the start."""
        self._cycle += 1
        started = pb.SweepStarted(cycle=self._cycle)
        self._send(pb.WatchOpportunitiesResponse(sweep_started=started), None)
        summary = self.sweep()[1]
        SWEEPS.inc()
        SWEEP_SECONDS.observe(summary.duration_us / 1e6)
        logger.info(
            "scan cycle {} events={} markets={} unusable={} opportunities={} took_us={}",
            summary.cycle,
            summary.event_count,
            summary.market_count,
            summary.unusable_market_count,
            summary.opportunity_count,
            summary.duration_us,
        )
        self._send(pb.WatchOpportunitiesResponse(sweep_finished=summary), None)

    def sweep(self, event_id: str = "") -> tuple[list[Opportunity], pb.ScanSummary]:
        """Judge every group, or one event's; returns what was found and the count."""
        started = self._clock.perf_ns()
        judged = list(self.listing.of_id(event_id) if event_id else self.listing)
        verdicts = [self._judge(group) for group in judged]
        found = [v.opportunity for v in verdicts if isinstance(v, Found)]
        markets = {m.condition_id for g in judged for m in g.markets}
        unusable = sum(1 for c in markets if self.doubt(c))
        if not event_id:
            MARKETS.labels("used").set(len(markets) - unusable)
            MARKETS.labels("unused").set(unusable)
        summary = pb.ScanSummary(
            cycle=self._cycle,
            event_count=len({g.event_id for g in judged}),
            market_count=len(markets),
            unusable_market_count=unusable,
            opportunity_count=len(found),
            alarm_count=len(self.alarms(event_id)),
            duration_us=(self._clock.perf_ns() - started) // 1000,
        )
        return found, summary

    def doubt(self, condition_id: str) -> str:
        """Return why a book is not used now, "" when it is."""
        return self._books.doubt(
            condition_id, now_ns=self._clock.now_ns(), age_ns_max=self._periods.age_ns_max
        )

    def alarms(self, event_id: str = "") -> list[DataAlarm]:
        """Return an alarm for every watched book that is not believed now."""
        now_ns = self._clock.now_ns()
        of_one = ((m, g) for g in self.listing.of_id(event_id) for m in g.markets)
        found = []
        for market, group in of_one if event_id else self.listing.markets():
            doubt = self.doubt(market.condition_id)
            if doubt:
                kind, _, text = doubt.partition(": ")
                found.append(
                    DataAlarm(
                        kind=AlarmKind[kind] if kind in AlarmKind.__members__ else AlarmKind.STALE,
                        event_id=group.event_id,
                        condition_id=market.condition_id,
                        message=f"{market.title}: {text or doubt}",
                        edge_micros=0,
                        time_ns=now_ns,
                    )
                )
        return found

    def explain(self, name: str) -> tuple[Group, Verdict] | None:
        """Return the group of an event's id or slug and its verdict, None if it is not watched."""
        groups = self.listing.named(name)
        return (groups[0], self._judge(groups[0])) if groups else None

    def current(self, group: Group) -> Group:
        """Return the group with its markets' present tick sizes."""
        tracked = (self._books.tracked(m.condition_id) for m in group.markets)
        pairs = zip(group.markets, tracked, strict=True)
        return replace(group, markets=tuple(t.market if t else m for m, t in pairs))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            beat = pb.Heartbeat(time=timestamp(self._clock.now_ns()))
            self._send(pb.WatchOpportunitiesResponse(heartbeat=beat), "heartbeat")

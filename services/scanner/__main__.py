"""Start the scanner: `python -m services.scanner`."""

import time
import uuid
from pathlib import Path
from random import SystemRandom

from polyarb.chassis import run
from polyarb.core.compiled import warm_up
from polyarb.v1.scanner_service_pb2_grpc import add_ScannerServiceServicer_to_server
from polyarb.venues.polymarket.public import PolymarketData, PublicSettings
from polyarb.venues.polymarket.stream import StreamSettings
from polyarb.venues.polymarket.urls import chosen
from services.scanner.books import Books
from services.scanner.catalogue import SHIPPED_RELATIONS
from services.scanner.config import ScannerSettings
from services.scanner.detect import Detector
from services.scanner.feed import WATCHERS
from services.scanner.relations import Catalogue, load
from services.scanner.servicer import ScannerServicer
from services.scanner.watch import Clock, Periods, Watch

_TRUST_AUDITS = 3
"""Comparisons with REST that may be missed before a quiet book is no longer believed."""


def reviewed(settings: ScannerSettings) -> Catalogue:
    """Return the reviewed relations. Raises BadInput."""
    return load(Path(settings.relations_file or SHIPPED_RELATIONS))


async def build(settings: ScannerSettings) -> run.Hosted:
    """Wire the scanner."""
    warm_up()
    data = PolymarketData(
        chosen(
            venue=settings.venue,
            simulator_host=settings.simulator_host,
            simulator_port=settings.simulator_port,
            rpc_url=settings.rpc_url,
        ),
        now_ns=time.time_ns,
        rng=SystemRandom(),
        settings=PublicSettings(
            stream=StreamSettings(
                tokens_per_link=settings.assets_per_link, links_per_shard=settings.links_per_shard
            )
        ),
        watchers=WATCHERS,
    )
    age_ns_max = int(settings.book_age_s_max * 1e9)
    books = Books(trust_ns=int(_TRUST_AUDITS * settings.audit_interval_s * 1e9))
    watch = Watch(
        data=data,
        books=books,
        detector=Detector(books, age_ns_max=age_ns_max, new_id=lambda: str(uuid.uuid4())),
        reviewed=reviewed(settings),
        clock=Clock(now_ns=time.time_ns, perf_ns=time.perf_counter_ns),
        periods=Periods(
            scan_s=settings.scan_interval_s,
            audit_s=settings.audit_interval_s,
            catalogue_s=settings.catalogue_interval_s,
            age_ns_max=age_ns_max,
        ),
    )
    return run.Hosted(
        name="scanner",
        service="polyarb.v1.ScannerService",
        register=lambda server: add_ScannerServiceServicer_to_server(
            ScannerServicer(watch), server
        ),  # type: ignore[no-untyped-call]
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        loops=[watch.run],
        blocked=watch.blocked,
        drain=data.aclose,
        grace_s=5.0,
    )


if __name__ == "__main__":
    run.main("scanner", ScannerSettings, build, check=reviewed)

"""Start risk: `python -m services.risk`."""

import os
import time
import uuid
from pathlib import Path

from polyarb import clients
from polyarb.chassis import run
from polyarb.v1.risk_service_pb2_grpc import add_RiskServiceServicer_to_server
from services.risk.authority import Authority
from services.risk.config import RiskSettings
from services.risk.decide import Decider, Terms
from services.risk.policy import limits_message, policy
from services.risk.servicer import RiskServicer


def _new_id() -> str:
    return str(uuid.uuid4())


async def build(settings: RiskSettings) -> run.Hosted:
    """Wire risk."""
    addresses = [a.strip() for a in settings.scanner_addresses.split(",") if a.strip()]
    scanners = {a: clients.ScannerClient(clients.open_channel(a)) for a in addresses}
    executor = clients.ExecutorClient(clients.open_channel(settings.executor_address))
    ledger = clients.LedgerClient(clients.open_channel(settings.ledger_address))
    terms = Terms(
        policy=policy(settings),
        entry_ns_max=int(settings.entry_s_max * 1e9),
        dry_run=settings.dry_run,
        live=settings.mode == "live",
    )
    authority = Authority(
        ledger,
        holder=f"risk-{os.getpid()}",
        limits=limits_message(terms.policy.limits),
        halt_file=Path(settings.halt_file) if settings.halt_file else None,
        new_id=_new_id,
    )
    decider = Decider(
        scanners=scanners,
        executor=executor,
        ledger=ledger,
        authority=authority,
        terms=terms,
        now_ns=time.time_ns,
        new_id=_new_id,
    )
    servicer = RiskServicer(
        decider=decider,
        authority=authority,
        ledger=ledger,
        terms=terms,
        now_ns=time.time_ns,
        new_id=_new_id,
    )
    return run.Hosted(
        name="risk",
        service="polyarb.v1.RiskService",
        register=lambda server: add_RiskServiceServicer_to_server(servicer, server),  # type: ignore[no-untyped-call]
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        loops=[decider.run],
        blocked=decider.blocked,
        drain=decider.drain,
        grace_s=5.0,
    )


if __name__ == "__main__":
    run.main("risk", RiskSettings, build)

"""The venue's balances against the books, and the books against themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from polyarb.core.money import Collateral, Size
from polyarb.v1 import ledger_service_pb2 as pb
from services.ledger.database import Connection
from services.ledger.faults import Precondition
from services.ledger.instants import instant
from services.ledger.postings import COLLATERAL, deposit_entry
from services.ledger.store_entries import post

_IMBALANCE: Final = """
    SELECT coalesce(sum(abs(off)), 0)::bigint FROM (
        SELECT sum(amount) AS off FROM postings GROUP BY asset
        UNION ALL
        SELECT coalesce(p.amount, 0) - coalesce(b.amount, 0)
        FROM (SELECT account, asset, sum(amount) AS amount FROM postings GROUP BY 1, 2) p
        FULL JOIN balances b USING (account, asset)
        UNION ALL
        SELECT coalesce(r.net, 0) - coalesce(d.realised_micros, 0)
        FROM (SELECT day, sum(net_micros) AS net FROM results GROUP BY 1) r
        FULL JOIN days d USING (day)
    ) checked"""


async def imbalance(connection: Connection) -> int:
    """Return by how many micros the journal and the sums kept of it are off, in all. Must be 0."""
    return int(await connection.fetchval(_IMBALANCE))


def differences(*, books: Mapping[str, int], venue: Mapping[str, int]) -> list[pb.Break]:
    """Return the assets on which the two differ, collateral first, then by token id."""
    assets = sorted(books.keys() | venue.keys(), key=lambda asset: (asset != COLLATERAL, asset))
    return [
        pb.Break(asset=a, ledger_micros=books.get(a, 0), venue_micros=venue.get(a, 0))
        for a in assets
        if books.get(a, 0) != venue.get(a, 0)
    ]


async def report(
    connection: Connection, request: pb.ReportVenueStateRequest, now: datetime
) -> list[pb.Break]:
    """Open the books with a deposit if they are closed; store and return the differences.

    Raises Precondition for another wallet than the one that the books were opened with.
    """
    books = await connection.fetchrow("SELECT maker, open_time FROM books FOR UPDATE")
    if books["open_time"] is None:
        await _open(connection, request, now)
    elif books["maker"] != request.maker:
        text = f"the books are those of {books['maker']}, not of {request.maker}"
        raise Precondition("OTHER_WALLET", text)
    found = differences(books=await holdings(connection), venue=_reported(request))
    await _store(connection, request, found, now)
    return found


async def holdings(connection: Connection) -> dict[str, int]:
    """Return what the wallet holds according to the books, by asset; nothing left out but zeros."""
    rows = await connection.fetch(
        "SELECT asset, amount FROM balances WHERE account = 'wallet' AND amount <> 0"
    )
    return {row["asset"]: row["amount"] for row in rows}


def _reported(request: pb.ReportVenueStateRequest) -> dict[str, int]:
    tokens = {token.token_id: token.size_micros for token in request.tokens}
    return {COLLATERAL: request.collateral_micros, **tokens}


async def _open(connection: Connection, request: pb.ReportVenueStateRequest, now: datetime) -> None:
    entry = deposit_entry(
        request.request_id,
        collateral=Collateral(request.collateral_micros),
        tokens=[(token.token_id, Size(token.size_micros)) for token in request.tokens],
    )
    await post(connection, [entry], intent_id=None, now=now)
    await connection.execute("UPDATE books SET maker = $1, open_time = $2", request.maker, now)


async def _store(
    connection: Connection,
    request: pb.ReportVenueStateRequest,
    found: list[pb.Break],
    now: datetime,
) -> None:
    report_id = await connection.fetchval(
        """INSERT INTO venue_reports (maker, collateral_micros, token_count, break_count, read_time)
        VALUES ($1, $2, $3, $4, $5) RETURNING report_id""",
        *(request.maker, request.collateral_micros, len(request.tokens), len(found)),
        instant(request.read_time.ToNanoseconds()),
    )
    await connection.executemany(
        """INSERT INTO breaks (report_id, asset, ledger_micros, venue_micros)
        VALUES ($1, $2, $3, $4)""",
        [(report_id, b.asset, b.ledger_micros, b.venue_micros) for b in found],
    )
    await connection.execute("UPDATE books SET report_time = $1, break_count = $2", now, len(found))

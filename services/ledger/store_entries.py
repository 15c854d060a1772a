"""Entries into the journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.ledger.database import Connection
from services.ledger.postings import Entry

_POST: Final = """
    WITH added AS (
        INSERT INTO entries (key, kind, intent_id, entry_time)
        SELECT key, kind, $3, $4 FROM unnest($1::text[], $2::text[]) AS e (key, kind)
        ON CONFLICT (key) DO NOTHING
        RETURNING entry_id, key
    )
    INSERT INTO postings (entry_id, line, account, asset, amount)
    SELECT added.entry_id, l.line, l.account, l.asset, l.amount
    FROM unnest($5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[])
        AS l (key, line, account, asset, amount)
    JOIN added USING (key)"""


async def post(
    connection: Connection, entries: Sequence[Entry], *, intent_id: UUID | None, now: datetime
) -> None:
    """Write entries; one whose key is there already is left as it is."""
    lines = [(e.key, i, line) for e in entries for i, line in enumerate(e.postings)]
    await connection.execute(
        _POST,
        [entry.key for entry in entries],
        [entry.kind.value for entry in entries],
        *(intent_id, now),
        [key for key, _, _ in lines],
        [i for _, i, _ in lines],
        [line.account.value for _, _, line in lines],
        [line.asset for _, _, line in lines],
        [line.amount for _, _, line in lines],
    )

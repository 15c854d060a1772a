"""Alembic's environment: versions that run plain SQL."""

from pathlib import Path
from typing import Final

from alembic import op

_SQL: Final = Path(__file__).parent / "sql"


def run(name: str) -> None:
    """Run a file of SQL on the connection that is being migrated."""
    text = (_SQL / name).read_text(encoding="utf-8")
    # Alembic's own execute reads `:name` as a parameter and takes one statement only.
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda connection: connection.execute(text))

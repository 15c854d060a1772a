"""Create the ledger: limits, intents, the journal and the functions that guard them."""

from pathlib import Path
from typing import Final

from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_SQL: Final = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Run the plain SQL; all of it or none."""
    for name in ("0001_tables.sql", "0001_triggers.sql", "0001_functions.sql"):
        text = (_SQL / name).read_text(encoding="utf-8")
        # Alembic's own execute reads `:name` as a parameter and takes one statement only.
        driver = op.get_bind().connection.dbapi_connection
        assert driver is not None
        driver.run_async(lambda connection, text=text: connection.execute(text))

"""Count the outcomes of baskets by the features that predict them."""

from typing import Final

from services.ledger.migrations import run

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Run the plain SQL; all of it or none."""
    run("0002_buckets.sql")

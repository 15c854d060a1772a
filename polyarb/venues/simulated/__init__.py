"""A venue that runs on a laptop and speaks Polymarket's wire formats."""

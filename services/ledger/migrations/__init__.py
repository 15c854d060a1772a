"""Alembic's versions; the SQL is in migrations/sql."""

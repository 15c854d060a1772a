"""The ledger: the system's memory, and the only service that touches Postgres.

Owns: limits in force, authority and halt, reservations and intents, orders, fills, chain actions,
the double-entry journal, decisions, and the statistics over all of it.

Serves: Reserve (limit check, reservation and intent in one statement), AcquireAuthority,
RecordIntent, ListUnresolved, VoidIntent, RecordExecution, RecordDecisions, ReportVenueState,
WatchPortfolio, SetHalt, GetPerformance, ListTrades, ListPositions, Explain.

Calls nothing but Postgres. The schema comes from `python -m services.ledger.migrate`, run before
the service starts and harmless when repeated.

When Postgres is down or its schema is missing: every call ends in UNAVAILABLE (repeat it with the
same request_id or intent), every portfolio stream is ended so that risk stops approving, and the
service is not ready but alive. It keeps trying, and work resumes by itself when Postgres is back.

Read in this order: migrations/sql (the schema and the functions that guard it), postings and
booking (what a fact does to the books), store, servicer.
"""

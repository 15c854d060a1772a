"""Scanner: reads every order book and finds, proves and streams opportunities.

Owns: order books, event groups, reviewed relations. Decides nothing about money.
Serves: Scan (one sweep, then ends), WatchOpportunities, GetOrderBook, ListEvents, ExplainEvent,
ProposeRelations.
Calls: the venue's public data. Nothing else; risk comes to it.

When the venue is down: books are in quarantine, nothing is found, links are retried with jitter.
When a book is doubtful (gap, crossed, off tick, stale, unlike its mirror or the venue's top): it
is left out until a fresh snapshot; what looked like money is sent as a data alarm.
When nobody watches: detection goes on and is counted.

Scanners scale out: a shard watches its share of the events.
"""

"""Executor: the wallet, and every order in flight.

Owns: the private key, orders, on-chain actions. Decides only how a basket is finished once it is
approved, inside the envelope that was reserved with it; `plan` decides, `engine` performs.
Serves: Execute, GetExecution, WatchExecutions, CancelAll, GetWallet.
Calls: the venue's private API, the chain through the relayer, ledger.

When the venue is down: orders under way are UNKNOWN until evidence comes; nothing new is taken.
When the venue forgot our credentials: they are asked for again; refused ones too soon halt it.
When the ledger is down: baskets under way go on, what happened is kept and booked when it is back;
remedies and on-chain actions wait, because they must be durable before they are sent. When this
process dies: the next start reads unresolved intents from the ledger, then asks the venue by id.
"""

"""A venue that runs on a laptop and speaks Polymarket's wire formats.

Faults are a plan (`faults.py`), armed while the venue runs by PUT or POST /sim/faults, shown with
their counts by GET, disarmed by DELETE (`faults_api.py`). What there is, and what a client makes
of an order that meets it:

    restarting         425, not even cancels                         NotSent, halted 120 s
    post_only          503 post-only mode, spares post-only orders   NotSent, halted as it says
    cancel_only        503, cancels are taken                        NotSent
    disabled           503, not even cancels                         NotSent
    rate_limit         429 with or without Retry-After               NotSent
    server_error       500, 502, 503, 504 without a text             Unknown
    refuse_request     a documented 400, 401 or 404 of a request     401: Rejected and stop
    refuse_order       a documented refusal of one order             as its text says
    lose_request       no answer, not handled                        Unknown, then absent
    lose_answer        no answer, handled                            Unknown, then found
    cut_answer         half an answer, handled                       Unknown, then found
    delay_request      handled late, perhaps after we gave up        Accepted or Unknown
    delay_answer       handled at once, answered late                Accepted or Unknown
    delayed            `delayed`, matched or killed later            Accepted, not final
    repost             a killed order may be posted again            a new attempt to trade
    settlement_retry   MATCHED, RETRYING, MINED, CONFIRMED
    settlement_fail    MATCHED, RETRYING, FAILED: undone
    settlement_late    mined later
    action_fail        a relayed batch reverts
    action_late        a relayed batch is final later
    drop_frames        lost; all of them: a frozen feed that answers PINGs
    duplicate_frames   sent twice
    reorder_frames     sent after the next one
    delay_frames       sent later: with event book a snapshot that is older than its changes
    corrupt_frames     cut, no JSON, wrong types, or a crossed book
    dead_link          nothing at all, not even PONG, and no goodbye
    cut_links          every connection of a channel ends
    tick_size          a market's tick size changes
    alter_listing      outcomes left out, arrays for strings, another protocol, wrong token ids
    stale_books        REST books as they were
    stale_balances     balances as they were, until their cache is refreshed
    clock_skew         the venue's clock is off, for /time and for signatures

Requests other than orders are hit by naming their endpoint: a heartbeat without an answer is
lose_answer at /v1/heartbeats, a slow relayer delay_answer at /relayer/submit.
"""

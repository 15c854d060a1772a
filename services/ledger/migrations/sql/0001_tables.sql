-- What limits depend on. One row each; `one` makes a second row impossible.

CREATE TABLE authority (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    holder text NOT NULL DEFAULT '',
    acquire_time timestamptz
);
INSERT INTO authority DEFAULT VALUES;

CREATE TABLE halt (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    halted boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    change_time timestamptz,
    CHECK (halted = (reason <> ''))
);
INSERT INTO halt DEFAULT VALUES;

CREATE TABLE books (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    maker text NOT NULL DEFAULT '',
    open_time timestamptz,
    report_time timestamptz,
    break_count integer NOT NULL DEFAULT 0 CHECK (break_count >= 0)
);
INSERT INTO books DEFAULT VALUES;

-- bankroll: full amounts of open reservations. capital: the part of them that is not yet spent,
-- limited by the wallet's collateral. daily_loss: worst losses held; the realised loss of the day is
-- added to it. exploration: `used` counts for `day` alone. A NULL cap is no cap.
CREATE TABLE limits (
    name text PRIMARY KEY
        CHECK (name IN ('bankroll', 'capital', 'daily_loss', 'exploration', 'open_positions')),
    cap bigint CHECK (cap >= 0),
    used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    day date
);
INSERT INTO limits (name, cap) VALUES
    ('bankroll', NULL), ('capital', NULL), ('daily_loss', 0), ('exploration', NULL),
    ('open_positions', 0);

-- The first answer to every intent, refusals too. code is NULL where capital was reserved.
CREATE TABLE answers (
    intent_id uuid PRIMARY KEY,
    digest bytea NOT NULL,
    code text,
    message text NOT NULL DEFAULT '',
    epoch bigint NOT NULL,
    answer_time timestamptz NOT NULL
);

-- net_micros, fees_micros, worst_value_micros and filled follow from the journal; they are kept here
-- so that a portfolio is read without adding up history.
CREATE TABLE intents (
    intent_id uuid PRIMARY KEY REFERENCES answers,
    event_id text NOT NULL CHECK (event_id <> ''),
    opportunity_id text NOT NULL CHECK (opportunity_id <> ''),
    title text NOT NULL,
    bucket text NOT NULL CHECK (bucket IN ('yes_set', 'no_set')),
    epoch bigint NOT NULL CHECK (epoch > 0),
    live boolean NOT NULL,
    exploration boolean NOT NULL,
    reserved_micros bigint NOT NULL CHECK (reserved_micros > 0),
    worst_loss_micros bigint NOT NULL CHECK (worst_loss_micros >= 0),
    expected_micros bigint NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'RESERVED'
        CHECK (state IN ('RESERVED', 'WORKING', 'REMEDY', 'SETTLING', 'CONVERTING', 'HOLDING',
                         'VOID', 'COMPLETE', 'HEDGED', 'UNWOUND', 'RESIDUAL')),
    reason text NOT NULL DEFAULT '',
    net_micros bigint NOT NULL DEFAULT 0,
    fees_micros bigint NOT NULL DEFAULT 0,
    worst_value_micros bigint NOT NULL DEFAULT 0 CHECK (worst_value_micros >= 0),
    filled boolean NOT NULL DEFAULT false,
    reserve_time timestamptz NOT NULL,
    end_time timestamptz,
    CHECK ((end_time IS NOT NULL)
           = (state IN ('VOID', 'COMPLETE', 'HEDGED', 'UNWOUND', 'RESIDUAL')))
);
CREATE UNIQUE INDEX intents_one_open_per_event ON intents (event_id) WHERE end_time IS NULL;
CREATE INDEX intents_open ON intents (reserve_time) WHERE end_time IS NULL;
CREATE INDEX intents_opportunity ON intents (opportunity_id);
CREATE INDEX intents_traded ON intents (reserve_time DESC, intent_id DESC) WHERE filled;
CREATE INDEX intents_outcome ON intents (bucket, state) WHERE filled AND end_time IS NOT NULL;
CREATE INDEX intents_ended ON intents (end_time) WHERE filled;

-- reserved = what was asked for; held = what is still kept of it for orders to come.
CREATE TABLE reservations (
    intent_id uuid PRIMARY KEY REFERENCES intents,
    reserved_micros bigint NOT NULL CHECK (reserved_micros > 0),
    worst_loss_micros bigint NOT NULL CHECK (worst_loss_micros >= 0),
    held_micros bigint NOT NULL CHECK (held_micros BETWEEN 0 AND reserved_micros),
    release_time timestamptz,
    CHECK (release_time IS NULL OR held_micros = 0)
);

CREATE TABLE orders (
    order_id text PRIMARY KEY,
    intent_id uuid NOT NULL REFERENCES intents,
    leg smallint NOT NULL CHECK (leg BETWEEN 0 AND 14),
    attempt smallint NOT NULL CHECK (attempt BETWEEN 0 AND 3),
    token_id text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'INTENT'
        CHECK (state IN ('INTENT', 'SENT', 'LIVE', 'DELAYED', 'MATCHED', 'REJECTED', 'UNKNOWN',
                         'CANCEL_SENT', 'CANCELED', 'ABSENT')),
    reason text NOT NULL DEFAULT '',
    UNIQUE (intent_id, leg, attempt)
);

-- The journal. Rows are added, never changed (see the triggers).

CREATE TABLE fills (
    trade_id text NOT NULL CHECK (trade_id <> ''),
    order_id text NOT NULL REFERENCES orders,
    bucket bigint NOT NULL CHECK (bucket >= 0),
    intent_id uuid NOT NULL REFERENCES intents,
    token_id text NOT NULL,
    condition_id text NOT NULL,
    side text NOT NULL CHECK (side IN ('BUY', 'SELL')),
    size_micros bigint NOT NULL CHECK (size_micros > 0),
    price_micros bigint NOT NULL CHECK (price_micros > 0 AND price_micros < 1000000),
    fee_micros bigint NOT NULL CHECK (fee_micros >= 0),
    taker boolean NOT NULL,
    state text NOT NULL
        CHECK (state IN ('MATCHED', 'MINED', 'CONFIRMED', 'RETRYING', 'FAILED')),
    match_time timestamptz NOT NULL,
    PRIMARY KEY (trade_id, order_id, bucket)
);
CREATE INDEX fills_intent ON fills (intent_id);

CREATE TABLE chain_actions (
    action_id text PRIMARY KEY CHECK (action_id <> ''),
    intent_id uuid NOT NULL REFERENCES intents,
    kind text NOT NULL CHECK (kind IN ('SPLIT', 'MERGE', 'CONVERT', 'REDEEM')),
    state text NOT NULL CHECK (state IN ('PENDING', 'CONFIRMED', 'FAILED')),
    body bytea NOT NULL
);
CREATE INDEX chain_actions_intent ON chain_actions (intent_id);

-- key says what an entry books, so that the same fact cannot be booked twice.
CREATE TABLE entries (
    entry_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('fill', 'fill_reversed', 'action', 'deposit')),
    intent_id uuid REFERENCES intents,
    entry_time timestamptz NOT NULL
);
CREATE INDEX entries_intent ON entries (intent_id);
CREATE INDEX entries_deposit ON entries (entry_time) WHERE kind = 'deposit';

CREATE TABLE postings (
    entry_id bigint NOT NULL REFERENCES entries,
    line smallint NOT NULL CHECK (line >= 0),
    account text NOT NULL CHECK (account IN ('wallet', 'exchange', 'chain', 'fees', 'owner')),
    asset text NOT NULL CHECK (asset <> ''),
    amount bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (entry_id, line)
);

-- What baskets netted, on the day it was final; a later windfall is a row of its own.
CREATE TABLE results (
    result_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    intent_id uuid NOT NULL REFERENCES intents,
    net_micros bigint NOT NULL,
    day date NOT NULL,
    result_time timestamptz NOT NULL
);
CREATE INDEX results_intent ON results (intent_id);
CREATE INDEX results_time ON results (result_time);

CREATE TABLE decisions (
    decision_id uuid PRIMARY KEY,
    opportunity_id text NOT NULL,
    event_id text NOT NULL,
    intent_id uuid,
    verdict text NOT NULL,
    decision_time timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX decisions_opportunity ON decisions (opportunity_id, decision_time);
CREATE INDEX decisions_intent ON decisions (intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX decisions_time ON decisions (decision_time);

CREATE TABLE venue_reports (
    report_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    maker text NOT NULL,
    collateral_micros bigint NOT NULL,
    token_count integer NOT NULL,
    break_count integer NOT NULL,
    read_time timestamptz NOT NULL
);

CREATE TABLE breaks (
    report_id bigint NOT NULL REFERENCES venue_reports,
    asset text NOT NULL,
    ledger_micros bigint NOT NULL,
    venue_micros bigint NOT NULL,
    PRIMARY KEY (report_id, asset)
);

-- Sums of the journal, kept by triggers and functions only.

CREATE TABLE balances (
    account text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account, asset)
);

CREATE TABLE days (
    day date PRIMARY KEY,
    realised_micros bigint NOT NULL
);

-- First answers of calls that change something.
CREATE TABLE requests (
    request_id uuid PRIMARY KEY,
    method text NOT NULL,
    digest bytea NOT NULL,
    response bytea,
    request_time timestamptz NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'PA001';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON venue_reports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON breaks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON fills
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON intents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Of a fill only the settlement state moves, and never out of a final one.
CREATE FUNCTION guard_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'state') <> (to_jsonb(OLD) - 'state')
       OR OLD.state IN ('CONFIRMED', 'FAILED') THEN
        RAISE EXCEPTION 'fill % of order % cannot change', OLD.trade_id, OLD.order_id
            USING ERRCODE = 'PA001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_fill BEFORE UPDATE ON fills FOR EACH ROW EXECUTE FUNCTION guard_fill();

-- Of an order only state and reason move. UNKNOWN ends by evidence, never by a rejection.
CREATE FUNCTION guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'state' - 'reason') <> (to_jsonb(OLD) - 'state' - 'reason')
       OR OLD.state IN ('MATCHED', 'REJECTED', 'CANCELED', 'ABSENT')
       OR (OLD.state = 'UNKNOWN' AND NEW.state = 'REJECTED') THEN
        RAISE EXCEPTION 'order % cannot go from % to %', OLD.order_id, OLD.state, NEW.state
            USING ERRCODE = 'PA001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_order BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION guard_order();

-- A final basket stays in its state.
CREATE FUNCTION guard_intent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.end_time IS NOT NULL AND (NEW.state <> OLD.state OR NEW.end_time <> OLD.end_time))
       OR NEW.body <> OLD.body OR NEW.reserved_micros <> OLD.reserved_micros THEN
        RAISE EXCEPTION 'basket % cannot go from % to %', OLD.intent_id, OLD.state, NEW.state
            USING ERRCODE = 'PA001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_intent BEFORE UPDATE ON intents FOR EACH ROW EXECUTE FUNCTION guard_intent();

-- Money and tokens are neither made nor lost: every entry adds up to nothing, asset by asset.
CREATE FUNCTION check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM postings WHERE entry_id = NEW.entry_id
               GROUP BY asset HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'PA002';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON postings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_balanced();

-- Sorted, so that two baskets never wait for each other's balances.
CREATE FUNCTION add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO balances AS b (account, asset, amount)
    SELECT account, asset, sum(amount) FROM added GROUP BY account, asset ORDER BY account, asset
    ON CONFLICT (account, asset) DO UPDATE SET amount = b.amount + EXCLUDED.amount;
    RETURN NULL;
END $$;
CREATE TRIGGER add_to_balances AFTER INSERT ON postings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_to_balances();

CREATE FUNCTION add_to_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO days AS d (day, realised_micros) VALUES (NEW.day, NEW.net_micros)
    ON CONFLICT (day) DO UPDATE SET realised_micros = d.realised_micros + EXCLUDED.realised_micros;
    RETURN NULL;
END $$;
CREATE TRIGGER add_to_days AFTER INSERT ON results FOR EACH ROW EXECUTE FUNCTION add_to_days();

-- An operator may halt with a row of SQL; whoever listens pushes it on at once.
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('polyarb_portfolio', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER UPDATE ON halt FOR EACH STATEMENT EXECUTE FUNCTION announce();
CREATE TRIGGER announce AFTER UPDATE ON authority FOR EACH STATEMENT EXECUTE FUNCTION announce();

-- Limits, authority, reservations and halt change through these functions and nowhere else.
-- Whoever writes limits locks all of their rows first, in key order: reserves, releases, halts and
-- changes of authority follow one another, so nothing decided before one of them commits after it.

CREATE FUNCTION lock_limits() RETURNS void LANGUAGE sql AS $$
    SELECT 1 FROM limits ORDER BY name FOR UPDATE;
$$;

CREATE FUNCTION utc_day(p_now timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_now AT TIME ZONE 'UTC')::date;
$$;

CREATE FUNCTION amount_text(p_micros numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(p_micros / 1000000)::text;
$$;

CREATE FUNCTION is_final(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_state IN ('VOID', 'COMPLETE', 'HEDGED', 'UNWOUND', 'RESIDUAL');
$$;

CREATE FUNCTION wallet_collateral() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT amount FROM balances
                     WHERE account = 'wallet' AND asset = 'collateral'), 0);
$$;

CREATE FUNCTION realised_on(p_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT realised_micros FROM days WHERE day = p_day), 0);
$$;

CREATE FUNCTION add_orders(
    p_intent_id uuid, p_order_ids text[], p_legs bigint[], p_attempts bigint[], p_tokens text[],
    p_bodies bytea[]
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO orders (order_id, intent_id, leg, attempt, token_id, body)
    SELECT o.order_id, p_intent_id, o.leg, o.attempt, o.token_id, o.body
    FROM unnest(p_order_ids, p_legs, p_attempts, p_tokens, p_bodies)
        AS o (order_id, leg, attempt, token_id, body);
$$;

-- Why a basket may not be opened now; code is NULL when it may. Needs the locks of lock_limits.
CREATE FUNCTION refusal(
    p_epoch bigint, p_event_id text, p_exploration boolean, p_reserved bigint, p_worst_loss bigint,
    p_day date, OUT code text, OUT message text
) LANGUAGE plpgsql AS $$
DECLARE
    v_epoch bigint;
    v_holder text;
    v_reason text;
    v_opened boolean;
    v_loss bigint := greatest(0, -realised_on(p_day));
    v_collateral bigint := wallet_collateral();
    bankroll limits;
    capital limits;
    daily_loss limits;
    exploration limits;
    positions limits;
BEGIN
    SELECT a.epoch, a.holder INTO STRICT v_epoch, v_holder FROM authority a;
    SELECT h.reason INTO STRICT v_reason FROM halt h;
    SELECT b.open_time IS NOT NULL INTO STRICT v_opened FROM books b;
    SELECT * INTO STRICT bankroll FROM limits WHERE name = 'bankroll';
    SELECT * INTO STRICT capital FROM limits WHERE name = 'capital';
    SELECT * INTO STRICT daily_loss FROM limits WHERE name = 'daily_loss';
    SELECT * INTO STRICT exploration FROM limits WHERE name = 'exploration';
    SELECT * INTO STRICT positions FROM limits WHERE name = 'open_positions';
    IF exploration.day IS NULL OR exploration.day < p_day THEN
        exploration.used := 0;
    END IF;
    IF p_epoch <> v_epoch THEN
        code := 'AUTHORITY_LOST';
        message := format('Authority lost: epoch %s is not %s (held by %s)',
                          p_epoch, v_epoch, v_holder);
    ELSIF v_reason <> '' THEN
        code := 'HALTED';
        message := 'Trading is halted: ' || v_reason;
    ELSIF EXISTS (SELECT 1 FROM intents WHERE event_id = p_event_id AND end_time IS NULL) THEN
        code := 'ALREADY_OPEN';
        message := format('A basket on event %s is still open', p_event_id);
    ELSIF v_loss + daily_loss.used + p_worst_loss > daily_loss.cap THEN
        code := 'DAILY_LOSS_LIMIT';
        message := format('Daily loss limit exceeded - trading paused: '
                          'lost today %s + held %s + this %s > %s', amount_text(v_loss),
                          amount_text(daily_loss.used), amount_text(p_worst_loss),
                          amount_text(daily_loss.cap));
    ELSIF positions.used + 1 > positions.cap THEN
        code := 'OPEN_POSITIONS_LIMIT';
        message := format('Max open positions reached: %s open of at most %s', positions.used,
                          positions.cap);
    ELSIF p_exploration AND exploration.used + p_worst_loss > exploration.cap THEN
        code := 'EXPLORATION_LIMIT';
        message := format('Exploration budget spent: today %s + this %s > %s',
                          amount_text(exploration.used), amount_text(p_worst_loss),
                          amount_text(exploration.cap));
    ELSIF NOT v_opened THEN
        code := 'CAPITAL_LIMIT';
        message := 'No capital: the wallet''s balances have not been reported yet';
    ELSIF capital.used + p_reserved > v_collateral THEN
        code := 'CAPITAL_LIMIT';
        message := format('Not enough capital: reserved %s + this %s > collateral %s',
                          amount_text(capital.used), amount_text(p_reserved),
                          amount_text(v_collateral));
    ELSIF bankroll.used + p_reserved > bankroll.cap THEN
        code := 'CAPITAL_LIMIT';
        message := format('Bankroll reached: reserved %s + this %s > %s',
                          amount_text(bankroll.used), amount_text(p_reserved),
                          amount_text(bankroll.cap));
    END IF;
END $$;

-- The guarded reserve: checks epoch, halt and every limit; holds all of them or none; stores the
-- intent, its orders and the answer. A repeat returns the first answer.
CREATE FUNCTION reserve(
    p_intent_id uuid, p_digest bytea, p_epoch bigint, p_event_id text, p_opportunity_id text,
    p_title text, p_bucket text, p_live boolean, p_exploration boolean, p_reserved bigint,
    p_worst_loss bigint, p_expected bigint, p_body bytea, p_order_ids text[], p_legs bigint[],
    p_attempts bigint[], p_tokens text[], p_bodies bytea[], p_now timestamptz
) RETURNS answers LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_answer answers;
    v_day date := utc_day(p_now);
    v_rows integer;
BEGIN
    PERFORM lock_limits();
    SELECT * INTO v_answer FROM answers WHERE intent_id = p_intent_id;
    IF FOUND THEN
        RETURN v_answer;
    END IF;
    v_answer := ROW(p_intent_id, p_digest, NULL, '', p_epoch, p_now)::answers;
    SELECT r.code, coalesce(r.message, '') INTO v_answer.code, v_answer.message
    FROM refusal(p_epoch, p_event_id, p_exploration, p_reserved, p_worst_loss, v_day) r;
    INSERT INTO answers SELECT v_answer.*;
    IF v_answer.code IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    UPDATE limits SET
        used = CASE name
            WHEN 'bankroll' THEN used + p_reserved
            WHEN 'capital' THEN used + p_reserved
            WHEN 'daily_loss' THEN used + p_worst_loss
            WHEN 'open_positions' THEN used + 1
            WHEN 'exploration' THEN
                CASE WHEN day < v_day THEN 0 ELSE used END
                + CASE WHEN p_exploration THEN p_worst_loss ELSE 0 END
        END,
        day = CASE WHEN name = 'exploration' THEN greatest(day, v_day) END
    WHERE (name = 'bankroll' AND (cap IS NULL OR used + p_reserved <= cap))
       OR (name = 'capital' AND used + p_reserved <= wallet_collateral())
       OR (name = 'daily_loss'
           AND used + p_worst_loss + greatest(0, -realised_on(v_day)) <= cap)
       OR (name = 'open_positions' AND used + 1 <= cap)
       OR (name = 'exploration'
           AND (NOT p_exploration OR cap IS NULL
                OR CASE WHEN day < v_day THEN 0 ELSE used END + p_worst_loss <= cap));
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> 5 THEN
        RAISE EXCEPTION 'reserve held % of 5 limits', v_rows USING ERRCODE = 'PA003';
    END IF;
    INSERT INTO intents (intent_id, event_id, opportunity_id, title, bucket, epoch, live,
                         exploration, reserved_micros, worst_loss_micros, expected_micros, body,
                         reserve_time)
    VALUES (p_intent_id, p_event_id, p_opportunity_id, p_title, p_bucket, p_epoch, p_live,
            p_exploration, p_reserved, p_worst_loss, p_expected, p_body, p_now);
    INSERT INTO reservations (intent_id, reserved_micros, worst_loss_micros, held_micros)
    VALUES (p_intent_id, p_reserved, p_worst_loss, p_reserved);
    PERFORM add_orders(p_intent_id, p_order_ids, p_legs, p_attempts, p_tokens, p_bodies);
    RETURN v_answer;
END $$;

-- Brings a basket's row, its reservation, the limits and the day's result up to what the journal
-- says. A final state releases the reservation once; what comes later is a windfall of its own day.
CREATE FUNCTION settle_basket(
    p_intent_id uuid, p_state text, p_reason text, p_net bigint, p_fees bigint, p_spent bigint,
    p_worst_value bigint, p_filled boolean, p_now timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_reservation reservations;
    v_state text;
    v_final boolean;
    v_held bigint;
    v_gain bigint;
BEGIN
    SELECT CASE WHEN end_time IS NULL THEN p_state ELSE state END INTO STRICT v_state
    FROM intents WHERE intent_id = p_intent_id FOR UPDATE;
    v_final := is_final(v_state);
    SELECT * INTO STRICT v_reservation FROM reservations WHERE intent_id = p_intent_id FOR UPDATE;
    IF v_final AND v_reservation.release_time IS NULL AND EXISTS (
        SELECT 1 FROM orders WHERE intent_id = p_intent_id
        AND state IN ('SENT', 'LIVE', 'DELAYED', 'UNKNOWN', 'CANCEL_SENT')) THEN
        RAISE EXCEPTION 'basket % cannot end: an order may still fill', p_intent_id
            USING ERRCODE = 'PA004';
    END IF;
    v_held := CASE WHEN v_final THEN 0
                   ELSE greatest(0, v_reservation.reserved_micros - greatest(0, p_spent)) END;
    IF v_final OR v_held <> v_reservation.held_micros THEN
        PERFORM lock_limits();
    END IF;
    UPDATE intents SET
        state = v_state, reason = p_reason, net_micros = p_net, fees_micros = p_fees,
        worst_value_micros = CASE WHEN v_final THEN 0 ELSE p_worst_value END, filled = p_filled,
        end_time = CASE WHEN v_final THEN coalesce(end_time, p_now) END
    WHERE intent_id = p_intent_id;
    IF v_held <> v_reservation.held_micros THEN
        UPDATE limits SET used = used + v_held - v_reservation.held_micros WHERE name = 'capital';
        UPDATE reservations SET held_micros = v_held WHERE intent_id = p_intent_id;
    END IF;
    IF NOT v_final THEN
        RETURN;
    END IF;
    IF v_reservation.release_time IS NULL THEN
        UPDATE limits SET used = used - CASE name
            WHEN 'bankroll' THEN v_reservation.reserved_micros
            WHEN 'daily_loss' THEN v_reservation.worst_loss_micros
            ELSE 1 END
        WHERE name IN ('bankroll', 'daily_loss', 'open_positions');
        UPDATE reservations SET release_time = p_now WHERE intent_id = p_intent_id;
    END IF;
    SELECT p_net - coalesce(sum(net_micros), 0) INTO v_gain
    FROM results WHERE intent_id = p_intent_id;
    IF v_gain <> 0 THEN
        INSERT INTO results (intent_id, net_micros, day, result_time)
        VALUES (p_intent_id, v_gain, utc_day(p_now), p_now);
    END IF;
END $$;

-- Releases a basket of which nothing was sent.
CREATE FUNCTION void_intent(p_intent_id uuid, p_reason text, p_now timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_state text;
BEGIN
    SELECT state INTO STRICT v_state FROM intents WHERE intent_id = p_intent_id FOR UPDATE;
    IF v_state = 'VOID' THEN
        RETURN;
    END IF;
    IF v_state <> 'RESERVED' OR EXISTS (
        SELECT 1 FROM orders WHERE intent_id = p_intent_id
        AND state NOT IN ('INTENT', 'CANCELED')) THEN
        RAISE EXCEPTION 'basket % is %: an order was sent', p_intent_id, v_state
            USING ERRCODE = 'PA004';
    END IF;
    UPDATE orders SET state = 'CANCELED', reason = p_reason
    WHERE intent_id = p_intent_id AND state = 'INTENT';
    PERFORM settle_basket(p_intent_id, 'VOID', p_reason, 0, 0, 0, 0, false, p_now);
END $$;

CREATE FUNCTION acquire_authority(
    p_holder text, p_daily_loss bigint, p_open_positions bigint, p_bankroll bigint,
    p_exploration bigint, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_epoch bigint;
BEGIN
    PERFORM lock_limits();
    UPDATE limits SET cap = CASE name
        WHEN 'bankroll' THEN p_bankroll
        WHEN 'daily_loss' THEN p_daily_loss
        WHEN 'exploration' THEN p_exploration
        WHEN 'open_positions' THEN p_open_positions
    END;
    UPDATE authority SET epoch = epoch + 1, holder = p_holder, acquire_time = p_now
    RETURNING epoch INTO STRICT v_epoch;
    RETURN v_epoch;
END $$;

-- A new halt replaces the reason of an older one, so that nobody lifts what he has not read.
CREATE FUNCTION set_halt(p_halted boolean, p_reason text, p_now timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_halt halt;
BEGIN
    PERFORM lock_limits();
    SELECT * INTO STRICT v_halt FROM halt FOR UPDATE;
    IF NOT p_halted AND v_halt.halted AND v_halt.reason <> p_reason THEN
        RAISE EXCEPTION 'to resume, repeat the reason of the halt word for word: %', v_halt.reason
            USING ERRCODE = 'PA005';
    END IF;
    UPDATE halt SET halted = p_halted, change_time = p_now,
        reason = CASE WHEN p_halted THEN p_reason ELSE '' END;
END $$;

-- What limits depend on, in one consistent read.
CREATE FUNCTION portfolio(p_now timestamptz)
RETURNS TABLE (
    epoch bigint, halted boolean, halt_reason text, collateral bigint, reserved bigint,
    open_positions bigint, open_cost bigint, open_worst_value bigint, realised_today bigint,
    worst_loss_held bigint, exploration_today bigint, opened boolean, break_count bigint,
    open_event_ids text[], buckets text[], ended bigint[], complete bigint[]
) LANGUAGE sql STABLE AS $$
    WITH l AS (
        SELECT
            max(used) FILTER (WHERE name = 'capital') AS reserved,
            max(used) FILTER (WHERE name = 'daily_loss') AS worst_loss,
            max(used) FILTER (WHERE name = 'exploration' AND day >= utc_day(p_now)) AS exploration
        FROM limits
    ), open AS (
        SELECT count(*) AS n, coalesce(sum(greatest(0, -net_micros)), 0)::bigint AS cost,
            coalesce(sum(worst_value_micros), 0)::bigint AS worst_value,
            coalesce(array_agg(event_id ORDER BY event_id), '{}') AS event_ids
        FROM intents WHERE end_time IS NULL
    ), counted AS (
        SELECT bucket, count(*) AS ended, count(*) FILTER (WHERE state = 'COMPLETE') AS complete
        FROM intents WHERE filled AND end_time IS NOT NULL GROUP BY bucket
    ), outcome AS (
        SELECT coalesce(array_agg(bucket ORDER BY bucket), '{}') AS buckets,
            coalesce(array_agg(ended ORDER BY bucket), '{}') AS ended,
            coalesce(array_agg(complete ORDER BY bucket), '{}') AS complete
        FROM counted
    )
    SELECT authority.epoch, halt.halted, halt.reason, wallet_collateral(), l.reserved, open.n,
        open.cost, open.worst_value, realised_on(utc_day(p_now)), l.worst_loss,
        coalesce(l.exploration, 0), books.open_time IS NOT NULL, books.break_count::bigint,
        open.event_ids, outcome.buckets, outcome.ended, outcome.complete
    FROM authority, halt, books, l, open, outcome;
$$;

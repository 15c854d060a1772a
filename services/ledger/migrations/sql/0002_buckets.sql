-- Outcomes are counted by the features that predict them. A basket of before has its kind of set
-- alone: its features were not recorded, and are not made up.
ALTER TABLE intents DROP CONSTRAINT intents_bucket_check;
ALTER TABLE intents ADD CONSTRAINT intents_bucket_check CHECK (
    bucket IN ('yes_set', 'no_set')
    OR bucket ~ '^(no_set|yes_set|mixed)/(fresh|aged)/(new|standing)/(easy|fair|hard)$'
);

-- What an outcome is counted under is said before it is known.
CREATE FUNCTION guard_bucket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'basket % cannot go from bucket % to %', OLD.intent_id, OLD.bucket, NEW.bucket
        USING ERRCODE = 'PA001';
END $$;
CREATE TRIGGER guard_bucket BEFORE UPDATE OF bucket ON intents
    FOR EACH ROW WHEN (NEW.bucket <> OLD.bucket) EXECUTE FUNCTION guard_bucket();

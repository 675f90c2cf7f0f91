-- What the public side may do, and nothing else: run it as campanile_store, in its database, once the tables are
-- there (`campanile status` makes them) and after every `campanile upgrade`. Repeating it changes nothing.
--   psql -v ON_ERROR_STOP=1 -f grants.sql "host=... dbname=campanile_store user=campanile_store"
\set ON_ERROR_STOP on
BEGIN;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM campanile_tracking;
GRANT USAGE ON SCHEMA public TO campanile_tracking;
-- which store this is, and of which revision
GRANT SELECT ON project, alembic_version_control, alembic_version_ledger, alembic_version_events TO campanile_tracking;
-- links of a delivery, and whose message a token names: no address, no attribute
GRANT SELECT ON delivery, delivery_content TO campanile_tracking;
GRANT SELECT (delivery_id, ordinal, address_hash, variant, language) ON message TO campanile_tracking;
-- opt-outs: the consent, and the count of changes that stops a message already claimed
GRANT SELECT, INSERT, UPDATE ON consent TO campanile_tracking;
GRANT SELECT, INSERT ON sending_control TO campanile_tracking;
GRANT UPDATE (generation) ON sending_control TO campanile_tracking;
-- events come in; none is changed or deleted
GRANT SELECT (id), INSERT ON raw_event TO campanile_tracking;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO campanile_tracking;
COMMIT;

-- Databases and roles, once, as a superuser:
--   psql -v ON_ERROR_STOP=1 -v store_password=... -v tracking_password=... -v dagster_password=... -f roles.sql
-- The store and Dagster's own state are two databases; nobody reaches the other's.
\set ON_ERROR_STOP on
CREATE ROLE campanile_store LOGIN PASSWORD :'store_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE campanile_tracking LOGIN PASSWORD :'tracking_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE campanile_dagster LOGIN PASSWORD :'dagster_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE campanile_store OWNER campanile_store ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE campanile_dagster OWNER campanile_dagster ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE campanile_store FROM PUBLIC;
REVOKE ALL ON DATABASE campanile_dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE campanile_store TO campanile_tracking;
-- A transaction that was forgotten must not hold what the clock waits for.
ALTER ROLE campanile_store SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE campanile_tracking SET idle_in_transaction_session_timeout = '1min';
ALTER ROLE campanile_tracking SET statement_timeout = '30s';

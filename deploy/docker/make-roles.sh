#!/bin/sh
# Run once by the PostgreSQL image, when its volume is empty.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -f /roles.sql \
  -v "store_password=$STORE_PASSWORD" \
  -v "tracking_password=$TRACKING_PASSWORD" \
  -v "dagster_password=$DAGSTER_PASSWORD"

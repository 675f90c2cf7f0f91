"""Alembic runs this file to migrate one area within the transaction of its caller."""

from alembic import context

from campanile.store.migration import environment_options

attributes = context.config.attributes
context.configure(**environment_options(attributes["area"], attributes["connection"]))
with context.begin_transaction():
    context.run_migrations()

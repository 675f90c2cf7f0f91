"""The code location: all that Dagster loads meets here."""

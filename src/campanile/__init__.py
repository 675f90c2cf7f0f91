"""Campanile: orchestrated marketing campaigns on Dagster."""

__version__ = "0.1.0"

"""Parameters as they are written on a command line."""

from collections.abc import Iterable

import click


def read_parameters(written: Iterable[str], option: str = "--param") -> dict[str, str]:
    """`name=value` pairs of an option as a map; a wrong form is wrong usage."""
    found = {}
    for text in written:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.UsageError(f"{option} {text!r}: write it as name=value.")
        found[name.strip()] = value
    return found

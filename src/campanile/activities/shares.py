"""Shares of a hash: whom a percentage draws, the same people at each execution."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from sqlglot import exp

from campanile.relations.functions.digests import below_share
from campanile.relations.sql import negation
from campanile.relations.values import Compiled


@dataclass(frozen=True)
class Share:
    """The rows whose hash lies from `start` up to `end`, both between 0 and 1."""

    start: Fraction
    end: Fraction

    def holds(self, bucket: Compiled) -> exp.Expr:
        """The condition that an eight-digit hash is in the share."""
        above = negation(below_share(bucket.tree.copy(), float(self.start * 100)))
        return exp.and_(above, below_share(bucket.tree.copy(), float(self.end * 100)))


EVERYBODY = Share(Fraction(0), Fraction(1))


def adjacent_shares(percentages: Iterable[tuple[Fraction, bool]]) -> list[Share | None]:
    """Lay the percentages of a split side by side; None for those that a ranking cuts exactly.

    Each percentage is of the whole and comes with whether it is ranked. A ranked one takes people
    of all hashes alike, so those after it are widened to keep their size. The one that fills the
    whole takes everybody who is left.
    """
    shares: list[Share | None] = []
    used, density, given = Fraction(0), Fraction(1), Fraction(0)
    for percentage, is_ranked in percentages:
        part = percentage / 100
        given += part
        if given >= 1:
            shares.append(EVERYBODY)
        elif is_ranked:
            left = (1 - used) * density
            density *= (left - part) / left
            shares.append(None)
        else:
            width = part / density
            shares.append(Share(used, used + width))
            used += width
    return shares

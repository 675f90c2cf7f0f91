"""Instants and the clocks of zones: the campaign's own zone, or one that is named."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp

from campanile.relations.functions.limits import number, text
from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import MOMENT, Call, Function, Parameter
from campanile.relations.sql import case, cast
from campanile.relations.types import Type


def to_local(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """A UTC instant as local wall time of the scope's zone."""
    return between_zones(tree, "UTC", scope.timezone.key)


def to_instant(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """A date, or local wall time, as a UTC instant: a date is its local midnight."""
    return between_zones(cast(tree, Type.TIMESTAMP), scope.timezone.key, "UTC")


def between_zones(tree: exp.Expr, source: str, target: str) -> exp.Expr:
    """What the clocks of `target` show when those of `source` show `tree`."""
    if source == target:
        return tree
    return exp.ConvertTimezone(source_tz=text(source), target_tz=text(target), timestamp=tree)


def instant_of(call: Call, position: int) -> exp.Expr:
    """An argument as a UTC instant; a date is its local midnight."""
    tree = call.args[position]
    return to_instant(tree, call.scope) if call.values[position].type is Type.DATE else tree


def settled(wall: exp.Expr, zone: str) -> exp.Expr:
    """Wall time of a zone as a UTC instant: of an hour that comes twice, the first.

    Engines take the first or the second. In the hour that is left out, all move on by its length.
    """
    if zone == "UTC":
        return wall
    late = between_zones(wall, zone, "UTC")
    early = exp.TimestampAdd(
        this=exp.paren(late.copy()), expression=number(-3600), unit=exp.var("SECOND")
    )
    same = exp.EQ(
        this=between_zones(exp.paren(early.copy()), "UTC", zone),
        expression=cast(wall.copy(), Type.TIMESTAMP),
    )
    return case([(same, early)], late)


def zone_of(call: Call, position: int) -> str:
    """The zone named by an argument, or the campaign's when it is left out."""
    if len(call.args) <= position:
        return call.scope.timezone.key
    name = str(call.values[position].literal)
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refusal(
            "zone",
            f"'{name}' is not a time zone.",
            "Write a name of the IANA database, such as 'Europe/Paris' or 'UTC'.",
        ) from None


def _in_zone(call: Call) -> exp.Expr:
    wall = between_zones(instant_of(call, 0), "UTC", zone_of(call, 1))
    return settled(wall, call.scope.timezone.key)


def _assume_zone(call: Call) -> exp.Expr:
    return settled(cast(call.args[0], Type.TIMESTAMP), zone_of(call, 1))


ZONES: tuple[Function, ...] = (
    Function(
        "in_zone",
        (Parameter("when", MOMENT), Parameter("zone", "text", constant=True)),
        "timestamp",
        "When the campaign's clocks show what those of the zone show: for hour(), date_of() there.",
        "hour(in_zone(placed_at, 'America/New_York')) >= 18",
        _in_zone,
        kind="date",
    ),
    Function(
        "assume_zone",
        (
            Parameter("when", "timestamp"),
            Parameter("zone", "text", optional=True, constant=True),
        ),
        "timestamp",
        "The instant of a time that was loaded as UTC and was meant in that zone (the campaign's).",
        "assume_zone(placed_at, 'Asia/Tokyo')",
        _assume_zone,
        kind="date",
    ),
)

"""Distances on the earth."""

import math

from sqlglot import exp

from campanile.relations.functions.limits import number
from campanile.relations.functions.numbers import rounded
from campanile.relations.signatures import Call, Function, Parameter
from campanile.relations.sql import case, cast
from campanile.relations.types import Type

EARTH_RADIUS = 6371.0088  # kilometres, the mean of WGS 84


def _constant(value: float) -> exp.Expr:
    return cast(number(repr(value)), Type.NUMBER)


def _radians(degrees: exp.Expr) -> exp.Expr:
    return exp.Mul(this=cast(degrees, Type.NUMBER), expression=_constant(math.pi / 180))


def _distance(call: Call) -> exp.Expr:
    """The great circle by the haversine formula; engines agree to the metre."""
    lon_a, lat_a, lon_b, lat_b = call.args
    across = _squared_half_sine(lon_a, lon_b)
    slope = exp.Mul(
        this=exp.Cos(this=_radians(lat_a.copy())), expression=exp.Cos(this=_radians(lat_b.copy()))
    )
    along = exp.Mul(this=slope, expression=across)
    arc = exp.paren(exp.Add(this=_squared_half_sine(lat_a, lat_b), expression=along))
    one = _constant(1.0)
    capped = case([(exp.GT(this=arc.copy(), expression=one.copy()), one)], arc)
    angle = exp.Asin(this=exp.Sqrt(this=capped))
    return rounded(exp.Mul(this=_constant(2 * EARTH_RADIUS), expression=angle), 3)


def _squared_half_sine(first: exp.Expr, second: exp.Expr) -> exp.Expr:
    apart = exp.paren(exp.Sub(this=_radians(second.copy()), expression=_radians(first.copy())))
    half = exp.Div(this=apart, expression=_constant(2.0), typed=False, safe=False)
    sine = exp.Sin(this=half)
    return exp.Mul(this=sine, expression=sine.copy())


GEOGRAPHY: tuple[Function, ...] = (
    Function(
        "distance",
        tuple(Parameter(name, "number") for name in ("lon_a", "lat_a", "lon_b", "lat_b")),
        "number",
        "Kilometres between two places given in degrees, on a sphere, to the metre.",
        "distance(longitude, latitude, 2.3522, 48.8566) < 25",
        _distance,
        kind="geography",
    ),
)

"""Several outputs of one numbered table, so that no row is in two of them by accident."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlglot import exp

from campanile.activities.amounts import Size
from campanile.activities.base import Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.values import ParameterRef
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, case, cast, coalesce, column, constant
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order

PART = "__part"  # the column with the number of a row's output; NULL: in none


def stage_name(activity: str) -> str:
    """The table in which an activity's numbered rows are materialised once."""
    return f"stage__{activity}"


def divide(
    context: ActivityContext,
    numbered: Relation,
    outputs: Sequence[str],
    columns: Sequence[str],
    details: Mapping[str, Mapping[str, object]] | None = None,
) -> Outcome:
    """Return the rows of each of `outputs`, whose place in the list is in the column `__part`.

    With more than one output they select from a stage, which is computed once; rows with another
    number, or none, end here. Only `columns` leave.
    """
    stage = numbered.select([*columns, PART])
    if len(outputs) > 1:
        source = Relation.table(stage_name(context.activity), stage.schema, stage.key)
    else:
        source = stage
    return Outcome(
        outputs={
            name: source.filter(is_part(number)).select(columns)
            for number, name in enumerate(outputs)
        },
        stage=stage if len(outputs) > 1 else None,
        details=details or {},
    )


def with_parts(rows: Relation, branches: Sequence[exp.Expr], rest: bool) -> Relation:
    """Number each row by the first of `branches` that is true; `rest` numbers the others last."""
    numbers = [constant(number, Type.INTEGER) for number in range(len(branches) + 1)]
    tree = case(
        [(branch.copy(), number) for branch, number in zip(branches, numbers, strict=False)],
        numbers[-1] if rest else None,
    )
    return rows.derive({PART: computed(cast(tree, Type.INTEGER), Type.INTEGER)})


def is_part(number: int) -> exp.Expr:
    """The condition that a row belongs to the output `number`."""
    return exp.EQ(this=column(PART, ROW), expression=constant(number, Type.INTEGER))


def computed(tree: exp.Expr, type_: Type = Type.BOOLEAN) -> Compiled:
    """A tree over the columns of `__row` as a value that needs no join."""
    return Compiled(tree, tree, type_)


def number_of(condition: exp.Expr) -> Compiled:
    """An aggregate: for how many rows the condition is true; 0 for none."""
    zero, one = constant(0, Type.INTEGER), constant(1, Type.INTEGER)
    total = exp.Sum(this=case([(condition, one)], zero))
    return computed(cast(coalesce(total, zero.copy()), Type.INTEGER), Type.INTEGER)


def within(place: str, size: Size, of: Sequence[exp.Expr] = ()) -> exp.Expr:
    """Whether the rank in column `place` is within `size`; a share counts the rows equal in `of`.

    A share of n rows is rounded half up, in whole numbers, so that every engine agrees.
    """
    assert not isinstance(size.amount, ParameterRef)
    rank = column(place, ROW)
    if size.unit == "rows":
        return exp.LTE(this=rank, expression=constant(int(size.amount), Type.INTEGER))
    share = Fraction(size.amount) / 100
    count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[tree.copy() for tree in of])
    double = constant(2 * share.denominator, Type.NUMBER)
    least = exp.Mul(this=cast(rank, Type.NUMBER), expression=double)
    wanted = exp.Mul(
        this=cast(count, Type.NUMBER), expression=constant(2 * share.numerator, Type.NUMBER)
    )
    return exp.LTE(
        this=least,
        expression=exp.Add(this=wanted, expression=constant(share.denominator, Type.NUMBER)),
    )


def sort_columns(prefix: str, order: Sequence[Order]) -> tuple[dict[str, Compiled], list[Order]]:
    """Columns that hold the values of a sort list, and the sort list over those columns.

    Deriving them together with other values joins each linked entity once for all of them.
    """
    columns = {f"{prefix}{number}": key.value for number, key in enumerate(order)}
    keys = [
        Order(computed(column(name, ROW), key.value.type), key.descending)
        for name, key in zip(columns, order, strict=True)
    ]
    return columns, keys


def is_nothing(name: str, type_: Type) -> exp.Expr:
    """Whether the column `name` is NULL, or a text without characters."""
    empty: exp.Expr = exp.Is(this=column(name, ROW), expression=exp.null())
    if type_ is not Type.TEXT:
        return empty
    return exp.or_(empty, exp.EQ(this=column(name, ROW), expression=exp.Literal.string("")))

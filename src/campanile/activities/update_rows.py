"""The rows of an update: which row of the entity each one makes, and why some are rejected."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlglot import exp

from campanile.activities.parts import computed, is_nothing, number_of
from campanile.activities.update_plans import NEW, SET, WRITE, UpdatePlan
from campanile.relations.matching import PARTNERS
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, case, cast, coalesce, column, constant, negation
from campanile.relations.types import Type
from campanile.relations.values import Compiled

REASONS: Final = (
    "empty", "ambiguous", "not_found", "exists", "newer", "not_a_value", "duplicate",
)  # fmt: skip
_WHY, _FOUND, _CHANGED, _TAKEN = "__why", "__found", "__changed", "__taken"
_OLD, _ROW = "__old_", "__row_"


def judged(plan: UpdatePlan) -> Relation:
    """The rows, the row of the entity each one makes, and `__why` one is rejected."""
    joined = _joined(plan)
    rows = joined.derive({_FOUND: computed(_is_found())})
    rows = rows.derive(_made(plan, rows))
    rows = rows.derive({_WHY: _reason(plan, rows), _CHANGED: computed(_is_changed(plan))})
    rows = _without_duplicates(plan, rows)
    made = [f"{_ROW}{name}" for name in plan.entity.columns]
    return replace(rows.select([*plan.rows.schema, *made, _WHY, _FOUND, _CHANGED]), key=())


def outputs_of(plan: UpdatePlan, table: Relation) -> dict[str, Relation]:
    """The rows that were taken, and those that were not with the reason."""
    own, key = list(plan.rows.schema), plan.rows.key
    left = [name for name in own if name != "reason"]
    rejected = table.filter(negation(_is_taken())).select([*left, _WHY])
    return {
        "": replace(table.filter(_is_taken()).select(own), key=key),
        "rejects": replace(rejected.rename({_WHY: "reason"}), key=key),
    }


def changes(plan: UpdatePlan, table: Relation) -> Relation:
    """The rows of the entity that are written, whole; or those that are removed."""
    names = {f"{_ROW}{name}": name for name in plan.entity.columns}
    changed = table.filter(exp.and_(_is_taken(), column(_CHANGED, ROW)))
    return replace(changed.select(list(names)).rename(names), key=plan.entity.key)


def counts(plan: UpdatePlan, table: Relation) -> dict[str, Relation]:
    """What was done to how many rows, and how many were rejected for which reason."""
    found, changed = column(_FOUND, ROW), column(_CHANGED, ROW)
    done = {
        "inserted": exp.and_(_is_taken(), negation(found)),
        "deleted" if plan.mode == "delete" else "updated": exp.and_(_is_taken(), found, changed),
        "unchanged": exp.and_(_is_taken(), found, negation(changed)),
    }
    why = {
        reason: exp.EQ(this=column(_WHY, ROW), expression=constant(reason, Type.TEXT))
        for reason in REASONS
    }
    return {
        output: table.aggregate([], {name: number_of(each) for name, each in several.items()})
        for output, several in (("", done), ("rejects", why))
    }


def _joined(plan: UpdatePlan) -> Relation:
    """The rows beside the row of the entity they are for, and whether a new key is taken."""
    one = plan.match.one()
    old = {f"{_OLD}{name}": name for name in plan.entity.columns}
    rows = plan.match.rows.join_one(one, plan.match.ids, {**old, PARTNERS: PARTNERS})
    if not plan.adds:
        return rows
    new = {f"{NEW}{part}": part for part in plan.entity.key}
    keys = plan.target.rows.select(plan.entity.key)
    return rows.join_one(keys, new, {_TAKEN: plan.entity.key[0]})


def _is_found() -> exp.Expr:
    return _is_there(PARTNERS)


def _is_there(name: str) -> exp.Expr:
    return negation(_is_null(name))


def _is_null(name: str) -> exp.Expr:
    return exp.Is(this=column(name, ROW), expression=exp.null())


def _is_taken() -> exp.Expr:
    return _is_null(_WHY)


def _made(plan: UpdatePlan, rows: Relation) -> dict[str, Compiled]:
    """Each attribute of the row of the entity as it will be."""
    own = dict(zip(plan.pairs, plan.match.ids, strict=True))
    return {
        f"{_ROW}{name}": computed(
            cast(_value(plan, rows, name, own.get(name)), each.type), each.type
        )
        for name, each in plan.entity.columns.items()
    }


def _value(plan: UpdatePlan, rows: Relation, name: str, own: str | None) -> exp.Expr:
    """What there is; else what is set, or for a new row its key and what it was matched by."""
    old = column(f"{_OLD}{name}", ROW)
    if plan.mode == "delete":
        return old
    if name in plan.entity.key:
        new: exp.Expr = column(f"{NEW}{name}", ROW) if plan.adds else old.copy()
        return case([(column(_FOUND, ROW), old)], new)
    if name in plan.written:
        return case([(_is_written(plan, rows, name), column(f"{SET}{name}", ROW))], old)
    if name == plan.entity.version and plan.stamp is not None:
        return plan.stamp.tree.copy()
    if own is not None and plan.adds:
        return case([(column(_FOUND, ROW), old)], column(own, ROW))
    return old


def _is_written(plan: UpdatePlan, rows: Relation, name: str) -> exp.Expr:
    wanted: exp.Expr = column(f"{WRITE}{name}", ROW)
    if not plan.keeps_empty:
        return wanted
    value = f"{SET}{name}"
    return exp.and_(wanted, negation(is_nothing(value, rows.schema[value])))


def _is_changed(plan: UpdatePlan) -> exp.Expr:
    """Whether anything but the version is different; a row that is new or goes always is."""
    if plan.mode == "delete":
        return exp.true()
    different = [
        exp.NullSafeNEQ(this=column(f"{_ROW}{name}", ROW), expression=column(f"{_OLD}{name}", ROW))
        for name in plan.written
        if name not in plan.entity.key
    ]
    return exp.or_(negation(column(_FOUND, ROW)), *different)


def _reason(plan: UpdatePlan, rows: Relation) -> Compiled:
    """Why a row is rejected by itself; NULL when it is not."""
    found = column(_FOUND, ROW)
    empty = [_is_null(name) for name in plan.match.keys]
    if plan.adds:
        new = [f"{NEW}{part}" for part in plan.entity.key]
        nothing = exp.or_(*[is_nothing(name, rows.schema[name]) for name in new])
        empty.append(exp.and_(negation(found), nothing))
    several = exp.GT(this=column(PARTNERS, ROW), expression=constant(1, Type.INTEGER))
    conditions: list[tuple[str, exp.Expr]] = [("empty", exp.or_(*empty)), ("ambiguous", several)]
    if plan.mode in ("update", "delete"):
        conditions.append(("not_found", negation(found)))
    if plan.mode == "insert":
        conditions.append(("exists", found))
    if plan.adds:
        conditions.append(("exists", exp.and_(negation(found), _is_there(_TAKEN))))
    if plan.entity.version is not None:
        conditions.append(("newer", _is_newer(plan.entity.version)))
    conditions += [("not_a_value", each) for each in _strange_values(plan)]
    branches = [(each, constant(reason, Type.TEXT)) for reason, each in conditions]
    return computed(case(branches), Type.TEXT)


def _is_newer(version: str) -> exp.Expr:
    """Whether the entity's row is of a later version; the merge of a load says the same."""
    later = exp.GT(this=column(f"{_OLD}{version}", ROW), expression=column(f"{_ROW}{version}", ROW))
    return coalesce(later, exp.false())


def _strange_values(plan: UpdatePlan) -> Iterator[exp.Expr]:
    """For each enum that is set: whether the value is none of it."""
    for name in plan.written:
        known = plan.entity.columns[name].values
        if known:
            listed = [constant(value, Type.TEXT) for value in known]
            value = column(f"{_ROW}{name}", ROW)
            strange = negation(exp.In(this=value, expressions=listed))
            yield exp.and_(_is_there(f"{_ROW}{name}"), strange)


def _without_duplicates(plan: UpdatePlan, rows: Relation) -> Relation:
    """The rows, those rejected that would change one row of the entity together."""
    one, zero = constant(1, Type.INTEGER), constant(0, Type.INTEGER)
    together = exp.Window(
        this=exp.Sum(this=case([(_is_taken(), one)], zero)),
        partition_by=[column(f"{_ROW}{part}", ROW) for part in plan.entity.key],
    )
    counted = rows.derive({"__together": computed(cast(together, Type.INTEGER), Type.INTEGER)})
    several = exp.GT(this=column("__together", ROW), expression=one.copy())
    why = case(
        [(exp.and_(_is_taken(), several), constant("duplicate", Type.TEXT))], column(_WHY, ROW)
    )
    judged_again = counted.derive({"__judged": computed(why, Type.TEXT)})
    return judged_again.drop([_WHY, "__together"]).rename({"__judged": _WHY})

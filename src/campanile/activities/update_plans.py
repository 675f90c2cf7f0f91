"""Plans of an update: its options, checked against the entity that is written to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlglot import exp

from campanile.activities.context import ActivityContext
from campanile.activities.matches import side_of_entity
from campanile.activities.parts import computed
from campanile.catalog.entities import Entity
from campanile.errors import DefinitionError, in_option
from campanile.relations.matching import Match, Side, find_partners
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.sql import cast
from campanile.relations.types import Type
from campanile.relations.values import Compiled

Mode = Literal["upsert", "insert", "update", "delete"]
# How the columns begin that hold a new value, whether it is written, and a part of a new key.
SET: Final = "__set_"
WRITE: Final = "__write_"
NEW: Final = "__new_"


@dataclass(frozen=True)
class UpdatePlan:
    """An update of one entity by the rows of an input, as far as it is known without an engine.

    `match` ties the rows, with their new values, to those of `target`: the entity's of this moment,
    in the `version` that the change is made from. `pairs` are the expressions over the entity that
    they were matched by, `written` the attributes that are set; `adds` says that new rows come.
    """

    entity: Entity
    version: int
    mode: Mode
    rows: Relation
    match: Match
    target: Side
    pairs: tuple[str, ...]
    written: tuple[str, ...]
    adds: bool
    stamp: Compiled | None
    keeps_empty: bool

    @staticmethod
    def of(
        context: ActivityContext,
        entity: str,
        mode: Mode,
        match: Mapping[str, str],
        values: Mapping[str, tuple[str, object]],
        empty: str,
    ) -> "UpdatePlan":
        """Check the options against the entity and the rows; raises DefinitionError."""
        source = context.inputs[0]
        side = Side(source.relation, context.scope(source.relation, source.dimension))
        written = _loaded(context, entity)
        current = context.current.get(entity)
        table = side.scope.entities[entity]
        if current is not None:
            table = replace(table, table=current.table)
        target = side_of_entity(side.scope, table)
        pairs = match or _by_key(source.relation, written)
        keys = _new_keys(written, mode, pairs, values)
        rows = _with_values(side, written, values, keys)
        with in_option("match"):
            found = find_partners(replace(side, rows=rows), target, pairs)
        return UpdatePlan(
            entity=written,
            version=current.version if current else 0,
            mode=mode,
            rows=source.relation,
            match=found,
            target=target,
            written=tuple(values),
            pairs=tuple(pairs.values()),
            adds=bool(keys),
            stamp=_stamp(written, values, side),
            keeps_empty=empty == "keep",
        )


def _loaded(context: ActivityContext, name: str) -> Entity:
    with in_option("entity"):
        entities = context.catalog.entities
        loaded = sorted(each for each, e in entities.items() if e.source.kind == "loaded")
        if name not in entities:
            raise DefinitionError(
                f"There is no entity '{name}'.",
                remedy=did_you_mean(name, loaded),
                code="unknown_entity",
            )
        if name not in loaded:
            raise DefinitionError(
                f"Entity '{name}' is read from its source and belongs to another system.",
                remedy=f"Only loaded entities are written to: {', '.join(loaded) or 'none'}.",
                code="not_loaded",
            )
        return entities[name]


def _by_key(rows: Relation, entity: Entity) -> dict[str, str]:
    """The key of the entity, where the rows carry it under its own name."""
    missing = [part for part in entity.key if part not in rows.schema]
    if missing:
        error = DefinitionError(
            f"The rows have no column '{missing[0]}', the key of {entity.name}.",
            remedy=f"Say with `match` which row of {entity.name} each one is for.",
            code="no_match",
        )
        error.path = ("match",)
        raise error
    return {f"row.{part}": part for part in entity.key}


def _with_values(
    side: Side,
    entity: Entity,
    values: Mapping[str, tuple[str, object]],
    keys: Mapping[str, str],
) -> Relation:
    """The rows with each new value, whether it is written, and the key of a new row."""
    scope = side.scope.over(side.rows.schema, side.rows.source)
    found: dict[str, Compiled] = {}
    for name, (text, when) in values.items():
        with in_option("set", name):
            if name not in entity.columns:
                raise DefinitionError(
                    f"{entity.name} has no attribute '{name}'.",
                    remedy=did_you_mean(name, entity.columns),
                    code="unknown_column",
                )
            found[f"{SET}{name}"] = _fitting(compile_value(text, scope), entity, name)
        always = computed(exp.true())
        with in_option("set", name, "when"):
            found[f"{WRITE}{name}"] = always if when is None else compile_rule(when, scope)
    for part, text in keys.items():
        with in_option("match" if part not in values else "set"):
            found[f"{NEW}{part}"] = _fitting(compile_value(text, scope), entity, part)
    return side.rows.derive(found)


def _fitting(value: Compiled, entity: Entity, name: str) -> Compiled:
    wanted = entity.columns[name]
    text = value.tree.name if isinstance(value.tree, exp.Literal) else None
    if text is not None and wanted.values and text not in wanted.values:
        known = ", ".join(wanted.values)
        message = f"'{text}' is not a value of {name}."
        raise DefinitionError(message, remedy=f"Its values are {known}.", code="enum", offset=0)
    if value.type is wanted.type:
        return value
    if value.type is Type.INTEGER and wanted.type is Type.NUMBER:
        tree = cast(value.tree.copy(), Type.NUMBER)
        return replace(value, tree=tree, predicate=tree, type=Type.NUMBER)
    raise DefinitionError(
        f"{name} is {wanted.type}, and this is {value.type}.",
        remedy="Convert it, for instance with to_text(), to_number() or to_date().",
        code="type",
    )


def _new_keys(
    entity: Entity,
    mode: Mode,
    pairs: Mapping[str, str],
    values: Mapping[str, tuple[str, object]],
) -> dict[str, str]:
    """The expression over the input that gives each part of a new row's key."""
    if mode in ("update", "delete"):
        for part in entity.key:
            if part in values:
                error = DefinitionError(
                    f"'{part}' is the key of {entity.name}: it cannot be changed.", code="key"
                )
                error.path = ("set", part)
                raise error
        return {}
    by_pair = {right: left for left, right in pairs.items()}
    missing = [part for part in entity.key if part not in values and part not in by_pair]
    if missing:
        error = DefinitionError(
            f"New rows of {entity.name} would have no '{missing[0]}'.",
            remedy=f"Give them one: `set: {{{missing[0]}: …}}`, or use `mode: update`.",
            code="no_key",
        )
        error.path = ("mode",)
        raise error
    return {part: values[part][0] if part in values else by_pair[part] for part in entity.key}


def _stamp(entity: Entity, values: Mapping[str, tuple[str, object]], side: Side) -> Compiled | None:
    """The version of a changed row: the moment of the campaign, unless `set` says another."""
    if entity.version is None or entity.version in values:
        return None
    words = {Type.TIMESTAMP: "now()", Type.DATE: "today()"}
    kind = entity.columns[entity.version].type
    return compile_value(words[kind], side.own()) if kind in words else None

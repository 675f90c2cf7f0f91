"""Table rules: conditions and values over a whole relation, and aggregates for grouped extracts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

from sqlglot import exp

from campanile.relations.compiler import Compiler
from campanile.relations.feedback import PREDICATES
from campanile.relations.frames import Frame
from campanile.relations.joins import Aggregate
from campanile.relations.originals import respelled
from campanile.relations.parse import did_you_mean, parse, refusal
from campanile.relations.paths import path_of
from campanile.relations.relation import Relation
from campanile.relations.rules import finished, guarded, outermost, rule_tree_to_text
from campanile.relations.scope import Scope
from campanile.relations.sets import SET_FUNCTIONS, check_subject, separator_of
from campanile.relations.sql import cast, coalesce, constant
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Value

_ABOUT_A_ROW = ("in_audience", "in_transition")
TABLE_FUNCTIONS = {
    "count": "count([rule])",
    "share": "share(rule)",
    "usual": "usual(count())",
    "age": "age(entity)",
    "sum": "sum(value[, rule])",
    "avg": "avg(value[, rule])",
    "min": "min(value[, rule])",
    "max": "max(value[, rule])",
    "stddev": "stddev(value[, rule])",
    "count_distinct": "count_distinct(value[, rule])",
    "string_agg": "string_agg(value, ', '[, rule])",
}


@dataclass
class TableCompiler(Compiler):
    """Outside an aggregate only constants and the expressions grouped by may stand."""

    groups: tuple[exp.Expr, ...] = ()
    inside: bool = False

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """A value of the whole table, or of a row once inside an aggregate."""
        if self.inside or frame.outer is not None:
            return super().value(node, frame)
        if node in self.groups:
            with self.rows():
                return super().value(node, frame)
        node = respelled(node, self.scope.filters)
        if isinstance(node, exp.Anonymous) and str(node.this).lower() in TABLE_FUNCTIONS:
            return _table_function(self, str(node.this).lower(), node, frame)
        name = _of_one_row(node)
        if name is not None:
            raise refusal(
                "not_aggregated",
                f"'{name}' has a value for each row, and one value for all is needed.",
                "Put it into an aggregate, such as share(…), max(…) or count(…).",
                node,
            )
        return super().value(node, frame)

    @contextmanager
    def rows(self) -> Iterator[None]:
        """Inside an aggregate: names are those of one row."""
        self.inside = True
        try:
            yield
        finally:
            self.inside = False


def _of_one_row(node: exp.Expr) -> str | None:
    """The name of a path or call that only one row can answer, else None."""
    path = path_of(node)
    if path is not None:
        return None if path[0] == "param" else ".".join(path)
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        asks_a_row = name in SET_FUNCTIONS or name in PREDICATES or name in _ABOUT_A_ROW
        return f"{name}()" if asks_a_row else None
    return None


def compile_table_rule(rule: object, relation: Relation, scope: Scope) -> Relation:
    """One row with the boolean `holds`: whether a table rule is true of the relation."""
    own = scope.over(relation.schema, relation.source)
    return relation.aggregate([], {"holds": compile_table_condition(rule, own)})


def compile_table_condition(rule: object, scope: Scope) -> Compiled:
    """A table rule as a column of a grouped query: a boolean, never NULL."""
    compiler, frame = TableCompiler(scope), outermost(scope)
    value = guarded(lambda: compiler.tree(rule, frame))
    return finished(compiler, frame, value, Type.BOOLEAN, rule_tree_to_text(rule))


def table_calls(text: str) -> list[str]:
    """The calls of a table rule that look at the whole table, each once, as they are written."""
    outermost_calls = [
        call
        for call in parse(text).find_all(exp.Anonymous, bfs=False)
        if _is_table_call(call) and not any(_is_table_call(above) for above in _above(call))
    ]
    return list(dict.fromkeys(call.sql(normalize_functions=False) for call in outermost_calls))


def _is_table_call(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in TABLE_FUNCTIONS


def _above(node: exp.Expr) -> Iterator[exp.Expr]:
    while node.parent is not None:
        node = node.parent
        yield node


def compile_aggregate(text: str, scope: Scope, by: Sequence[str] = ()) -> Compiled:
    """A column of a grouped query: aggregates, and the texts of `by` as they are."""
    compiler = TableCompiler(scope, groups=tuple(parse(group) for group in by))
    frame = outermost(scope)
    value = guarded(lambda: compiler.value(parse(text), frame))
    return finished(compiler, frame, value, value.type or Type.TEXT, text)


def _table_function(compiler: TableCompiler, name: str, node: exp.Anonymous, frame: Frame) -> Value:
    arguments = list(node.expressions)
    if name == "age":
        return _age(compiler, arguments, node)
    if name == "usual":
        return _usual(compiler, arguments, node, frame)
    least, most = {"count": (0, 1), "share": (1, 1), "string_agg": (2, 3)}.get(name, (1, 2))
    if not least <= len(arguments) <= most:
        raise refusal("arguments", f"Here {name} is written {TABLE_FUNCTIONS[name]}.", at=node)
    with compiler.rows():
        if name == "count":
            return _count(compiler, arguments, frame)
        if name == "share":
            return _share(compiler, arguments[0], frame)
        return _aggregate(compiler, name, arguments, frame, node)


def _count(compiler: TableCompiler, arguments: list[exp.Expr], frame: Frame) -> Value:
    condition = compiler.condition(arguments[0], frame).tree if arguments else None
    return Value(Aggregate("", "count", None, condition).tree(conditional=True), Type.INTEGER)


def _share(compiler: TableCompiler, rule: exp.Expr, frame: Frame) -> Value:
    """Between 0 and 1; of no rows it is 0."""
    condition = compiler.condition(rule, frame).tree
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    case = exp.Case(ifs=[exp.If(this=condition, true=one)], default=zero)
    average = exp.Avg(this=cast(case, Type.NUMBER))
    return Value(coalesce(average, zero.copy()), Type.NUMBER)


def _aggregate(
    compiler: TableCompiler, name: str, arguments: list[exp.Expr], frame: Frame, at: exp.Expr
) -> Value:
    subject = compiler.value(arguments[0], frame)
    check_subject(name, subject, at)
    fixed = 2 if name == "string_agg" else 1
    separator = separator_of(arguments[1], at) if fixed == 2 else ""
    rule = arguments[fixed] if len(arguments) > fixed else None
    condition = compiler.condition(rule, frame).tree if rule is not None else None
    tree = Aggregate("", name, subject.exact, condition, separator).tree(conditional=True)
    if name == "count_distinct":
        return Value(tree, Type.INTEGER)
    if name in ("avg", "stddev"):
        return Value(cast(tree, Type.NUMBER), Type.NUMBER)
    assert subject.type is not None
    if name == "sum":
        return Value(cast(coalesce(tree, exp.Literal.number(0)), subject.type), subject.type)
    return Value(tree, subject.type, enum=subject.enum)


def _usual(
    compiler: TableCompiler, arguments: list[exp.Expr], node: exp.Expr, frame: Frame
) -> Value:
    """The median of the last ten executions; with no past, the present count itself."""
    call = arguments[0] if len(arguments) == 1 else None
    plain = isinstance(call, exp.Anonymous) and str(call.this).lower() == "count"
    if call is None or not plain or call.expressions:
        raise refusal("arguments", "It is written usual(count()).", at=node)
    past = compiler.scope.past_counts[:10]
    if not past:
        return replace(compiler.value(call, frame), type=Type.NUMBER)
    return Value(constant(float(median(past)), Type.NUMBER), Type.NUMBER)


def _age(compiler: TableCompiler, arguments: list[exp.Expr], node: exp.Expr) -> Value:
    """Hours from the last load of an entity to now(); empty when it was never loaded."""
    path = path_of(arguments[0]) if len(arguments) == 1 else None
    if path is None or len(path) != 1:
        raise refusal("arguments", "It is written age(entity); it counts hours.", at=node)
    name = path[0]
    if name not in compiler.scope.entities:
        known = compiler.scope.entities
        raise refusal(
            "unknown_entity", f"There is no entity '{name}'.", did_you_mean(name, known), node
        )
    compiler.references.entities.add(name)
    loaded = compiler.scope.ages.get(name)
    hours = (compiler.scope.now - loaded) / timedelta(hours=1) if loaded else None
    return Value(constant(hours, Type.NUMBER), Type.NUMBER)

"""The rule language's compiler: an allow-list of parsed nodes, each rebuilt as a typed tree."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations import comparisons, literals, operators
from campanile.relations.feedback import PREDICATES, compile_feedback
from campanile.relations.frames import Frame, References, key_columns
from campanile.relations.functions import CATALOGUE
from campanile.relations.literals import typed_literal
from campanile.relations.named import compile_audience, compile_filter, compile_transition
from campanile.relations.originals import respelled
from campanile.relations.parse import did_you_mean, offset_of, refusal
from campanile.relations.paths import path_of, resolve
from campanile.relations.scope import Scope
from campanile.relations.sets import SET_FUNCTIONS, compile_set
from campanile.relations.signatures import check_call, in_their_places
from campanile.relations.trees import compile_tree
from campanile.relations.types import Type
from campanile.relations.values import Value
from campanile.relations.windows import WINDOW_FUNCTIONS, compile_window

FUNCTION_NAMES = frozenset(
    (*CATALOGUE, *SET_FUNCTIONS, *PREDICATES, *WINDOW_FUNCTIONS, "in_audience", "in_transition")
)  # what no filter may be called
_LOGIC: dict[type[exp.Expr], type[exp.Connector]] = {exp.And: exp.And, exp.Or: exp.Or}


@dataclass
class Compiler:
    """Compiles the nodes of one rule; `scope` changes while a named filter is entered.

    `windows` says that the value may compare a row with the others: in `add` and in `order`.
    """

    scope: Scope
    references: References = field(default_factory=References)
    filters: tuple[str, ...] = ()
    windows: bool = False

    def condition(self, node: exp.Expr, frame: Frame) -> Value:
        """A node that must be true or false; NULL in its tree stands for false."""
        value = self.value(node, frame)
        if value.type is not Type.BOOLEAN:
            kind = "empty" if value.type is None else f"of type {value.type}"
            raise refusal(
                "not_a_condition",
                f"A condition is needed here, and this is {kind}.",
                "Compare it with something.",
                node,
            )
        return replace(value, rule=True)

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """A typed value; raises DefinitionError for a node that is not part of the language."""
        written, node = node, respelled(node, self.scope.filters)
        if node is not written:
            try:
                return self.value(node, frame)
            except DefinitionError as error:
                error.offset = offset_of(written) if error.offset is None else error.offset
                raise
        visit = _VISITS.get(type(node))
        if visit is None:
            raise refusal(
                "forbidden",
                f"{_wording(node)} is not part of the rule language.",
                "See 'campanile functions' for what is.",
                node,
            )
        return visit(self, node, frame)

    def tree(self, rule: object, frame: Frame) -> Value:
        """A rule as text, or as the tree form."""
        return compile_tree(self, rule, frame)


def _wording(node: exp.Expr) -> str:
    named = {
        exp.Subquery: "A subselect",
        exp.Select: "A subselect",
        exp.Window: "A window (OVER)",
        exp.Star: "A star",
        exp.Bracket: "An index in brackets",
        exp.Kwarg: "A named argument here",
        exp.Interval: "INTERVAL",
        exp.Cast: "A cast",
        exp.Mod: "%",
        exp.Tuple: "A list here",
    }
    return named.get(type(node), f"'{node.key.upper()}'")


def _logic(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    """AND and OR; a chain is walked in a loop, so its length costs no depth."""
    kind = _LOGIC[type(node)]
    operands = []
    while isinstance(node, kind):
        operands.append(node.expression)
        node = node.this
    operands.append(node)
    trees = [compiler.condition(operand, frame).tree for operand in reversed(operands)]
    joined = exp.and_(*trees, copy=False) if kind is exp.And else exp.or_(*trees, copy=False)
    return Value(exp.paren(joined, copy=False), Type.BOOLEAN, rule=True)


def _not(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    inner = compiler.condition(node.this, frame)
    return Value(comparisons.complement(inner), Type.BOOLEAN, rule=True)


def _paren(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    value = compiler.value(node.this, frame)
    return replace(value, tree=exp.paren(value.tree, copy=False)) if _needs(value.tree) else value


def _needs(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Binary | exp.Not | exp.Neg | exp.Between | exp.In)


def _compare(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    left, right = compiler.value(node.this, frame), compiler.value(node.expression, frame)
    return comparisons.compare(type(node), left, right, compiler.scope, node)


def _in(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    if not node.expressions or any(node.args.get(k) for k in ("query", "field", "unnest")):
        raise refusal(
            "syntax", "'in' needs a list of values in parentheses.", "x in ('a', 'b')", node
        )
    subject = compiler.value(node.this, frame)
    choices = [compiler.value(item, frame) for item in node.expressions]
    return comparisons.membership(subject, choices, compiler.scope, node)


def _between(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    values = [compiler.value(node.args[k], frame) for k in ("this", "low", "high")]
    return comparisons.between(values[0], values[1], values[2], compiler.scope, node)


def _like(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    left, right = compiler.value(node.this, frame), compiler.value(node.expression, frame)
    found = comparisons.like(left, right, node)
    if node.args.get("negate"):
        return Value(comparisons.complement(found), Type.BOOLEAN, rule=True)
    return found


def _is(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    if not isinstance(node.expression, exp.Null):
        raise refusal("syntax", "'is' may only be followed by null or not null.", at=node)
    subject = compiler.value(node.this, frame)
    return Value(
        exp.Is(this=operators.operand(subject), expression=exp.null()), Type.BOOLEAN, rule=True
    )


def _arithmetic(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    left, right = compiler.value(node.this, frame), compiler.value(node.expression, frame)
    return operators.arithmetic(type(node), left, right, node)


def _minus(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    return operators.minus(compiler.value(node.this, frame), node)


def _join_texts(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    left, right = compiler.value(node.this, frame), compiler.value(node.expression, frame)
    return operators.join_texts(left, right, node)


def _case(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    subject = compiler.value(node.this, frame) if node.this is not None else None
    branches = []
    for branch in node.args["ifs"]:
        if subject is None:
            condition = compiler.condition(branch.this, frame)
        else:
            other = compiler.value(branch.this, frame)
            condition = comparisons.compare(exp.EQ, subject, other, compiler.scope, branch)
        branches.append((condition, compiler.value(branch.args["true"], frame)))
    default = node.args.get("default")
    return operators.choose(branches, compiler.value(default, frame) if default else None, node)


def _literal(_compiler: Compiler, node: exp.Expr, _frame: Frame) -> Value:
    return literals.literal(node)


def _boolean(_compiler: Compiler, node: exp.Expr, _frame: Frame) -> Value:
    return Value(exp.Boolean(this=bool(node.this)), Type.BOOLEAN, literal=bool(node.this))


def _null(_compiler: Compiler, _node: exp.Expr, _frame: Frame) -> Value:
    return Value(exp.null(), None)


def _typed(compiler: Compiler, node: exp.Expr, _frame: Frame) -> Value:
    return typed_literal(node, compiler.scope)


def _path(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    parts = path_of(node)
    if parts is None:
        raise refusal("forbidden", "Only names can stand in a path.", at=node)
    return resolve(compiler, frame, parts, node)


def _call(compiler: Compiler, node: exp.Expr, frame: Frame) -> Value:
    if not isinstance(node.this, str):
        raise refusal("forbidden", "A function is called by its plain name.", at=node)
    name = node.this.lower()
    assert isinstance(node, exp.Anonymous)
    if name in compiler.scope.filters:
        return compile_filter(compiler, node, frame, name)
    if name in SET_FUNCTIONS:
        return compile_set(compiler, frame, name, node)
    if name in PREDICATES:
        return compile_feedback(compiler, frame, name, node)
    if name == "in_audience":
        return compile_audience(compiler, node, frame)
    if name == "in_transition":
        return compile_transition(compiler, node, frame)
    if name in WINDOW_FUNCTIONS:
        return compile_window(compiler, frame, name, node)
    function = CATALOGUE.get(name)
    if function is None:
        known = [*FUNCTION_NAMES, *compiler.scope.filters]
        raise refusal(
            "unknown_function", f"There is no function '{name}'.", _near(name, known), node
        )
    arguments = in_their_places(function, node)
    values = [compiler.value(argument, frame) for argument in arguments]
    try:
        return check_call(function, values, compiler.scope, node, key_columns(frame))
    except DefinitionError as error:
        error.offset = refusal("", "", at=node).offset if error.offset is None else error.offset
        raise


def _near(name: str, known: list[str]) -> str:
    if difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return did_you_mean(name, known)
    return "See 'campanile functions' for all of them."


_VISITS: dict[type[exp.Expr], Callable[[Compiler, exp.Expr, Frame], Value]] = {
    exp.And: _logic,
    exp.Or: _logic,
    exp.Not: _not,
    exp.Paren: _paren,
    exp.EQ: _compare,
    exp.NEQ: _compare,
    exp.LT: _compare,
    exp.LTE: _compare,
    exp.GT: _compare,
    exp.GTE: _compare,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.Is: _is,
    exp.Add: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Mul: _arithmetic,
    exp.Div: _arithmetic,
    exp.Neg: _minus,
    exp.DPipe: _join_texts,
    exp.Case: _case,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Cast: _typed,
    exp.Column: _path,
    exp.Dot: _path,
    exp.Anonymous: _call,
}

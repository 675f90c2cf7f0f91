"""Test: send all rows down the first branch whose condition is true."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.parts import computed, stage_name
from campanile.activities.rule_values import TableRule
from campanile.activities.values import fault
from campanile.catalog.names import Name
from campanile.errors import DefinitionError, located
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, case, cast, coalesce, column, constant
from campanile.relations.tables import compile_aggregate
from campanile.relations.types import Type
from campanile.relations.values import Compiled

_BRANCH = "__branch"


class Test(ActivityConfig):
    """Conditions over the whole table, tried in order; the branches not taken are not reached."""

    __test__ = False  # not a test case of pytest

    type: Literal["test"] = "test"
    conditions: dict[Name, TableRule] = Field(
        min_length=1, description="Branches in order, each with a table rule; the first true wins."
    )
    default: Name | None = Field(
        default=None, description="The branch when no condition holds; else the path ends."
    )

    @model_validator(mode="after")
    def _default_is_another(self) -> Self:
        if self.default in self.conditions:
            fault("output", f"`{self.default}` is a condition already.", "default")
        return self


def outputs(config: Test) -> tuple[str, ...]:
    """The branches; there is no main output."""
    return (*config.conditions, *((config.default,) if config.default else ()))


def test(config: Test, context: ActivityContext) -> Outcome:
    """Return all rows in one branch, reached; the others empty and not reached.

    All conditions are read from one row, so exactly one branch is taken, or none.
    """
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    stage = _choose(config, rows, scope)
    chosen = Relation.table(stage_name(context.activity), stage.schema)
    reached = {name: _is_chosen(chosen, name) for name in outputs(config)}
    taken = {name: rows.filter(_holds(answer)) for name, answer in reached.items()}
    return Outcome(outputs=taken, stage=stage, reached=reached)


def _choose(config: Test, rows: Relation, scope: Scope) -> Relation:
    """One row: the name of the first branch whose condition holds, else the default or NULL."""
    own = scope.over(rows.schema, rows.source)
    conditions = {
        f"__holds{number}": _compile_condition(name, text, own)
        for number, (name, text) in enumerate(config.conditions.items())
    }
    answers = rows.aggregate([], conditions)
    names = [constant(name, Type.TEXT) for name in config.conditions]
    held = [column(answer, ROW) for answer in conditions]
    tree = case(list(zip(held, names, strict=True)), constant(config.default, Type.TEXT))
    return answers.derive({_BRANCH: computed(cast(tree, Type.TEXT), Type.TEXT)}).select([_BRANCH])


def _compile_condition(name: str, text: str, scope: Scope) -> Compiled:
    with located(f"condition '{name}'"):
        condition = compile_aggregate(text, scope)
        if condition.type is not Type.BOOLEAN:
            raise DefinitionError(
                f"A condition is needed here, and this is of type {condition.type}.",
                remedy="Compare it with something, such as count() > 0.",
                code="not_a_condition",
            )
    return condition


def _is_chosen(chosen: Relation, name: str) -> Relation:
    """One row with one boolean: whether the branch is the one taken."""
    same = exp.EQ(this=column(_BRANCH, ROW), expression=constant(name, Type.TEXT))
    reached = computed(coalesce(same, exp.false()))
    return chosen.derive({"reached": reached}).select(["reached"])


def _holds(answer: Relation) -> exp.Expr:
    """The answer as a condition that all rows share."""
    return answer.query.copy().subquery()


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
size:
  type: test
  from: gold
  conditions:
    too_many: count() > 10000
    too_few: count() < 10
  default: right
"""
ACTIVITY = ActivityType(
    name="test", config=Test, example=EXAMPLE, run=test, outputs=outputs, main_output=False
)

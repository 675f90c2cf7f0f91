"""Counting: how many a rule finds, how a value is distributed among them, and a few of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from campanile.errors import Refused
from campanile.operations.project import Project
from campanile.operations.rehearsing.linked_rows import LinkedRows, linked_rows_of
from campanile.operations.rehearsing.masking import (
    masked,
    masked_row,
    names_one_of,
    personal_attributes,
)
from campanile.operations.rehearsing.previews import read_rows
from campanile.operations.rehearsing.questions import Question, asked, understood
from campanile.relations.relation import Relation
from campanile.relations.rule_trees import Tree, rule_text_to_tree
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.scope import Scope
from campanile.relations.tables import compile_aggregate
from campanile.relations.values import Order
from campanile.warehouse.warehouse import Session

MOST_VALUES: Final = 20  # of a distribution; more are said to be left out
_NONE: Final = Scope()  # of an aggregate that names no column


@dataclass(frozen=True)
class Distribution:
    """How often each value of `by` occurs, the most frequent first; `partial` when not all."""

    by: str
    values: Sequence[tuple[object, int]]
    partial: bool


@dataclass(frozen=True)
class LookedAt:
    """One row by its key: whether the rule holds for it, and which linked rows it looked at."""

    key: str
    holds: bool
    linked: Sequence[LinkedRows]


@dataclass(frozen=True)
class Counted:
    """The answer: `count` rows of `of`, exactly; rows and values are masked where personal."""

    rule: str
    tree: Tree
    dimension: str
    count: int
    of: int
    sql: str
    distribution: Distribution | None = None
    sample: Sequence[Mapping[str, object]] = ()
    row: LookedAt | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        by, row = self.distribution, self.row
        return {
            "rule": self.rule,
            "tree": self.tree,
            "dimension": self.dimension,
            "rows": self.count,
            "of": self.of,
            "sql": self.sql,
            "by": by and {
                "value": by.by,
                "partial": by.partial,
                "values": [{"value": value, "rows": rows} for value, rows in by.values],
            },
            "sample": [dict(one) for one in self.sample],
            "row": row and {
                "key": row.key,
                "holds": row.holds,
                "linked": [one.to_dict() for one in row.linked],
            },
        }  # fmt: skip


def count_rule(
    project: Project,
    rule: str,
    *,
    dimension: str | None = None,
    by: str | None = None,
    sample: int = 0,
    row: str | None = None,
) -> Counted:
    """Count the rows for which a rule holds, on today's data; nothing is written.

    `by` is a value to count them by, `sample` how many to show, `row` the key of one to look at.
    Raises FaultsFound with the place in the rule or value, before any engine is asked.
    """
    question = understood(project, rule, dimension)
    value = question.value(by, "--by") if by else None
    personal = personal_attributes(project.catalog)
    with asked(project, question) as session:
        found = question.found
        rows = read_rows(session, found, sample) if sample else []
        distribution = None
        if by and value is not None:
            is_personal = names_one_of(by, personal)
            grouped = found.aggregate(
                {"value": value}, {"rows": compile_aggregate("count()", _NONE)}
            )
            distribution = _distribution(session, by, grouped, is_personal=is_personal)
        return Counted(
            rule=rule,
            tree=rule_text_to_tree(rule),
            dimension=question.dimension.name,
            count=session.count(found),
            of=session.count(question.everybody),
            sql=found.sql(session.dialect, pretty=True),
            distribution=distribution,
            sample=[masked_row(one, personal) for one in rows],
            row=_look_at(session, question, row, personal) if row is not None else None,
        )


def _distribution(
    session: Session, by: str, grouped: Relation, *, is_personal: bool
) -> Distribution:
    scope = Scope(columns=grouped.schema)
    order = [
        Order(compile_value("rows", scope), descending=True),
        Order(compile_value("value", scope)),
    ]
    found = session.rows(grouped.limit(MOST_VALUES + 1, order))
    values = [(masked(one, is_personal=is_personal), int(str(rows))) for one, rows in found]
    return Distribution(by, values[:MOST_VALUES], len(values) > MOST_VALUES)


def _look_at(session: Session, question: Question, key: str, personal: frozenset[str]) -> LookedAt:
    """Raises Refused for a key that no row has, or that cannot be told in one text."""
    if len(question.table.key) != 1:
        names = ", ".join(question.table.key)
        raise Refused(f"a row of {question.dimension.name} has the key ({names}).",
                      remedy="Narrow the rule itself, as in `a = 1 and b = 2 and …`.")  # fmt: skip
    column = question.table.key[0]
    text = key.replace("'", "''")
    one = question.everybody.filter(compile_rule(f"to_text({column}) = '{text}'", question.scope))
    if not session.count(one):
        raise Refused(
            f"no {question.dimension.name} has that {column}.", remedy="Look at --sample."
        )
    holds = session.count(one.filter(question.compiled)) > 0
    found = linked_rows_of(session, one, question.scope, [question.rule], personal)
    return LookedAt(key, holds, found)

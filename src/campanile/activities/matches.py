"""Match or on: the two ways to say which row of a target a row belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field, WithJsonSchema

from campanile.activities.options import Options, RuleSite
from campanile.activities.values import Text, fault
from campanile.errors import in_option
from campanile.relations.matching import Match, Side, find_partners
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_order
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.values import Order

# Expressions of two sides: they are checked where both sides are known, not as rules of the rows.
Pairs = Annotated[
    dict[Text, Text],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]


class MatchOptions(Options):
    """What finds the row of the target: equal expressions, or a rule over both sides."""

    match: Pairs = Field(
        default={},
        description="Expression over the input and expression over the target, all equal; an empty"
        " value equals nothing.",
    )
    on: Text | None = Field(
        default=None,
        description="Instead of `match`: a rule over `input.x` and `target.y` with at least one"
        " equality between them.",
    )

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules about the rows; those about the target are not."""
        return (site for site in super().rules() if site.path[0] not in ("match", "on"))

    @property
    def condition(self) -> Mapping[str, str] | str:
        """The pairs, or the rule."""
        return self.match if self.on is None else self.on

    def find(self, rows: Side, target: Side, prefix: str = "__") -> Match:
        """Tie the rows to those of the target; a refusal says which option it is about."""
        with in_option("match" if self.on is None else "on"):
            return find_partners(rows, target, self.condition, prefix)


def require_one_way(options: MatchOptions) -> None:
    """Refuse neither and both of `match` and `on`."""
    if options.match and options.on is not None:
        fault("match", "`match` and `on` say the same in two ways; keep one.", "on")
    if not options.match and options.on is None:
        fault("match", "nothing says which rows belong together: write `match` or `on`.", "match")


def side_of_entity(scope: Scope, table: EntityTable) -> Side:
    """All rows of an entity, and what expressions over them reach."""
    own = replace(scope, entity=table, row_key=table.key, recipient=(), column_enums={})
    return Side(Relation.of(table), own)


def target_order(order: Sequence[str], target: Side) -> list[Order]:
    """A sort list over the rows of the target."""
    scope = target.own()
    keys = []
    for number, text in enumerate(order):
        with in_option("order", number):
            keys += compile_order([text], scope)
    return keys

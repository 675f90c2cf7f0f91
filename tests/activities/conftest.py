"""A bench for activities: real rows in a real engine, in and out as dictionaries."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campanile.activities import activity_type
from campanile.activities.base import Outcome
from campanile.activities.context import ROW_NUMBER, ActivityContext, Input
from campanile.catalog.entities import (
    Catalog,
    Column,
    Dimension,
    Entity,
    EntityLink,
    SourceDefinition,
)
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type
from campanile.warehouse.sources import EmptyTable, MemoryRows, ParquetFiles
from campanile.warehouse.warehouse import Session

TEXT, WHOLE, NUMBER = Type.TEXT, Type.INTEGER, Type.NUMBER
LOADED = SourceDefinition("loaded")
Rows = Sequence[Mapping[str, Any]]


def _entity(name: str, key: str, columns: Schema, *links: EntityLink) -> Entity:
    described = {column: Column(column, type_) for column, type_ in columns.items()}
    return Entity(name, LOADED, tuple(key.split()), described, {link.name: link for link in links})


CATALOG = Catalog(
    {
        "customer": _entity(
            "customer",
            "customer_id",
            {"customer_id": WHOLE, "email": TEXT, "tier": TEXT, "age": WHOLE, "store_id": TEXT},
            EntityLink("store", "store", (("store_id", "store_id"),), many=False),
            EntityLink("orders", "order", (("customer_id", "customer_id"),), many=True),
            EntityLink("contracts", "contract", (("customer_id", "holder"),), many=True),
        ),
        "store": _entity(
            "store",
            "store_id",
            {"store_id": TEXT, "city": TEXT},
            EntityLink("customers", "customer", (("store_id", "store_id"),), many=True),
        ),
        "order": _entity(
            "order",
            "order_id",
            {
                "order_id": WHOLE,
                "customer_id": WHOLE,
                "amount": NUMBER,
                "placed_at": Type.TIMESTAMP,
                "note": TEXT,
                "day": Type.DATE,
            },
            EntityLink("customer", "customer", (("customer_id", "customer_id"),), many=False),
        ),
        "contract": _entity(
            "contract",
            "number",
            {"number": WHOLE, "holder": WHOLE},
            EntityLink("customer", "customer", (("holder", "customer_id"),), many=False),
        ),
        "visit": _entity("visit", "shop number", {"shop": TEXT, "number": WHOLE, "paid": NUMBER}),
    },
    {
        "customer": Dimension("customer", "customer", default=True),
        "contract": Dimension("contract", "contract", recipient="customer"),
        "visit": Dimension("visit", "visit"),
        "order": Dimension("order", "order"),
        "store": Dimension("store", "store"),
    },
)
TABLES = build_entity_tables(CATALOG)


@dataclass(frozen=True)
class Ran:
    """What an activity gave: the rows of each output in the order of its key, and what it said."""

    rows: Mapping[str, list[dict[str, Any]]]
    reached: Mapping[str, bool]
    schema: Mapping[str, Schema]
    outcome: Outcome
    counts: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def keys(self, output: str = "") -> list[Any]:
        """The first column of an output, which is the key."""
        return [next(iter(row.values())) for row in self.rows[output]]


@dataclass
class Bench:
    """Binds rows of entities and inputs, and runs one activity over them."""

    session: Session
    directory: Any
    moment: Moment = field(
        default_factory=lambda: Moment(
            now=datetime(2026, 3, 1, 12, tzinfo=UTC), timezone=ZoneInfo("Europe/Paris")
        )
    )

    def entity(self, name: str, rows: Rows) -> None:
        """Bind the rows of an entity; attributes left out are empty."""
        table = TABLES[name]
        self.bind(table.table, table.schema, rows)

    def run(
        self,
        config: Mapping[str, Any],
        *inputs: Rows,
        columns: Schema | Sequence[Schema] | None = None,
        dimension: str | Sequence[str | None] | None = "customer",
        salt: str = "campaign/activity",
        incoming: Relation | None = None,
        reached: Sequence[bool] | None = None,
        linked: Mapping[str, Input] | None = None,
        opened: str | None = None,
    ) -> Ran:
        """Run an activity over inputs with the key of the dimension (of each) and `columns`."""
        kind = activity_type(config["type"])
        transitions = [f"input{number}" for number in range(len(inputs))]
        options = {**config, **({"from": transitions} if transitions else {})}
        named = [dimension] * max(1, len(inputs))
        if not isinstance(dimension, str | None):
            named = list(dimension)
        targets = [CATALOG.dimensions.get(name or "") for name in named]
        own = [columns] * len(inputs) if isinstance(columns, Mapping | None) else columns
        arrived = reached or [True] * len(inputs)
        context = ActivityContext(
            campaign="campaign",
            version=1,
            activity="activity",
            execution="test-2026-03-01T12-00-00",
            opened=opened,
            inputs=tuple(
                Input(name, self._input(name, rows, target, schema or {}), target, came)
                for name, rows, target, schema, came in zip(
                    transitions, inputs, targets, own, arrived, strict=bool(inputs)
                )
            ),
            dimension=targets[0],
            catalog=CATALOG,
            scope=self.scope,
            salt=salt,
            entity=entity_rows,
            incoming=incoming,
            linked=linked or {},
        )
        return self._carry_out(kind.run(kind.config.model_validate(options), context))

    def scope(self, relation: Relation | None, dimension: Dimension | None):
        """The scope of rules over a relation."""
        columns = relation.schema if relation is not None else None
        return build_scope(TABLES, dimension, self.moment, columns)

    def read(self, relation: Relation) -> list[dict[str, Any]]:
        """The rows of a relation in the order of its columns."""
        found = [
            dict(zip(relation.schema, row, strict=True)) for row in self.session.rows(relation)
        ]
        return sorted(found, key=lambda row: [(v is None, str(type(v)), v) for v in row.values()])

    def _input(self, name: str, rows: Rows, target: Dimension | None, columns: Schema) -> Relation:
        """Rows of a dimension with its key; of none, with their number."""
        key: Schema = {ROW_NUMBER: WHOLE}
        if target is not None:
            entity = TABLES[target.entity]
            key = {part: entity.schema[part] for part in entity.key}
        schema = {**key, **columns}
        self.bind(f"work__{name}", schema, rows)
        return Relation.table(f"work__{name}", schema, tuple(key))

    def bind(self, name: str, schema: Schema, rows: Rows) -> None:
        """Bind rows under a name; columns left out are empty."""
        values = [tuple(row.get(column) for column in schema) for row in rows]
        source = MemoryRows(schema, values) if values else EmptyTable(schema)
        self.session.bind(name, source, schema)

    def _carry_out(self, outcome: Outcome) -> Ran:
        if outcome.stage is not None:
            written = self.session.write(outcome.stage, self.directory)
            self.session.bind("stage__activity", ParquetFiles((str(written.path),), pinned=True))
        return Ran(
            rows={name: self.read(relation) for name, relation in outcome.outputs.items()},
            reached={
                name: answer if isinstance(answer, bool) else self.session.scalar(answer)
                for name, answer in outcome.reached.items()
            },
            schema={name: relation.schema for name, relation in outcome.outputs.items()},
            outcome=outcome,
            counts={name: self.read(relation)[0] for name, relation in outcome.counts.items()},
        )


def entity_rows(dimension: Dimension) -> Relation:
    """All rows of the dimension's entity."""
    table = TABLES[dimension.entity]
    return Relation.table(table.table, table.schema, table.key)


@pytest.fixture(scope="module")
def bench_on(tmp_path_factory, warehouse_on):
    """A bench on an engine by its name, whose entities are empty until a test binds rows."""
    with ExitStack() as opened:

        def build(engine: str) -> Bench:
            warehouse = warehouse_on(engine, tmp_path_factory.mktemp("lake"))
            session = opened.enter_context(warehouse.session())
            made = Bench(session, warehouse.work_directory("campaign", "execution", "activity"))
            for name in TABLES:
                made.entity(name, [])
            return made

        yield build


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def bench(request, bench_on):
    """A bench on each engine that is quick to ask."""
    return bench_on(request.param)


def customers(*keys: Any) -> list[dict[str, Any]]:
    """Rows with nothing but the key."""
    return [{"customer_id": key} for key in keys]

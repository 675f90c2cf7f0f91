"""A small shop: customers with stores and orders of lines, full of empty values."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import (
    EntityTable,
    FilterParameter,
    Link,
    MessageSource,
    NamedFilter,
    SavedAudience,
    Scope,
)
from campanile.relations.types import Schema, Type
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.session import DuckDBSession
from campanile.warehouse.sources import MemoryRows
from campanile.warehouse.spark import SparkWarehouse
from campanile.warehouse.warehouse import Session

T = Type

CUSTOMER = EntityTable(
    "customer",
    "entity__customer",
    {
        "customer_id": T.TEXT,
        "email": T.TEXT,
        "tier": T.TEXT,
        "points": T.INTEGER,
        "score": T.NUMBER,
        "legal_hold": T.BOOLEAN,
        "birth_date": T.DATE,
        "last_seen": T.TIMESTAMP,
        "store_id": T.INTEGER,
    },
    ("customer_id",),
    {
        "orders": Link("orders", "order", (("customer_id", "customer_id"),), many=True),
        "store": Link("store", "store", (("store_id", "store_id"),), many=False),
    },
    {"tier": ("bronze", "silver", "gold")},
)
STORE = EntityTable(
    "store",
    "entity__store",
    {"store_id": T.INTEGER, "country": T.TEXT},
    ("store_id",),
    {"customers": Link("customers", "customer", (("store_id", "store_id"),), many=True)},
)
ORDER = EntityTable(
    "order",
    "entity__order",
    {
        "order_id": T.INTEGER,
        "customer_id": T.TEXT,
        "store_id": T.INTEGER,
        "amount": T.NUMBER,
        "placed_at": T.TIMESTAMP,
    },
    ("order_id",),
    {
        "customer": Link("customer", "customer", (("customer_id", "customer_id"),), many=False),
        "store": Link("store", "store", (("store_id", "store_id"),), many=False),
        "lines": Link("lines", "line", (("order_id", "order_id"),), many=True),
    },
)
LINE = EntityTable(
    "line",
    "entity__line",
    {"line_id": T.INTEGER, "order_id": T.INTEGER, "sku": T.TEXT, "price": T.NUMBER},
    ("line_id",),
    {"order": Link("order", "order", (("order_id", "order_id"),), many=False)},
)
ENTITIES = {e.name: e for e in (CUSTOMER, STORE, ORDER, LINE)}

ROWS: dict[str, list[tuple[object, ...]]] = {
    "customer": [
        ("c1", "a@x.fr", "gold", 10, 1.5, True, "1990-05-17", "2026-11-01 10:00", 1),
        ("c2", "B@x.de", "silver", 0, -2.5, False, "2008-12-01", "2026-10-24 22:30", 2),
        ("c3", "", None, None, None, None, None, None, None),
        ("c4", None, "bronze", -7, 0.0, None, "1961-02-28", "2026-11-22 00:30", 9),
    ],
    "store": [(1, "FR"), (2, "DE"), (3, None)],
    "order": [
        (1, "c1", 1, 60.0, "2026-11-20 09:00"),
        (2, "c1", 2, 50.0, "2026-01-02 09:00"),
        (3, "c2", 2, None, "2026-11-21 09:00"),
        (4, None, 1, 99.0, "2026-11-21 10:00"),
        (5, "c4", None, 5.0, None),
    ],
    "line": [
        (1, 1, "a", 10.0),
        (2, 1, "b", 50.0),
        (3, 2, "a", 50.0),
        (4, 3, "b", None),
        (5, 5, None, 5.0),
    ],
}
FEEDBACK = {
    "feedback__messages": {
        **dict.fromkeys(("campaign", "execution", "activity"), T.TEXT),
        **dict.fromkeys(("delivery", "ordinal"), T.INTEGER),
        **dict.fromkeys(("person", "row_key", "state", "reason", "variant"), T.TEXT),
        **dict.fromkeys(("planned_at", "settled_at"), T.TIMESTAMP),
    },
    "feedback__events": {
        "event_id": T.INTEGER,
        **dict.fromkeys(("delivery", "ordinal"), T.INTEGER),
        **dict.fromkeys(("campaign", "execution", "activity", "person", "row_key"), T.TEXT),
        "kind": T.TEXT,
        "at": T.TIMESTAMP,
        **dict.fromkeys(("link", "url", "device"), T.TEXT),
        "human": T.BOOLEAN,
        "reason": T.TEXT,
    },
}
NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def message(reference: str) -> MessageSource:
    """`spring.offer` is all executions, `offer` this one, `notice` was sent one per row."""
    campaign, _, activity = reference.rpartition(".")
    execution = None if campaign else "e2"
    per = "row" if activity == "notice" else "recipient"
    return MessageSource(campaign or "spring", activity, execution, per)


SCOPE = Scope(
    entity=CUSTOMER,
    entities=ENTITIES,
    row_key=("customer_id",),
    parameters={"min": (T.NUMBER, 100.0), "word": (T.TEXT, "x'; drop table y; --")},
    now=NOW,
    started_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
    timezone=ZoneInfo("Europe/Paris"),
    messages=message,
    audiences={"vip": SavedAudience("audience__vip", "customer", ("customer_id",))},
    filters={
        "big": NamedFilter(
            "sum(orders.amount) >= param.least",
            "customer",
            {"least": FilterParameter(T.NUMBER, 100)},
        ),
        "loop": NamedFilter("loop()"),
    },
)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> DuckDBLake:
    root: Path = tmp_path_factory.mktemp("lake")
    return DuckDBLake(root, memory_limit="500MB", threads=1)


@pytest.fixture(scope="session")
def session(lake: DuckDBLake) -> Iterator[DuckDBSession]:
    with lake.session() as opened:
        for name, rows in ROWS.items():
            opened.bind(f"entity__{name}", MemoryRows(ENTITIES[name].schema, rows))
        opened.bind("audience__vip", MemoryRows({"customer_id": T.TEXT}, [("c1",), ("c4",)]))
        yield opened


@pytest.fixture
def chosen(session: DuckDBSession) -> Callable[..., str]:
    """The customers that a rule selects, as `c1 c2`."""

    def select(rule: object, scope: Scope = SCOPE) -> str:
        relation = session.relation("entity__customer", ("customer_id",)).where(rule, scope)
        return " ".join(sorted(str(row[0]) for row in session.rows(relation)))

    return select


@pytest.fixture
def evaluate(session: DuckDBSession) -> Callable[..., object]:
    """The value of an expression for customer c1, or for a row of no entity."""

    def value(text: str, who: str = "c1", scope: Scope = SCOPE) -> object:
        rows = session.relation("entity__customer", ("customer_id",))
        compiled = compile_value(text, scope.over(rows.schema, rows.source))
        one = rows.where(f"customer_id = '{who}'", SCOPE).derive({"result": compiled})
        return session.scalar(one.select(["result"]))

    return value


@pytest.fixture(scope="session")
def scope() -> Scope:
    return SCOPE


Run = Callable[[Relation], list[tuple[object, ...]]]
POSTGRES_TYPES = {"TEXT": "text", "INTEGER": "bigint", "NUMBER": "double precision"}


@pytest.fixture(scope="session")
def postgres_connection(database_url: str) -> Iterator[Any]:
    """A connection whose tables vanish with it."""
    connection = psycopg2.connect(database_url)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def postgres_run(postgres_connection: Any) -> Run:
    """Reads a relation over the shop in PostgreSQL."""
    cursor = postgres_connection.cursor()
    for name, rows in ROWS.items():
        create_table(cursor, f"entity__{name}", ENTITIES[name].schema, rows)
    create_table(cursor, "audience__vip", {"customer_id": T.TEXT}, [("c1",), ("c4",)])
    postgres_connection.commit()

    def run(relation: Relation) -> list[tuple[object, ...]]:
        cursor.execute("SAVEPOINT asked")
        try:
            cursor.execute(relation.sql("postgres"))
            return list(cursor.fetchall())
        finally:
            cursor.execute("ROLLBACK TO asked")

    return run


def create_table(cursor: Any, name: str, schema: Schema, rows: list[tuple[object, ...]]) -> None:
    """A table of PostgreSQL with these rows."""
    columns = [f'"{c}" {POSTGRES_TYPES.get(t.name, t.name)}' for c, t in schema.items()]
    cursor.execute(f'CREATE TEMP TABLE "{name}" ({", ".join(columns)})')
    places = ", ".join(["%s"] * len(schema))
    cursor.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)


@pytest.fixture(scope="session")
def spark_session(spark_remote: tuple[str, Path], lake: DuckDBLake) -> Iterator[Session]:
    """The shop on Spark; a query costs it half a second, so tests ask for many things in one."""
    url, folder = spark_remote
    with SparkWarehouse(lake.root, lake, url, f"{folder}/relations").session() as opened:
        for name, rows in ROWS.items():
            opened.bind(f"entity__{name}", MemoryRows(ENTITIES[name].schema, rows))
        opened.bind("audience__vip", MemoryRows({"customer_id": T.TEXT}, [("c1",), ("c4",)]))
        yield opened


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(engine: str, request: pytest.FixtureRequest) -> Run:
    """Reads a relation over the shop on each engine."""
    if engine == "postgres":
        return request.getfixturevalue("postgres_run")  # type: ignore[no-any-return]
    return request.getfixturevalue("session").rows  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def people() -> Relation:
    return Relation.table(CUSTOMER.table, CUSTOMER.schema, CUSTOMER.key)

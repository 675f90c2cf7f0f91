import pytest

from campanile.activities.amounts import parse_size
from campanile.activities.parts import computed, within
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, column
from campanile.relations.types import Type
from campanile.relations.values import Order
from campanile.warehouse.sources import MemoryRows

SCHEMA = {"id": Type.INTEGER}


@pytest.mark.parametrize(
    ("count", "size", "kept"),
    [
        (10, "3", 3),
        (2, "3", 2),
        (10, "0%", 0),
        (10, "25%", 3),  # 2.5 is rounded up
        (10, "24.9%", 2),
        (3, "33.333%", 1),
        (7, "100%", 7),
        (0, "50%", 0),
    ],
)
def test_a_share_is_an_exact_count_with_halves_rounded_up(bench, count, size, kept):
    rows = [(number,) for number in range(count)]
    bench.session.bind("ids", MemoryRows(SCHEMA, rows), SCHEMA)
    order = [Order(computed(column("id", ROW), Type.INTEGER))]
    ranked = Relation.table("ids", SCHEMA, ("id",)).ranked("place", [], order)
    judged = ranked.derive({"first": computed(within("place", parse_size(size)))})
    chosen = sorted(row["id"] for row in bench.read(judged) if row["first"])
    assert chosen == list(range(kept))

from campanile.relations.relation import Relation
from campanile.relations.types import Type
from campanile.warehouse.sources import MemoryRows


def test_those_handed_over_go_in(bench):
    schema = {"customer_id": Type.INTEGER}
    bench.session.bind("incoming", MemoryRows(schema, [(4,), (2,)]), schema)
    handed = Relation.table("incoming", schema, ("customer_id",))
    assert bench.run({"type": "incoming"}, incoming=handed).keys() == [2, 4]


def test_nothing_handed_over_is_nobody_and_never_everybody(bench):
    bench.entity("customer", [{"customer_id": 1}])
    ran = bench.run({"type": "incoming"})
    assert ran.rows == {"": []}
    assert ran.schema == {"": {"customer_id": Type.INTEGER}}

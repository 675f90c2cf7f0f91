from campanile.activities.effects import SaveAudience
from campanile.relations.types import Type

COLUMNS = {"spent": Type.NUMBER, "note": Type.TEXT}
ROWS = [
    {"customer_id": 1, "spent": 5.0, "note": None},
    {"customer_id": 2, "spent": None, "note": "x"},
]


def save(bench, **options):
    ran = bench.run({"type": "save_audience", "audience": "vip", **options}, ROWS, columns=COLUMNS)
    [effect] = ran.outcome.effects
    assert isinstance(effect, SaveAudience)
    assert (effect.audience, effect.mode) == ("vip", "replace")
    assert ran.rows == {"": ROWS}
    return effect


def test_the_key_and_the_computed_columns_are_saved_and_the_rows_pass_on(bench):
    effect = save(bench)
    assert effect.columns == ("customer_id", "spent", "note")
    assert bench.read(effect.relation) == ROWS


def test_named_columns_are_saved_under_their_names_beside_the_key(bench):
    bench.entity("customer", [{"customer_id": 1, "tier": "gold"}])
    effect = save(bench, columns={"spent": "coalesce(spent, 0) * 2", "level": "tier"})
    assert effect.columns == ("customer_id", "spent", "level")
    assert bench.read(effect.relation) == [
        {"customer_id": 1, "spent": 10.0, "level": "gold"},
        {"customer_id": 2, "spent": 0.0, "level": None},
    ]
    assert effect.relation.key == ("customer_id",)

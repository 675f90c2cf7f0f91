"""Several rows of one person before a message: the place of each, by which it finds its own."""

from collections.abc import Sequence
from typing import Final

from campanile.activities.parts import computed
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, column
from campanile.relations.types import Type
from campanile.relations.values import Order

ROW_PLACE: Final = "row_place__"


def with_place(rows: Relation, key: str, order: Sequence[str]) -> Relation:
    """`rows` with the place of each among those that are equal in the column `key`, from 1.

    They are placed by the columns `order`; rows that agree in all of those may stand for each
    other. Collected lines have no order and do not count.
    """
    known = {name: rows.schema[name] for name in order}
    sorting = [
        Order(computed(column(name, ROW), type_))
        for name, type_ in known.items()
        if type_ is not Type.LINES
    ]
    return rows.ranked(ROW_PLACE, [key], sorting)

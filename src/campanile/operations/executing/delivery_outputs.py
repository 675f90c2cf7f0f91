"""What a settled delivery leaves: who was sent, who was excluded and why, for whom it failed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from campanile.campaigns.graph import Vertex
from campanile.errors import Refused
from campanile.operations.executing.data import BoundData, bind_input
from campanile.operations.executing.halves import Half
from campanile.operations.executing.population import ROW_KEY
from campanile.operations.executing.row_places import ROW_PLACE, with_place
from campanile.operations.executing.segment_run import SegmentRun
from campanile.operations.executing.simulated_deliveries import (
    simulated_account,
    simulated_feedback,
)
from campanile.operations.feedback.message_feedback import (
    FeedbackExporter,
    FeedbackPins,
    bind_feedback,
)
from campanile.relations.relation import Relation
from campanile.relations.scope import MessageSource, Scope
from campanile.reporting.feedback_tables import MESSAGES, MESSAGES_TABLE
from campanile.store.manifest_rows import ManifestRow


def delivery_outputs(run: SegmentRun, data: BoundData, vertex: Vertex, plan: ManifestRow) -> Half:
    """Who was sent, excluded (with the reason) and failed, from the ledger or as simulated."""
    dimension = run.project.catalog.dimensions[str(vertex.dimension)]
    key = data.tables[dimension.entity].key
    planned = bind_input(data.session, plan, key)
    why = plan.not_reached_reason or ""
    facts: dict[str, Any] = {}
    if plan.reached and run.mode == "test":
        facts = simulated_account(plan)
        bind_feedback(data.session, simulated_feedback([plan]), run.project.warehouse.root)
    elif plan.reached:
        facts = _account(run, vertex)
        source = MessageSource(run.execution.campaign, vertex.name, run.execution.key)
        exporter = FeedbackExporter.of(run.project.store, run.project.lake)
        pins = exporter.export([source], watermark=0)
        bind_feedback(data.session, pins, run.project.warehouse.root)
    else:
        bind_feedback(data.session, FeedbackPins(0), run.project.warehouse.root)
    messages = Relation.table(MESSAGES_TABLE, MESSAGES, ("row_key",))
    made = {
        name: with_state(planned, messages, state, column)
        for name, state, column in _outputs(vertex)
    }
    whys = dict.fromkeys(made, why) if why else {}
    return Half(made, whys, {vertex.name: facts})


def _outputs(vertex: Vertex) -> Iterator[tuple[str, str, str]]:
    """(transition, message state, column taken from the message)."""
    yield vertex.name, "sent", "variant"
    yield f"{vertex.name}.excluded", "excluded", "reason"
    yield f"{vertex.name}.failed", "failed", "reason"


def with_state(planned: Relation, messages: Relation, state: str, column: str) -> Relation:
    """The planned rows whose message is in a state, with one column of the message.

    Where a person has several rows, each has a message of its own: the first of them is sent, the
    others are excluded as duplicates.
    """
    placed = with_place(messages, "row_key", ["ordinal"])
    found = placed.where(f"state = '{state}'", Scope(columns=placed.schema))
    columns = [name for name in planned.schema if name != ROW_KEY]
    joined = with_place(planned, ROW_KEY, columns).join_one(
        replace(found.select(["row_key", ROW_PLACE, column]), key=("row_key", ROW_PLACE)),
        {ROW_KEY: "row_key", ROW_PLACE: ROW_PLACE},
        {f"{column}__": column},
        how="inner",
    )
    own = [column] if column in joined.schema else []
    return joined.drop([ROW_KEY, ROW_PLACE, *own]).rename({f"{column}__": column})


def _account(run: SegmentRun, vertex: Vertex) -> dict[str, Any]:
    deliveries = run.project.store.deliveries
    delivery = deliveries.find(run.execution.campaign, run.execution.id, vertex.name)
    if delivery is None:
        raise Refused(f"the delivery of '{vertex.name}' was never planned.")
    account = deliveries.account(delivery.id)
    return {
        "delivery": delivery.id,
        "targeted": account.planned,
        "sent": account.sent,
        "excluded": dict(account.excluded),
        "failed": dict(account.failed),
        "uncertain": account.uncertain,
        "still waiting": account.waiting + account.in_flight,
        "account closes": "yes" if account.closes else "NO",
    }

"""Planning a delivery: content and population are frozen in the ledger, and nothing is sent."""

from datetime import timedelta

from sqlglot import exp

from campanile.activities.context import ActivityContext
from campanile.activities.email import Email
from campanile.campaigns.schedule import AsapSchedule, OnceSchedule
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.settings import DeliverySettings
from campanile.operations.executing.data import BoundData
from campanile.operations.executing.halves import Half
from campanile.operations.executing.population import ROW_KEY, read_population
from campanile.operations.executing.segment_run import SegmentRun
from campanile.operations.executing.simulated_deliveries import SimulatedDelivery
from campanile.relations.relation import Relation
from campanile.relations.row_keys import key_text
from campanile.relations.sql import ROW, column, negation
from campanile.store.planning import Planner


def plan_delivery(
    run: SegmentRun, data: BoundData, context: ActivityContext, config: Email, why: str
) -> Half:
    """Freeze content and population of a delivery in the ledger; nothing is sent here.

    A plan that was cut off is continued. A test only simulates it. Where the path does not come,
    the delivery is passed by.
    """
    rows, nobody = _of_people(context.inputs[0].relation)
    transition = f"{context.activity}.plan"
    kept = rows.derive({ROW_KEY: key_text(rows.key)})
    if why:
        return Half({transition: kept}, {transition: why})
    recipients = read_population(run, data, context, config, kept)
    if config.when_empty != "continue" and not data.session.count(kept):
        return Half({transition: kept})  # it stops or fails here: there is no delivery
    wanted = _new_delivery(run, context, config, recipients.content)
    if run.mode == "test":
        simulated = SimulatedDelivery(run, wanted).write(recipients)
        details = {**simulated, **_about_nobody(data.session.count(nobody))}
        return Half({transition: kept}, details={transition: details})
    delivery = run.project.store.deliveries.create(wanted, run.project.clock())
    ledger = run.project.store.databases["ledger"]
    account = Planner(ledger, run.project.clock()).plan(delivery.id, recipients)
    details = {
        "delivery": delivery.id,
        "targeted": account.planned,
        "to send": account.waiting,
        "excluded": dict(account.excluded),
        "waits for": run.project.store.deliveries.get(delivery.id).waits_for,
        **_about_nobody(data.session.count(nobody)),
    }
    return Half({transition: kept}, details={transition: details})


def _of_people(rows: Relation) -> tuple[Relation, Relation]:
    """The rows with a key, and those that a reconciliation kept without one."""
    keyless = exp.or_(*[exp.Is(this=column(part, ROW), expression=exp.null()) for part in rows.key])
    return rows.filter(negation(keyless)), rows.filter(keyless)


def _about_nobody(count: int) -> dict[str, object]:
    if not count:
        return {}
    remedy = "They stand for nobody. Say `unmatched: drop` in the reconciliation."
    return {"without a key": count, "fault": {"without a key": remedy}}


def _new_delivery(
    run: SegmentRun, context: ActivityContext, config: Email, content: FrozenContent
) -> NewDelivery:
    now = run.project.clock()
    expires = now + config.expires if isinstance(config.expires, timedelta) else None
    return NewDelivery(
        campaign=run.execution.campaign,
        version=run.execution.version,
        execution_id=run.execution.id,
        execution_key=run.execution.key,
        activity=context.activity,
        mode="live",
        content=content.to_json(),
        settings=_settings(run, config),
        content_date=now,
        expires_at=expires,
    )


def _settings(run: SegmentRun, config: Email) -> DeliverySettings:
    channels = run.project.foundation.channels
    sender = config.sender or channels.default_sender("email") or ""
    topic = channels.topics.get(config.topic) if config.topic else None
    asked = isinstance(run.compiled.campaign.schedule, AsapSchedule | OnceSchedule)
    return DeliverySettings(
        connection=channels.senders[sender].connection,
        sender=sender,
        signing_key=run.project.keys.current,
        topic=config.topic,
        topic_default=topic.default if topic else "opt_in",
        category=config.category,
        per=config.per or "recipient",
        doubt=config.doubt,
        rate=config.pace.rate,
        confirm=asked if config.confirm is None else config.confirm,
        settle_seconds=config.settle.total_seconds()
        if isinstance(config.settle, timedelta)
        else 3600,
    )

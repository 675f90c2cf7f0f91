"""Campaign version -> what Dagster has to know of it."""

import hashlib

from campanile.activities import activity_type
from campanile.activities.approval import Approval
from campanile.activities.await_signal import AwaitSignal
from campanile.activities.base import ActivityConfig
from campanile.activities.task import Task
from campanile.activities.times import write_duration
from campanile.activities.wait import Wait
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definition import Campaign
from campanile.campaigns.graph import Graph, transition_table
from campanile.campaigns.schedule import RecurringSchedule
from campanile.catalog.names import split_reference
from campanile.orchestration.crons import write_crons
from campanile.orchestration.shapes import ActivityShape, CampaignShape, ScheduleShape


def shape_version(compiled: CompiledVersion, version: int) -> CampaignShape:
    """Describe one version, its activities in the order of the graph."""
    campaign, graph, segments = compiled.campaign, compiled.graph, compiled.segments
    home = {name: segment.name for segment in segments for name in segment.activities}
    plans = {name: segment.name for segment in segments for name in segment.plans}
    return CampaignShape(
        name=campaign.name,
        version=version,
        label=campaign.label,
        description=campaign.description,
        owner=campaign.owner,
        tags=campaign.tags,
        schedule=_shape_schedule(campaign),
        activities=tuple(
            _shape_activity(
                graph,
                name,
                campaign.activities[name],
                home[name],
                plans.get(name, ""),
                _first_read(compiled, name),
            )
            for name in graph.order
        ),
    )


def _first_read(compiled: CompiledVersion, name: str) -> tuple[str, ...]:
    """The entities an activity reads that nothing above it reads: one edge into the canvas each."""
    above = {
        entity
        for ancestor in compiled.graph.ancestors(name)
        for entity in compiled.reads.get(ancestor, ())
    }
    return tuple(entity for entity in compiled.reads.get(name, ()) if entity not in above)


def _shape_activity(
    graph: Graph,
    name: str,
    config: ActivityConfig,
    segment: str,
    plan_segment: str,
    entities: tuple[str, ...],
) -> ActivityShape:
    vertex, kind = graph[name], activity_type(config.type)
    followed = [t for other in vertex.after for t in (graph[other].outputs or (other,))]
    return ActivityShape(
        name=name,
        type=config.type,
        segment=segment,
        plan_segment=plan_segment,
        outputs=tuple(split_reference(t)[1] or "" for t in (vertex.outputs or (name,))),
        inputs=tuple(dict.fromkeys(transition_table(t) for t in (*vertex.reads, *followed))),
        entities=entities,
        channel=kind.channel or "",
        gate=vertex.gate,
        waits_for=_waits_for(config),
        label=config.label,
        note=config.note,
        labels=config.labels,
        checks=tuple((check.kind, check.rule) for check in config.checks),
        digest=hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:12],
    )


def _waits_for(config: ActivityConfig) -> str:
    if isinstance(config, AwaitSignal):
        return f"the signal '{config.signal}'"
    if isinstance(config, Approval):
        return f"an answer of {', '.join(config.by)}"
    if isinstance(config, Task):
        return f"the work of {config.assignee}"
    if not isinstance(config, Wait):
        return ""
    if config.between is not None:
        days = ", ".join(str(rule) for rule in config.days)
        return f"the hours {config.between}{f' on {days}' if days else ''}"
    if config.for_ is not None:
        return write_duration(config.for_)
    return f"{config.until}"


def _shape_schedule(campaign: Campaign) -> ScheduleShape | None:
    schedule = campaign.schedule
    if campaign.model or not isinstance(schedule, RecurringSchedule):
        return None
    times = ", ".join(f"{moment:%H:%M}" for moment in schedule.at)
    days = ", ".join(str(rule) for rule in schedule.days)
    parts = [f"Every {schedule.every}", days and f"on {days}", times and f"at {times}"]
    between = f"between {schedule.between}" if schedule.between else ""
    text = " ".join(part for part in (*parts, between) if part)
    return ScheduleShape(write_crons(schedule), schedule.zone.key, f"{text} ({schedule.zone.key}).")

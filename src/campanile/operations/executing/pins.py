"""Pins: the versions, the feedback and the instant that all attempts at a segment read."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.filters import filters_called
from campanile.campaigns.message_references import resolve_message
from campanile.campaigns.schedule import FeedbackSchedule
from campanile.campaigns.segments import START
from campanile.catalog.feedback_entities import MESSAGE_FEEDBACK, MESSAGE_TRACKING
from campanile.operations.entities.copies import is_live, refresh_copies
from campanile.operations.executing.incoming import write_incoming
from campanile.operations.executing.simulated_deliveries import simulated_feedback
from campanile.operations.feedback.message_feedback import FeedbackExporter
from campanile.operations.project import Project
from campanile.relations.references import message_references
from campanile.relations.scope import MessageSource
from campanile.store.execution_rows import Execution
from campanile.store.segment_rows import Segment

_FEEDBACK_ENTITY = re.compile(rf"\b({MESSAGE_FEEDBACK}|{MESSAGE_TRACKING})\b")


def make_pins(
    project: Project, execution: Execution, compiled: CompiledVersion, segment: Segment
) -> Mapping[str, Any]:
    """Settle what a segment reads, as JSON; called once, when it first begins.

    A source that cannot be pinned (a table or files of somebody else) is named under "live".
    """
    store, catalog = project.store, project.catalog
    refresh_copies(project, project.clock())
    pins: dict[str, Any] = {
        "now": segment.due_at.isoformat(),
        "entities": store.entities.pins(catalog.entities),
        "audiences": {name: found.version for name, found in store.audiences.current().items()},
        "live": sorted(n for n, e in catalog.entities.items() if is_live(project, e)),
        "previous_start": _previous_start(project, execution),
        "feedback": None,
        "incoming": None,
    }
    texts = rule_texts(compiled, segment.name)
    sources = message_sources(project, execution, compiled, texts)
    whole = reads_all_feedback(texts)
    if sources or whole:
        exporter = FeedbackExporter.of(store, project.lake)
        exported = exporter.export(None if whole else sources)
        own = simulated_feedback(store.manifests.committed(execution.id).values())
        pins["feedback"] = exported.with_files_of(own).to_json()
    schedule = compiled.campaign.schedule
    if isinstance(schedule, FeedbackSchedule) and segment.name == START and _is_fed(execution):
        pins["incoming"] = write_incoming(project, compiled, execution, segment.due_at)
    return pins


def rule_texts(compiled: CompiledVersion, segment: str) -> list[str]:
    """The texts of all rules of a segment's activities, and of the filters that they call."""
    cut = compiled.segment(segment)
    sites = [
        site
        for name in (*cut.activities, *cut.plans)
        for site in compiled.campaign.activities[name].rules()
    ]
    texts = [text for site in sites for text in _texts(site.written)]
    called = filters_called(texts, compiled.filters)
    return [*texts, *(text for file in called.values() for text in _texts(file.where))]


def reads_all_feedback(texts: Iterable[str]) -> bool:
    """Whether rules look at feedback as an entity: of which messages, nobody knows beforehand."""
    return any(_FEEDBACK_ENTITY.search(text) for text in texts)


def message_sources(
    project: Project, execution: Execution, compiled: CompiledVersion, texts: Iterable[str]
) -> list[MessageSource]:
    """The messages that rules ask about."""
    references: set[str] = set()
    for text in texts:
        references |= message_references(text)
    return [message_source(project, execution, compiled, each) for each in sorted(references)]


def message_source(
    project: Project, execution: Execution, compiled: CompiledVersion, reference: str
) -> MessageSource:
    """What a reference means in this execution; raises DefinitionError when it means nothing."""
    messages = project.definitions.messages
    return resolve_message(compiled.campaign, messages, reference, execution.key)


def _texts(written: object) -> list[str]:
    """The leaves of a rule in tree form, without the words of the tree; sort directions cut off."""
    if isinstance(written, str):
        return [written.removesuffix(" desc").removesuffix(" asc")]
    if isinstance(written, dict):
        return [text for part in written.values() for text in _texts(part)]
    if isinstance(written, list | tuple):
        return [text for part in written for text in _texts(part)]
    return []


def _is_fed(execution: Execution) -> bool:
    return execution.kind == "feedback"


def _previous_start(project: Project, execution: Execution) -> str | None:
    """When the execution before this one, of the same mode, started."""
    earlier = [
        each.started_at
        for each in project.store.executions.of_campaign(execution.campaign)
        if each.id < execution.id and each.mode == execution.mode and each.started_at
    ]
    latest: datetime | None = max(earlier, default=None)
    return latest.isoformat() if latest else None

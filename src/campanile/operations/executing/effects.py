"""Effects of an activity beyond its table: prepared before, and committed with its outputs."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from campanile.activities.base import Outcome
from campanile.activities.effects import Alert, Signal, UpdateEntity, WriteFile
from campanile.activities.effects import Effect as OutcomeEffect
from campanile.campaigns.definition import Campaign
from campanile.campaigns.graph import Vertex
from campanile.campaigns.option_texts import write_text
from campanile.operations.authoring.signals import new_signal, undeclared_of
from campanile.operations.executing.entity_updates import new_entity_version
from campanile.operations.executing.file_extracts import prepare_file
from campanile.operations.executing.saved_audiences import new_audience_version
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.alerts import NewAlert
from campanile.store.execution_rows import Execution
from campanile.store.manifests import Effect
from campanile.store.signals import NewSignal
from campanile.warehouse.warehouse import Session


def prepare_effects(
    run: SegmentRun,
    session: Session,
    vertex: Vertex,
    outcome: Outcome | None,
    *,
    reached: bool,
) -> Sequence[Effect]:
    """Write what the effects need; an unreached path and a test have none."""
    if outcome is None or not reached or run.mode == "test":
        return ()
    prepared = [_prepare(run, session, vertex, effect) for effect in outcome.effects]
    return [effect for effect in prepared if effect is not None]


def _prepare(
    run: SegmentRun,
    session: Session,
    vertex: Vertex,
    effect: OutcomeEffect,
) -> Effect | None:
    if isinstance(effect, Signal):
        return _signal(run, vertex, effect)
    if isinstance(effect, WriteFile):
        return prepare_file(run, session, vertex, effect, written_text(run, effect.file))
    if isinstance(effect, UpdateEntity):
        return new_entity_version(run, session, vertex, effect)
    if isinstance(effect, Alert):
        title, message = (written_text(run, text) for text in (effect.title, effect.message))
        return NewAlert(vertex.name, title, message)
    name = written_text(run, effect.audience)
    return new_audience_version(run, session, vertex, effect, name)


def _signal(run: SegmentRun, vertex: Vertex, effect: Signal) -> NewSignal:
    """What an end starts; the parameters that came in undeclared go on, unless it gives others."""
    came = undeclared_of(run.compiled.campaign, run.execution.parameters)
    given = {name: written_text(run, str(text)) for name, text in effect.payload.items()}
    return new_signal(run.project, run.execution, vertex.name, effect.campaign, {**came, **given})


def written_text(run: SegmentRun, text: str) -> str:
    """A text that may be a template over the campaign, the execution and its parameters."""
    return write_text(text, text_context(run))


def text_context(run: SegmentRun) -> dict[str, object]:
    """What texts of a campaign may name beside rows."""
    return execution_texts(run.compiled.campaign, run.execution, run.project.timezone)


def execution_texts(campaign: Campaign, execution: Execution, zone: ZoneInfo) -> dict[str, object]:
    """The names of texts, with their values in one execution."""
    return {
        "param": dict(execution.parameters),
        "campaign": {"name": campaign.name, "label": campaign.label or campaign.name},
        "execution": {
            "key": execution.key,
            "date": execution.due_at.astimezone(zone).date().isoformat(),
        },
    }

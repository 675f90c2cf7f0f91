"""Effects of an activity beyond its table: prepared before, and committed with its outputs."""

from collections.abc import Sequence

from campanile.activities.base import Alert, Outcome, SaveAudience
from campanile.campaigns.graph import Vertex
from campanile.content.engine import plain_environment, render
from campanile.errors import DefinitionError
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.alerts import NewAlert
from campanile.store.audiences import NewAudienceVersion
from campanile.store.manifests import Effect
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
    return [
        _prepare(run, session, vertex, effect)
        for effect in outcome.effects
        if isinstance(effect, SaveAudience | Alert)
    ]


def _prepare(
    run: SegmentRun, session: Session, vertex: Vertex, effect: SaveAudience | Alert
) -> Effect:
    if isinstance(effect, Alert):
        title, message = (_written(run, text) for text in (effect.title, effect.message))
        return NewAlert(vertex.name, title, message)
    name = _written(run, effect.audience)
    current = run.project.store.audiences.current([name]).get(name)
    expected = current.version if current else 0
    directory = run.project.warehouse.audience_directory(name, expected + 1)
    table = session.write(effect.relation, directory)
    if vertex.dimension is None:
        raise DefinitionError("rows without a targeting dimension cannot be saved as an audience.")
    return NewAudienceVersion(
        audience=name,
        dimension=vertex.dimension,
        expected=expected,
        paths=[str(table.path)],
        rows=table.rows,
        schema={column: type_.value for column, type_ in table.schema.items()},
        execution_id=run.execution.id,
        activity=vertex.name,
        attempt=run.attempt,
    )


def _written(run: SegmentRun, text: str) -> str:
    """A text that may be a template over the campaign, the execution and its parameters."""
    if "{{" not in text and "{%" not in text:
        return text
    environment = plain_environment("text")
    environment.add_template("text", text)
    return render(environment, "text", text_context(run))


def text_context(run: SegmentRun) -> dict[str, object]:
    """What texts of a campaign may name beside rows."""
    campaign = run.compiled.campaign
    return {
        "param": dict(run.execution.parameters),
        "campaign": {"name": campaign.name, "label": campaign.label or campaign.name},
        "execution": {
            "key": run.execution.key,
            "date": run.execution.due_at.astimezone(run.project.timezone).date().isoformat(),
        },
    }

"""Asking people: the question of an approval or a task, as it is put when the path comes there."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.approval import EXPIRED, Approval
from campanile.activities.options import with_parameters
from campanile.activities.task import Task
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.option_texts import write_text
from campanile.campaigns.questions import NewQuestion
from campanile.campaigns.simulation import Simulation
from campanile.operations.executing.effects import execution_texts
from campanile.store.advances import Standing
from campanile.store.gates import GateToArm


def gate_of_people(
    compiled: CompiledVersion, name: str, standing: Standing, now: datetime
) -> GateToArm:
    """The gate that an answer opens; a test asks nobody, it takes what it is told or the first."""
    config = _settled(compiled, name, standing)
    if standing.execution.mode == "test":
        told = Simulation.of(standing.execution.simulation).answers.get(name)
        return GateToArm(name, config.type, now, told or _answers(config)[0])
    due_at = now + config.within if isinstance(config.within, timedelta) else None
    when_due = EXPIRED if isinstance(config, Approval) else "not_done"
    return GateToArm(name, config.type, due_at, when_due)


def question_of(
    compiled: CompiledVersion, name: str, standing: Standing, now: datetime, zone: ZoneInfo
) -> NewQuestion:
    """What is asked, with the number of rows that are committed and go on."""
    config = _settled(compiled, name, standing)
    rows = sum(standing.committed[transition].rows for transition in compiled.graph[name].inputs)
    texts = execution_texts(compiled.campaign, standing.execution, zone)
    written = write_text(_text(config), {**texts, "count": rows})
    due_at = now + config.within if isinstance(config.within, timedelta) else None
    people: dict[str, Any] = (
        {"asked": config.by, "needs": config.needs}
        if isinstance(config, Approval)
        else {"asked": (config.assignee,), "reviewer": config.reviewer, "priority": config.priority}
    )
    return NewQuestion(
        kind=config.type,
        subject=name,
        text=written,
        answers=_answers(config),
        rows=rows,
        due_at=due_at,
        reminders=tuple(each for each in config.remind if isinstance(each, timedelta)),
        **people,
    )


def _settled(compiled: CompiledVersion, name: str, standing: Standing) -> Approval | Task:
    written = compiled.campaign.activities[name]
    values = compiled.campaign.values_of(standing.execution.parameters)
    config = with_parameters(written, values)
    assert isinstance(config, Approval | Task)
    return config


def _answers(config: Approval | Task) -> tuple[str, ...]:
    return config.answers if isinstance(config, Approval) else ("done", "not_done")


def _text(config: Approval | Task) -> str:
    return config.question if isinstance(config, Approval) else config.title

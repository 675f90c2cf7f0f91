"""What a test leaves undone, one sentence for each effect that a live execution has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from campanile.activities.base import ActivityConfig, Outcome
from campanile.activities.effects import Alert, SaveAudience, Signal, UpdateEntity, WriteFile
from campanile.operations.executing.effects import written_text
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.manifest_rows import OutputRow
from campanile.warehouse.warehouse import Session

UNDONE: Final = "left undone"  # the name under which it is told

_Write = Callable[[str], str]


def withheld(
    run: SegmentRun,
    session: Session,
    config: ActivityConfig,
    outcome: Outcome | None,
    rows: Sequence[OutputRow],
) -> list[OutputRow]:
    """The rows of a test, the first one telling what the activity would have done beyond them."""
    if run.mode != "test" or not any(row.reached for row in rows):
        return list(rows)
    said = [*_of_type(config)]
    for effect in outcome.effects if outcome is not None else ():
        relation = getattr(effect, "relation", None)
        count = session.count(relation) if relation is not None else 0
        said.append(SENTENCES[type(effect)](effect, count, lambda text: written_text(run, text)))
    if not said:
        return list(rows)
    first, *others = rows
    return [replace(first, details={**first.details, UNDONE: "; ".join(said)}), *others]


def _save(effect: SaveAudience, count: int, write: _Write) -> str:
    name = write(effect.audience)
    return f"audience '{name}' stays as it is; {effect.mode} would take {count:,} rows"


def _update(effect: UpdateEntity, count: int, _write: _Write) -> str:
    verb = "taken out" if effect.removes else "written"
    return f"entity '{effect.entity}' stays as it is; {count:,} rows would be {verb}"


def _file(effect: WriteFile, count: int, write: _Write) -> str:
    return f"no file is written; '{write(effect.file)}' would have {count:,} rows"


def _alert(effect: Alert, _count: int, write: _Write) -> str:
    return f"nobody is alerted; it would say '{write(effect.title)}'"


def _signal(effect: Signal, _count: int, _write: _Write) -> str:
    return f"no signal is sent; it would go to campaign '{effect.campaign}'"


SENTENCES: Final[Mapping[type, Callable[[Any, int, _Write], str]]] = {
    SaveAudience: _save,
    UpdateEntity: _update,
    WriteFile: _file,
    Alert: _alert,
    Signal: _signal,
}


def _of_type(config: ActivityConfig) -> Sequence[str]:
    """What types do by themselves, without an effect in their outcome."""
    if config.type == "incremental_query":
        return ("nobody is remembered: a live execution takes in the same people",)
    if config.type == "incoming":
        return ("no feedback is consumed: a live execution takes in the same people",)
    if config.type == "load_file" and getattr(config, "delete_after", False):
        return ("the files stay where they are; they would be deleted",)
    action = getattr(config, "action", "")
    if config.type == "transfer_file" and action not in ("exists", "list"):
        return (f"no file is moved; `{action}` would copy those that are listed",)
    return ()

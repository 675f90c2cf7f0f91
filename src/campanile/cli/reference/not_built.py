"""The page about what the format knows and this version does not do; taken from the models."""

from collections.abc import Iterator

from pydantic import BaseModel

from campanile.activities import ACTIVITIES, NOT_BUILT
from campanile.activities.base import ActivityConfig
from campanile.campaigns.schedule import SignalSchedule
from campanile.cli.reference.activities import COMMON
from campanile.cli.reference.files import file_models
from campanile.cli.reference.markdown import code, listed, page, table
from campanile.cli.reference.options import model_word, models_within, unbuilt_options

_NO_EFFECT = "No effect yet"


def not_built_page() -> str:
    """The page; a type or option that is built disappears from it by itself."""
    return page(
        "Not built yet",
        "Campanile knows these words and refuses them by name, rather than reading past them: the"
        " file is faulty until they are taken out.",
        "## Activity types",
        f"{listed(sorted(NOT_BUILT), 'and')}.",
        "## Options",
        table(("Where", "Options"), _options()),
        "## Values",
        "`mode: append` and `mode: update` of save_audience.",
        "## Folders",
        "`packages/`.",
        "## Taken, without effect yet",
        "These are read and checked, and nothing follows from them so far.",
        table(("Where", "Option", "What it is for"), _idle()),
    )


def _options() -> Iterator[tuple[str, str]]:
    for kind, model in file_models().items():
        yield from _of_model(f"{kind} file", model)
    if unbuilt := unbuilt_options(SignalSchedule):
        yield "campaign file, schedule", _joined(unbuilt)
    yield "every activity", _joined(unbuilt_options(ActivityConfig))
    for activity in ACTIVITIES:
        yield from _of_model(activity.name, activity.config, COMMON)


def _of_model(
    where: str, model: type[BaseModel], skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    if unbuilt := unbuilt_options(model, skip):
        yield where, _joined(unbuilt)
    for part in models_within(model, skip):
        if unbuilt := unbuilt_options(part):
            yield f"{where}, {model_word(part).lower()}", _joined(unbuilt)


def _joined(words: list[str]) -> str:
    return ", ".join(map(code, words))


def _idle() -> Iterator[tuple[str, str, str]]:
    for kind, model in file_models().items():
        for part in (model, *models_within(model)):
            for name, info in part.model_fields.items():
                said, _, purpose = (info.description or "").partition(": ")
                if said == _NO_EFFECT:
                    where = "" if part is model else f", {model_word(part).lower()}"
                    yield f"{kind} file{where}", code(info.alias or name), purpose

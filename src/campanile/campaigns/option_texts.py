"""Options that are templates over the campaign, the execution and its parameters."""

from collections.abc import Mapping

from campanile.activities.base import ActivityConfig
from campanile.activities.read_audience import ReadAudience
from campanile.content.engine import plain_environment, render


def write_text(text: str, context: Mapping[str, object]) -> str:
    """Return an option's text with `{{ … }}` filled in; raises RenderError for an unknown name."""
    if "{{" not in text and "{%" not in text:
        return text
    environment = plain_environment("text")
    environment.add_template("text", text)
    return render(environment, "text", dict(context))


def with_audience(config: ActivityConfig, context: Mapping[str, object]) -> ActivityConfig:
    """Return the options of an activity with the name of the audience that it reads filled in."""
    if not isinstance(config, ReadAudience):
        return config
    return config.model_copy(update={"audience": write_text(config.audience, context)})

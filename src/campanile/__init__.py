"""Campanile: orchestrated marketing campaigns on Dagster.

The names here are for analysts in notebooks: `open_project()`, `working_table(project, campaign,
execution, transition)` and `report_frame(project, campaign, execution=None)`. Frames are pandas',
which `pip install 'campanile[analysis]'` brings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campanile.operations.feedback.reports import report_frame, working_table
    from campanile.settings.project import open_project

__version__ = "0.1.0"
__all__ = ["__version__", "open_project", "report_frame", "working_table"]

_HOMES = {
    "open_project": "campanile.settings.project",
    "report_frame": "campanile.operations.feedback.reports",
    "working_table": "campanile.operations.feedback.reports",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: importing the package itself does nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'campanile' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

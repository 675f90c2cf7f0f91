"""What an operation asks of whoever acts, said beside its definition and checked before it begins.

The command line, the API and the console call the same operations, so that this is the one guard.
The first argument is the project, opened for an actor (`Project.acting_for`).
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from campanile.errors import Refused
from campanile.operations.project import Project
from campanile.people.rights import Right

P = ParamSpec("P")
R = TypeVar("R")
Name = TypeVar("Name", bound=str | Sequence[str])

RIGHT: Final = "required_right"  # the attribute of an operation that names its right


def requires(
    right: Right,
) -> Callable[[Callable[Concatenate[Project, P], R]], Callable[Concatenate[Project, P], R]]:
    """An operation on the project: whoever is limited to tags may only look."""

    def guarded(operation: Callable[Concatenate[Project, P], R]) -> Callable[..., R]:
        @wraps(operation)
        def allowed(project: Project, *args: P.args, **kwargs: P.kwargs) -> R:
            project.actor.require(right)
            return operation(project, *args, **kwargs)

        setattr(allowed, RIGHT, right)
        return allowed

    return guarded


def requires_for_campaign(
    right: Right,
) -> Callable[
    [Callable[Concatenate[Project, Name, P], R]], Callable[Concatenate[Project, Name, P], R]
]:
    """An operation on the campaign (or campaigns) that its second argument names."""

    def guarded(operation: Callable[Concatenate[Project, Name, P], R]) -> Callable[..., R]:
        @wraps(operation)
        def allowed(project: Project, name: Name, *args: P.args, **kwargs: P.kwargs) -> R:
            for each in [name] if isinstance(name, str) else name:
                require_for_campaign(project, right, each)
            return operation(project, name, *args, **kwargs)

        setattr(allowed, RIGHT, right)
        return allowed

    return guarded


def require_for_campaign(project: Project, right: Right, campaign: str) -> None:
    """Raise NotAllowed unless whoever acts has `right` for this campaign."""
    project.actor.require(right, _tags(project, campaign, right))


def _tags(project: Project, campaign: str, right: Right) -> tuple[str, ...]:
    """The tags that decide: of the published version or the latest; of the file if there is none.

    They are read only for an actor whom they concern.
    """
    limited_to = project.actor.limited_to
    if limited_to is None or right not in project.actor.rights:
        return ()
    try:
        row = project.store.campaigns.get(campaign)
    except Refused:
        written = project.definitions.campaigns.get(campaign)
        # Of a campaign that nobody knows the operation says so itself.
        return tuple(limited_to) if written is None else written.tags
    stored = project.store.campaigns.version(campaign, row.published_version or row.latest_version)
    return tuple(stored.compiled["campaign"].get("tags", ()))

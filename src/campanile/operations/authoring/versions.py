"""Campaign versions: applied as immutable ones, published, and read back by whoever runs them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from campanile.campaigns.compiled import (
    LANGUAGE_VERSION,
    CompiledVersion,
    compile_campaign,
    from_json,
    to_json,
)
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import CAMPAIGNS_FOLDER
from campanile.campaigns.execution_life import ExecutionKind, Mode
from campanile.campaigns.schedule import AsapSchedule
from campanile.campaigns.simulation import Simulation
from campanile.errors import Refused
from campanile.operations.authoring.approvals import Count, require_approved
from campanile.operations.authoring.publishing import require_publishable
from campanile.operations.authoring.templates import check_templates, frozen_templates
from campanile.operations.people.rights import (
    require_for_campaign,
    requires,
    requires_for_campaign,
)
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.campaigns import CampaignRow, VersionRow
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution


@dataclass(frozen=True)
class LiveVersion:
    """A version the code location serves; a live execution may still need one not published."""

    campaign: str
    version: int
    published: bool


@dataclass(frozen=True)
class Applied:
    """What apply did with one campaign."""

    campaign: str
    version: int
    created: bool
    status: str


@dataclass(frozen=True)
class Published:
    """A campaign that is live or scheduled now, and the execution that began with it, if any."""

    campaign: CampaignRow
    version: int
    execution: Execution | None


@requires_for_campaign(Right.EDIT)
def apply_campaign(project: Project, name: str, *, actor: str) -> Applied:
    """Save the campaign file as a version; the same content again changes nothing.

    Templates are frozen with it. Raises FaultsFound with everything wrong in the file.
    """
    definitions = project.definitions
    campaign = campaign_of(project, name)
    project.actor.require(Right.EDIT, campaign.tags)  # the guard asked for those it had
    check_templates(project, campaign)
    compiled = _frozen(project, campaign)
    saved = project.store.campaigns.save_version(
        name,
        label=campaign.label or name,
        source=definitions.files[name].read_text(encoding="utf-8"),
        compiled=compiled,
        language_version=LANGUAGE_VERSION,
        digest=_digest(compiled),
        by=actor,
    )
    status = project.store.campaigns.get(name).status
    return Applied(name, saved.version, saved.created, status)


def campaign_of(project: Project, name: str) -> Campaign:
    """The campaign as its file says; raises FaultsFound, or Refused when there is no such file."""
    definitions = project.definitions
    for file, faults in definitions.broken.items():
        if Path(file).parts[0] == CAMPAIGNS_FOLDER and Path(file).stem == name:
            raise faults
    if name not in definitions.campaigns:
        known = ", ".join(definitions.campaigns) or "none"
        raise Refused(f"no file defines a campaign '{name}'.", remedy=f"There is: {known}.")
    return definitions.campaigns[name]


@requires_for_campaign(Right.PUBLISH)
def publish(
    project: Project,
    name: str,
    *,
    version: int | None = None,
    actor: str,
    count: Count | None = None,
) -> Published:
    """Make a version (the latest) the one that new executions run.

    A campaign scheduled `asap` starts at once, and once for each of its versions, however often
    that is published; any other waits for its first slot or event, a model for its orders. Raises
    Refused for a version that policies have not approved (`count` tells how many it reaches), and
    FaultsFound with all that stands against it today.
    """
    row = project.store.campaigns.get(name)
    chosen = version or row.latest_version
    compiled = get_version(project, name, chosen)
    if chosen != row.published_version:
        require_publishable(project, version_row(project, name, chosen), compiled)
        require_approved(project, compiled, chosen, count)
    if _is_transactional(compiled.campaign):
        require_for_campaign(project, Right.PUBLISH_TRANSACTIONAL, name)
    if compiled.campaign.model or not isinstance(compiled.campaign.schedule, AsapSchedule):
        row = project.store.campaigns.publish(name, chosen, by=actor)
        return Published(row, chosen, None)
    wanted = _new_execution(project, compiled, chosen, kind="asap", mode="live", actor=actor)
    row, execution = project.store.campaigns.publish_and_start(wanted, by=actor)
    return Published(row, chosen, execution)


@requires_for_campaign(Right.EDIT)
def start_execution(
    project: Project,
    campaign: str,
    *,
    kind: Literal["manual", "test", "signal", "order"],
    mode: Literal["live", "test"] = "live",
    version: int | None = None,
    parameters: Mapping[str, str] | None = None,
    simulation: Simulation | None = None,
    actor: str,
) -> Execution:
    """Ask for an execution; the clock starts it. A test may run a version not published.

    Raises Refused where the simulation of a test names what the version has not.
    """
    if mode == "live":
        require_for_campaign(project, Right.PUBLISH, campaign)
    row = project.store.campaigns.get(campaign)
    chosen = version or (row.latest_version if mode == "test" else row.published_version)
    if chosen is None:
        raise Refused(
            f"campaign '{campaign}' is not published.",
            remedy=f"`campanile publish {campaign}`, or `campanile test {campaign}`.",
        )
    compiled = get_version(project, campaign, chosen)
    if compiled.campaign.model and mode == "live" and kind != "order":
        raise Refused(
            f"campaign '{campaign}' is a model: it runs for orders only.",
            remedy=f"`campanile duplicate {campaign} NEW_NAME` makes a campaign of it.",
        )
    wanted = _new_execution(
        project, compiled, chosen, kind=kind, mode=mode, actor=actor, given=parameters or {}
    )
    if mode == "test":
        told = simulation or Simulation()
        told.require_known(compiled.graph)
        wanted = replace(wanted, simulation=told.to_json())
    return project.store.executions.create(wanted)


def _is_transactional(campaign: Campaign) -> bool:
    """Whether any of its messages asks no consent."""
    configs = campaign.activities.values()
    return any(getattr(config, "category", None) == "transactional" for config in configs)


def start_on_feedback(project: Project, campaign: str, version: int) -> Execution | None:
    """Ask for an execution over new people; None while another one of that kind is open.

    Two that look at once start one: both would take in the same people.
    """
    compiled = get_version(project, campaign, version)
    wanted = _new_execution(
        project, compiled, version, kind="feedback", mode="live", actor="retargeting"
    )
    return project.store.executions.create_unless_open(wanted)


def _new_execution(
    project: Project,
    compiled: CompiledVersion,
    version: int,
    *,
    kind: ExecutionKind,
    mode: Mode,
    actor: str,
    given: Mapping[str, str] = MappingProxyType({}),
) -> NewExecution:
    return NewExecution(
        campaign=compiled.campaign.name,
        version=version,
        kind=kind,
        mode=mode,
        requested_by=actor,
        due_at=project.clock(),
        parameters=parameters_of(compiled, given, test=mode == "test"),
    )


def parameters_of(
    compiled: CompiledVersion, given: Mapping[str, str], *, test: bool = False
) -> dict[str, str]:
    """The texts of all parameters of an execution; raises Refused for wrong or missing ones."""
    compiled.campaign.parameter_values(given, test=test)
    texts = {}
    for name, parameter in compiled.campaign.parameters.items():
        default = parameter.test if test and parameter.test is not None else parameter.default
        texts[name] = str(given.get(name, default))
    return texts


def live_versions(project: Project) -> tuple[LiveVersion, ...]:
    """What the code location serves: published versions, and those that open executions need."""
    published = {row.name: row.published_version for row in project.store.campaigns.inventory()}
    return tuple(
        LiveVersion(name, version, published.get(name) == version)
        for name, version in project.store.campaigns.live_versions()
    )


def get_version(project: Project, campaign: str, version: int) -> CompiledVersion:
    """Read one version, and nothing else; raises Refused for one that cannot be read any more."""
    return parse_version(version_row(project, campaign, version))


@requires(Right.VIEW)
def version_row(project: Project, campaign: str, version: int) -> VersionRow:
    """One version as it is stored, its frozen templates included."""
    return project.store.campaigns.version(campaign, version)


def parse_version(row: VersionRow) -> CompiledVersion:
    """Read what is stored; raises Refused where this product cannot."""
    content = {key: value for key, value in row.compiled.items() if key != "templates"}
    try:
        return _from_text(json.dumps(content))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"version {row.version} of campaign '{row.campaign}' cannot be read by this product.",
            remedy=f"Apply its file again: `campanile apply`, `campanile publish {row.campaign}`.",
        ) from error


@lru_cache(maxsize=64)
def _from_text(text: str) -> CompiledVersion:
    return from_json(text)


def _frozen(project: Project, campaign: Campaign) -> dict[str, Any]:
    """What is stored of a campaign: compiled, with its templates as they are now."""
    definitions = project.definitions
    compiled: dict[str, Any] = json.loads(to_json(compile_campaign(campaign, definitions)))
    compiled["templates"] = frozen_templates(definitions.templates_root, campaign)
    return compiled


def _digest(compiled: Mapping[str, Any]) -> str:
    text = json.dumps(compiled, sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=32).hexdigest()

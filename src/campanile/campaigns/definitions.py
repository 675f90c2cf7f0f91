"""Everything a project's files define, read together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from campanile.activities.quotas import Distribution
from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.project_file import ProjectFile
from campanile.campaigns.receivers import Receiver
from campanile.campaigns.table_sources import check_table_sources
from campanile.catalog.entities import Catalog
from campanile.catalog.loading import load_catalog
from campanile.catalog.model_faults import empty_values, model_faults
from campanile.catalog.saved_audiences import KnownAudience
from campanile.catalog.yaml_document import Document, plain
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import Fault, FaultsFound, Place
from campanile.relations.parse import did_you_mean
from campanile.relations.types import Schema

SETTINGS_FILE = "campanile.yaml"
CAMPAIGNS_FOLDER = "campaigns"


@dataclass(frozen=True)
class Definitions:
    """What a campaign may refer to.

    `messages` are the channel activities of every campaign file, as `campaign.activity`, with what
    one message is for (`row`, `recipient`); `receivers` are the campaigns of all files, with what
    they say about signals. `audiences` are the saved ones that are known, with the
    dimension of each. `bound` are the columns of entities found in a source.
    `broken` holds, by file, the faults of campaigns that are not in `campaigns`, and of filters
    and distributions.
    """

    folder: Path
    project: ProjectFile
    catalog: Catalog
    channels: ChannelsFile
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    audiences: Mapping[str, KnownAudience] = field(default_factory=dict)
    filters: Mapping[str, FilterFile] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    bound: Mapping[str, Schema] = field(default_factory=dict)
    broken: Mapping[str, FaultsFound] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()

    @property
    def templates_root(self) -> Path:
        """The folder of templates."""
        return self.folder / "templates"

    @property
    def timezone(self) -> str:
        """The time zone of campaigns that name none."""
        return self.project.timezone


def read_project(
    folder: Path, *, environment: str | None = None, bound: Mapping[str, Schema] | None = None
) -> tuple[Definitions, list[Fault]]:
    """Read settings, catalog and channels of the project in `folder`, without its campaigns."""
    faults: list[Fault] = []
    project = _read_settings(folder, environment, faults)
    documents = [_document(folder, path) for path in _files(folder / "catalog")]
    catalog, found = load_catalog(documents)
    faults += found
    faults += check_table_sources(project, catalog, documents)
    channels = _read_channels(folder, project, faults)
    for path in _files(folder / "packages"):
        place = Place(str(path.relative_to(folder)))
        faults.append(Fault(place, "packages are not built yet.", code="not_built"))
    return Definitions(folder, project, catalog, channels, bound=bound or {}), faults


def parse_file(document: Document, model: type[BaseModel], faults: list[Fault]) -> BaseModel | None:
    """Validate a whole document as `model`; add what is wrong to `faults`."""
    faults += document.faults
    if document.root is None:
        return None
    faults += empty_values(document)
    try:
        return model.model_validate(plain(document.root))
    except ValidationError as error:
        found = model_faults(error, document, (), model)
        faults += without_losses(document, found)
        return None


def without_losses(document: Document, faults: Iterable[Fault]) -> list[Fault]:
    """Leave out what is only missing because a line of the document could not be read."""
    if document.broken_at is None:
        return list(faults)
    return [fault for fault in faults if fault.code not in ("missing", "wait", "schedule")]


def documents_in(
    folder: Path, part: Literal["campaigns", "filters", "distributions", "tests"]
) -> dict[Path, Document]:
    """All files in a part of the project, sorted by path."""
    return {path: _document(folder, path) for path in _files(folder / part)}


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())


def _document(folder: Path, path: Path) -> Document:
    return read_yaml(path.read_bytes(), str(path.relative_to(folder)))


def _read_settings(folder: Path, environment: str | None, faults: list[Fault]) -> ProjectFile:
    path = folder / SETTINGS_FILE
    nothing = ProjectFile(name="unnamed")
    if not path.is_file():
        message = "the project has no settings file."
        faults.append(Fault(Place(SETTINGS_FILE), message, "`campanile init` writes one."))
        return nothing
    document = _document(folder, path)
    settings = parse_file(document, ProjectFile, faults)
    if not isinstance(settings, ProjectFile):
        return nothing
    if environment and environment not in settings.environments:
        known = (settings.environment, *settings.environments)
        if environment != settings.environment:
            message = f"there is no environment `{environment}`."
            faults.append(Fault(Place(SETTINGS_FILE), message, did_you_mean(environment, known)))
    return settings.in_environment(environment)


def _read_channels(folder: Path, project: ProjectFile, faults: list[Fault]) -> ChannelsFile:
    path = folder / "channels.yaml"
    if not path.is_file():
        return ChannelsFile()
    document = _document(folder, path)
    channels = parse_file(document, ChannelsFile, faults)
    if not isinstance(channels, ChannelsFile):
        return ChannelsFile()
    defaults: set[str] = set()
    for name, sender in channels.senders.items():
        if sender.connection not in project.mail_servers:
            place = document.place_of(("senders", name, "connection"))
            message = f"there is no mail server `{sender.connection}` in {SETTINGS_FILE}."
            remedy = did_you_mean(sender.connection, project.mail_servers)
            faults.append(Fault(place, message, remedy, "unknown_connection"))
        if sender.default and sender.channel in defaults:
            place = document.place_of(("senders", name, "default"))
            faults.append(Fault(place, f"{sender.channel} has a default sender already."))
        if sender.default:
            defaults.add(sender.channel)
    return channels

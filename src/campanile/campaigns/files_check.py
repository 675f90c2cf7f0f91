"""What campaigns say of files: connections that there are, samples, and who brings what is read."""

from collections.abc import Iterator

from campanile.activities.base import ActivityConfig
from campanile.activities.extract_file import ExtractFile
from campanile.activities.file_paths import connection_in
from campanile.activities.load_file import LoadFile
from campanile.activities.transfer_file import TransferFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import SETTINGS_FILE, Definitions
from campanile.campaigns.graph_check import GraphFault
from campanile.relations.parse import did_you_mean


def check_files(campaign: Campaign, definitions: Definitions) -> Iterator[GraphFault]:
    """Find fault with the files of a campaign; no folder and no server is asked."""
    for name, config in campaign.activities.items():
        path = ("activities", name)
        yield from _check_connections(path, config, definitions)
        if isinstance(config, LoadFile):
            yield from _check_source(path, config, campaign)
            yield from _check_sample(path, config, definitions)


def _check_connections(
    path: tuple[str, ...], config: ActivityConfig, definitions: Definitions
) -> Iterator[GraphFault]:
    known = definitions.project.file_places
    for option in ("file", "source", "target"):
        written = getattr(config, option, None)
        if not isinstance(config, LoadFile | ExtractFile | TransferFile) or written is None:
            continue
        connection = connection_in(written)
        if connection is not None and connection not in known:
            message = f"there is no connection for files `{connection}` in {SETTINGS_FILE}."
            remedy = did_you_mean(connection, known)
            yield GraphFault((*path, option), message, remedy, "unknown_connection")


def _check_source(
    path: tuple[str, ...], config: LoadFile, campaign: Campaign
) -> Iterator[GraphFault]:
    bring = [
        name for name in config.after if isinstance(campaign.activities.get(name), TransferFile)
    ]
    if config.file is None and not bring:
        message = "it names no `file`, and no `transfer_file` in `after` brings one."
        yield GraphFault(path, message, "Write `file`, or follow a transfer_file.", "unknown_file")


def _check_sample(
    path: tuple[str, ...], config: LoadFile, definitions: Definitions
) -> Iterator[GraphFault]:
    if config.sample is None:
        return
    root = definitions.folder.resolve()
    sample = (root / config.sample).resolve()
    if not sample.is_relative_to(root):
        message = "a sample lies in the project's folder."
        yield GraphFault((*path, "sample"), message, "Copy it there.", "unknown_file")
    elif not sample.is_file():
        message = f"there is no sample `{config.sample}` in the project's folder."
        yield GraphFault((*path, "sample"), message, "", "unknown_file")

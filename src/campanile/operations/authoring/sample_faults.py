"""What a sample shows about the columns of a `load_file`: checked without a store."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from campanile.activities.load_file import LoadFile
from campanile.campaigns.definitions import Definitions
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import CampanileError, Fault
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.staging import open_staging
from campanile.warehouse.texts.file_tables import REFUSED, FileTables

_MOST_SHOWN = 5


def sample_faults(definitions: Definitions, name: str) -> list[Fault]:
    """The faults that the samples of one campaign, which loaded without faults, bring to light."""
    campaign = definitions.campaigns[name]
    zone = campaign.schedule.timezone or definitions.timezone
    return [
        fault
        for activity, config in campaign.activities.items()
        if isinstance(config, LoadFile) and config.sample is not None
        for fault in _faults(definitions, name, activity, config, zone)
    ]


def _faults(
    definitions: Definitions, name: str, activity: str, config: LoadFile, zone: str
) -> Iterator[Fault]:
    file = definitions.files[name]
    document = read_yaml(file.read_bytes(), str(file.relative_to(definitions.folder)))
    path = ("activities", activity, "sample")
    try:
        rejected = _rejected(definitions.folder / str(config.sample), config, zone)
    except CampanileError as error:
        yield Fault(document.place_of(path), error.message, error.remedy, "sample")
        return
    for line, column, reason in rejected:
        at = ("activities", activity, "columns", str(column)) if column in config.columns else path
        message = f"line {line} of {config.sample} does not fit: {reason}."
        yield Fault(document.place_of(at, key=True), message, "", "sample")


def _rejected(sample: Path, config: LoadFile, zone: str) -> list[tuple[object, ...]]:
    """The first rows of a sample that its columns cannot read; a sample holds nobody's data."""
    with TemporaryDirectory(prefix="campanile-sample-") as folder:
        lake = DuckDBLake(Path(folder), memory_limit="256MB", threads=1)
        with open_staging(lake) as staging:
            tables = FileTables(staging, config, zone)
            tables.open()
            tables.take(sample, str(config.sample))
            return staging.all(
                f'SELECT line, "column", reason FROM {REFUSED} '  # noqa: S608
                f"ORDER BY line LIMIT {_MOST_SHOWN}"
            )

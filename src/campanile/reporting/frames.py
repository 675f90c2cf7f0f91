"""Data frames for analysts; pandas is imported here and nowhere else, when it is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campanile.errors import ConfigurationError
from campanile.reporting.report import CampaignReport

if TYPE_CHECKING:
    import pandas as pd


def table_frame(paths: Sequence[Path], columns: Sequence[str]) -> "pd.DataFrame":
    """The rows of Parquet files as one frame; without files, an empty one with `columns`."""
    pandas = _pandas()
    if not paths:
        empty: pd.DataFrame = pandas.DataFrame(columns=list(columns))
        return empty
    import pyarrow.parquet as pq

    frames = [pq.read_table(path).to_pandas() for path in paths]  # type: ignore[no-untyped-call]
    whole: pd.DataFrame = pandas.concat(frames, ignore_index=True)
    return whole


def report_frame(report: CampaignReport) -> "pd.DataFrame":
    """One row per activity and execution; a report of one execution has only its rows."""
    rows = [
        {"campaign": report.campaign, "activity": one.activity, "execution": one.execution}
        | one.numbers.flat()
        for one in report.comparison
        if report.execution in (None, one.execution)
    ]
    frame: pd.DataFrame = _pandas().DataFrame(rows)
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "data frames need a package that is not installed.",
            remedy="Install it: pip install 'campanile[analysis]'",
        ) from error
    return pandas

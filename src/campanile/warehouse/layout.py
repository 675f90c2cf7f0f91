"""Where the files of a project's data lie, and by which names its tables are kept."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The folders below `root`. With `scratch`, working tables go there: a rehearsal's vanish."""

    root: Path
    scratch: Path | None = field(default=None, kw_only=True)

    def work_directory(self, campaign: str, execution: str, transition: str) -> Path:
        """Where a working table lies."""
        return (self.scratch or self.root / "work") / campaign / execution / transition

    def data_directory(self, entity: str, version: int) -> Path:
        """Where one version of an entity lies."""
        return self.root / "data" / entity / f"version={version}"

    def audience_directory(self, name: str, version: int) -> Path:
        """Where one version of a saved audience lies."""
        return self.root / "audience" / name / f"version={version}"

    def feedback_directory(self, table: str, watermark: str) -> Path:
        """Where the feedback copied up to a watermark lies."""
        return self.root / "feedback" / table / watermark

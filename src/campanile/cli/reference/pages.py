"""All generated pages of the reference, by their path below its folder."""

from pathlib import Path

from campanile.cli.reference.activities import activity_pages
from campanile.cli.reference.commands import commands_page
from campanile.cli.reference.files import file_pages
from campanile.cli.reference.functions import functions_page
from campanile.cli.reference.not_built import not_built_page
from campanile.cli.reference.values import values_page


def reference_pages() -> dict[str, str]:
    """Make every page; nothing is read but the product itself."""
    return {
        **file_pages(),
        **activity_pages(),
        "values.md": values_page(),
        "functions.md": functions_page(),
        "commands.md": commands_page(),
        "not-built.md": not_built_page(),
    }


def write_reference(folder: Path) -> list[Path]:
    """Write every page below `folder` that is not there in this form; returns those written."""
    written = []
    for path, text in reference_pages().items():
        file = folder / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(file)
    return written

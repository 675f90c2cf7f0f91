"""What an editor needs to complete and check a project's files: their schemas, and where they are.

VS Code's YAML extension reads `.vscode/settings.json`; others read the comment at a file's top.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from campanile.campaigns.definitions import SETTINGS_FILE
from campanile.campaigns.schema import MODELS, FileKind, json_schema
from campanile.errors import Refused
from campanile.operations.authoring.chosen_files import project_above

SCHEMAS_FOLDER: Final = "schemas"
EDITOR_SETTINGS: Final = ".vscode/settings.json"
_PLACES: Final[Mapping[FileKind, str]] = {
    "project": f"/{SETTINGS_FILE}",
    "channels": "/channels.yaml",
    "catalog": "/catalog/*.yaml",
    "campaign": "/campaigns/**/*.yaml",
    "filter": "/filters/**/*.yaml",
    "distribution": "/distributions/**/*.yaml",
    "tests": "/tests/**/*.yaml",
}


def schema_text(kind: FileKind) -> str:
    """The schema of a kind of file, as its file holds it."""
    return f"{json.dumps(json_schema(kind), indent=2, ensure_ascii=False)}\n"


def schema_comment(kind: FileKind, file: str, schemas: str = SCHEMAS_FOLDER) -> str:
    """The first line by which editors know the schema of `file`; both paths are the project's."""
    schema = os.path.relpath(f"{schemas}/{kind}.json", os.path.dirname(file) or ".")  # noqa: PTH120
    return f"# yaml-language-server: $schema={Path(schema).as_posix()}"


def editor_settings(written: str = "{}", schemas: str = SCHEMAS_FOLDER) -> str:
    """The editor's settings with the schemas of the project; what else is `written` stays.

    Raises ValueError when `written` is not a JSON object.
    """
    settings = json.loads(written)
    if not isinstance(settings, dict) or not isinstance(settings.get("yaml.schemas", {}), dict):
        raise ValueError(written)
    ours = {f"./{schemas}/{kind}.json": place for kind, place in _PLACES.items()}
    places: dict[str, Any] = settings.get("yaml.schemas", {})
    others = {schema: place for schema, place in places.items() if place not in ours.values()}
    return f"{json.dumps({**settings, 'yaml.schemas': {**others, **ours}}, indent=2)}\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas into `folder`, and into the settings of the editor where it is a project's.

    Returns the files written. Raises Refused when one cannot be, or the settings are not JSON.
    """
    project = project_above(folder)
    texts = {folder / f"{kind}.json": schema_text(kind) for kind in MODELS}
    if project is not None:
        settings = project / EDITOR_SETTINGS
        schemas = folder.resolve().relative_to(project).as_posix()
        texts[settings] = _merged(settings, schemas)
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{error.filename}: it cannot be written: {error.strerror}.") from error
    return list(texts)


def _merged(settings: Path, schemas: str) -> str:
    written = settings.read_text(encoding="utf-8") if settings.exists() else "{}"
    try:
        return editor_settings(written, schemas)
    except ValueError as error:
        wanted = json.loads(editor_settings(schemas=schemas))["yaml.schemas"]
        raise Refused(
            f"{settings}: it is not plain JSON, so nothing was written.",
            remedy=f'Write there: "yaml.schemas": {json.dumps(wanted)}',
        ) from error

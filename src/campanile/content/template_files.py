"""The files of a template: which one a channel and language use, front matter, and partials."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from campanile.content.pieces import Piece, SourceFile, Tag, fault_at, split
from campanile.errors import DefinitionError, Place

FILE_LIMIT: Final = 512 * 1024  # bytes of one template file

_FRONT_MATTER: Final = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_KNOWN_KEYS: Final = ("subject", "preheader", "title", "defaults")
_INCLUDE: Final = re.compile(r"include\s+(?:'([^'\\]*)'|\"([^\"\\]*)\")\Z")
_INCLUDE_DEPTH: Final = 8


@dataclass(frozen=True)
class FrontMatter:
    """What a template says about itself; a campaign may say otherwise."""

    subject: str | None = None
    preheader: str | None = None
    title: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TemplateFiles:
    """The files that one channel and language of a template are made of.

    `body` is MJML or HTML for e-mail and plain text for other channels; `text` is the hand-written
    text part of an e-mail, where there is one. `partials` holds the included files by name.
    """

    name: str
    body: SourceFile
    is_mjml: bool
    text: SourceFile | None
    front: FrontMatter
    partials: Mapping[str, SourceFile]

    def pieces(self, file: SourceFile) -> list[Piece]:
        """Return `file` cut into pieces, with the partials that it includes in their places."""
        return _expand(file, self.partials, depth=0)


def read_template(
    folder: Path, template: str, channel: str = "email", language: str | None = None
) -> TemplateFiles:
    """Read what `channel` and `language` use of `template` (a folder or a file) under `folder`.

    Raises FaultsFound, or DefinitionError when the template itself is not there.
    """
    base = _inside(folder, template)
    if base.is_dir():
        body_path = _choose(base, channel, _body_suffixes(channel), language)
        text_path = _choose(base, channel, (".txt",), language) if channel == "email" else None
    else:
        body_path, text_path = (base if base.is_file() and base.suffix else None), None
    if body_path is None:
        raise _missing(folder, base, template, channel)
    body, front = _read_with_front_matter(folder, body_path)
    text, text_front = _read_with_front_matter(folder, text_path) if text_path else (None, None)
    partials: dict[str, SourceFile] = {}
    for file in filter(None, (body, text)):
        _collect_partials(folder, file, partials, depth=0)
    return TemplateFiles(
        template, body, body_path.suffix == ".mjml", text, _merged(front, text_front), partials
    )


def _body_suffixes(channel: str) -> tuple[str, ...]:
    return (".mjml", ".html") if channel == "email" else (".txt",)


def _choose(
    base: Path, channel: str, suffixes: tuple[str, ...], language: str | None
) -> Path | None:
    """Return the file for `fr-CA`, else for `fr`, else the one without a language."""
    tags = []
    if language and re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", language):
        tags = [f".{language}", f".{re.split('[-_]', language)[0]}"]
    for tag in [*tags, ""]:
        for suffix in suffixes:
            if (path := base / f"{channel}{tag}{suffix}").is_file():
                return path
    return None


def _missing(folder: Path, base: Path, template: str, channel: str) -> DefinitionError:
    wanted = " or ".join(channel + suffix for suffix in _body_suffixes(channel))
    if base.is_dir():
        there = ", ".join(sorted(path.name for path in base.iterdir())) or "no file"
        message = f"template '{template}' has no {wanted}; it has: {there}."
    else:
        known = sorted(
            str(path.parent.relative_to(folder)) for path in folder.glob(f"**/{channel}.*")
        )
        message = f"there is no template '{template}'; there are: {', '.join(known) or 'none'}."
    return DefinitionError(message, remedy=f"Write {template}/{wanted}.", code="template")


def _inside(folder: Path, name: str) -> Path:
    """Return the path of `name` under `folder`; refuse one that leads out of it."""
    pure = PurePosixPath(name)
    path = folder / pure
    escapes = pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name
    if escapes or not name or not path.resolve().is_relative_to(folder.resolve()):
        raise DefinitionError(
            f"'{name}' is not a path inside the templates folder.",
            remedy="Name it from there, without '..', such as winter/teaser.",
            code="path",
        )
    return path


def _read(folder: Path, path: Path) -> SourceFile:
    name = path.relative_to(folder.parent).as_posix()
    if path.stat().st_size > FILE_LIMIT:
        raise fault_at(
            Place(name),
            f"the file has {path.stat().st_size} bytes; a template has at most {FILE_LIMIT}.",
            "Keep images outside and refer to them by address.",
            "size",
        )
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise fault_at(
            Place(name, line, column), "the file is not UTF-8.", "Save it as UTF-8.", "encoding"
        ) from None
    return SourceFile(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _read_with_front_matter(folder: Path, path: Path) -> tuple[SourceFile, FrontMatter]:
    file = _read(folder, path)
    match = _FRONT_MATTER.match(file.text)
    if match is None:
        return file, FrontMatter()
    body = SourceFile(file.name, file.text[match.end() :], match.group().count("\n") + 1)
    return body, _front_matter(file.name, match.group(1) or "")


def _front_matter(name: str, text: str) -> FrontMatter:
    try:
        said = YAML(typ="safe", pure=True).load(StringIO(text)) or {}
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise fault_at(
            Place(name, line, 1),
            "the front matter is not YAML.",
            'Quote a text that begins with a brace: subject: "{{ first_name }}, …".',
            "syntax",
        ) from None
    if not isinstance(said, dict):
        raise fault_at(Place(name, 2, 1), "the front matter is not a list of keys with values.")
    for key, value in said.items():
        _check_front_matter(name, text, key, value)
    return FrontMatter(**{**said, "defaults": said.get("defaults") or {}})


def _check_front_matter(name: str, text: str, key: Any, value: Any) -> None:
    line = next((n for n, row in enumerate(text.split("\n"), 2) if row.startswith(f"{key}")), 2)
    place = Place(name, line, 1)
    if key not in _KNOWN_KEYS:
        raise fault_at(
            place, f"'{key}' is no key of front matter, which has: {', '.join(_KNOWN_KEYS)}."
        )
    if key == "defaults":
        plain = isinstance(value, dict) and all(
            isinstance(name, str) and isinstance(item, str | int | float | bool)
            for name, item in value.items()
        )
        if value is not None and not plain:
            raise fault_at(place, "'defaults' is not a map from columns to values.")
    elif not isinstance(value, str):
        raise fault_at(place, f"'{key}' is not a text.", 'Quote it: "{{ … }}".')


def _merged(front: FrontMatter, other: FrontMatter | None) -> FrontMatter:
    if other is None:
        return front
    return FrontMatter(
        front.subject or other.subject,
        front.preheader or other.preheader,
        front.title or other.title,
        {**other.defaults, **front.defaults},
    )


def include_name(tag: Tag) -> str | None:
    """Return the file that `{% include "…" %}` names, or None for another tag.

    Raises FaultsFound for an include whose name is not a fixed text.
    """
    if tag.kind != "block" or tag.keyword != "include":
        return None
    match = _INCLUDE.match(tag.source)
    if match is None:
        raise fault_at(
            tag.place,
            "an include names one file in quotes and nothing else.",
            "Write {% include '_parts/footer.mjml' %}, with an if around it where it depends.",
            "include",
        )
    return match.group(1) or match.group(2) or ""


def _collect_partials(
    folder: Path, file: SourceFile, partials: dict[str, SourceFile], depth: int
) -> None:
    for tag in (piece for piece in split(file) if isinstance(piece, Tag)):
        name = include_name(tag)
        if name is None:
            continue
        if depth >= _INCLUDE_DEPTH:
            raise fault_at(tag.place, f"includes are nested more than {_INCLUDE_DEPTH} deep.")
        if name not in partials:
            partials[name] = _read_partial(folder, tag, name)
        _collect_partials(folder, partials[name], partials, depth + 1)


def _read_partial(folder: Path, tag: Tag, name: str) -> SourceFile:
    try:
        path = _inside(folder, name)
    except DefinitionError as error:
        raise fault_at(tag.place, error.message, error.remedy, "path") from None
    if not PurePosixPath(name).parts[0].startswith("_"):
        raise fault_at(
            tag.place,
            f"'{name}' is not a partial.",
            "Partials lie in folders that begin with '_', such as _parts/footer.mjml.",
            "include",
        )
    if not path.is_file():
        known = sorted(p.relative_to(folder).as_posix() for p in folder.glob("_*/**/*.*"))
        raise fault_at(
            tag.place,
            f"there is no partial '{name}'; there are: {', '.join(known) or 'none'}.",
            code="include",
        )
    return _read(folder, path)


def _expand(file: SourceFile, partials: Mapping[str, SourceFile], depth: int) -> list[Piece]:
    pieces: list[Piece] = []
    for piece in split(file):
        name = include_name(piece) if isinstance(piece, Tag) else None
        if name is None:
            pieces.append(piece)
        elif depth >= _INCLUDE_DEPTH or name not in partials:
            raise DefinitionError(f"the partial '{name}' was not read.", code="include")
        else:
            pieces.extend(_expand(partials[name], partials, depth + 1))
    return pieces

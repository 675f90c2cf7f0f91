"""Templates: checked when a campaign is applied, frozen with its version, compiled per delivery."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from campanile.activities.email import Email
from campanile.campaigns.compiled import compile_campaign
from campanile.campaigns.definition import Campaign
from campanile.campaigns.reach import working_tables
from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.scopes import build_entity_tables
from campanile.content.compile import compile_email
from campanile.content.compiled import CompiledContent
from campanile.content.growth import grows_too_large
from campanile.content.headers import Mailbox
from campanile.content.template_files import FILE_LIMIT, read_template
from campanile.deliveries.frozen_content import FrozenContent
from campanile.errors import Fault, FaultsFound, Place, Refused, located
from campanile.relations.types import Schema

if TYPE_CHECKING:  # `campanile validate` needs no store and no engine
    from campanile.operations.project import Project

_CONTEXT: Final = ("campaign", "execution", "param")
_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def check_templates(project: "Project", campaign: Campaign) -> None:
    """Compile every message of a campaign once; raises FaultsFound with all faults of all."""
    graph = compile_campaign(campaign, project.definitions).graph
    tables = working_tables(campaign, graph, project.definitions)
    faults: list[Fault] = []
    for name, config in campaign.activities.items():
        if not isinstance(config, Email):
            continue
        dimension = project.catalog.dimensions.get(graph[name].dimension or "")
        columns = tables[config.from_[0]].schema if config.from_[0] in tables else {}
        try:
            frozen = compile_message(
                project,
                config,
                project.definitions.templates_root,
                allowed=allowed_names(project.catalog, dimension, columns),
                date=_ANY_DAY,
                constants={name: {} for name in _CONTEXT},
            )
            _require_bounded(frozen, config.template)
        except FaultsFound as found:
            faults.extend(found.faults)
    if faults:
        raise FaultsFound(faults)


def _require_bounded(frozen: FrozenContent, template: str) -> None:
    """Raise FaultsFound when one message could take all memory, and so end the process."""
    for content in frozen.contents.values():
        if grows_too_large((content.subject, content.text, content.html), content.names):
            message = "a text in it grows until there is no memory left."
            remedy = "Look at each `set`: does a loop double what it holds?"
            place = Place(f"templates/{template}")
            raise FaultsFound([Fault(place, message, remedy, "growth")])


def compile_message(
    project: "Project",
    config: Email,
    templates: Path,
    *,
    allowed: frozenset[str],
    date: datetime,
    constants: Mapping[str, Any],
) -> FrozenContent:
    """Compile one e-mail activity from the files below `templates`, in each of its languages.

    Raises FaultsFound with the faults of the first language that has any.
    """
    contents = {
        ("", language): _compile_one(
            project,
            config,
            templates,
            language or None,
            allowed=allowed,
            date=date,
            constants=constants,
        )
        for language in ("", *_languages(templates / config.template))
    }
    return FrozenContent(contents)


def _languages(folder: Path) -> list[str]:
    """The languages a template has files for, beside the one without a language."""
    names = [path.name.split(".") for path in folder.glob("email.*.*")]
    return sorted({parts[1] for parts in names if len(parts) == 3})


def _compile_one(
    project: "Project",
    config: Email,
    templates: Path,
    language: str | None,
    *,
    allowed: frozenset[str],
    date: datetime,
    constants: Mapping[str, Any],
) -> CompiledContent:
    sender_name = config.sender or project.definitions.channels.default_sender("email")
    if sender_name is None:
        raise Refused("no sender is named, and channels.yaml has no default one.")
    sender = project.definitions.channels.senders[sender_name]
    name, address = parseaddr(sender.from_)
    with located(f"template '{config.template}'"):
        files = read_template(templates, config.template, language=language)
        return compile_email(
            files,
            base_url=project.base_url,
            sender=Mailbox(name, address),
            message_id_domain=address.rpartition("@")[2],
            date=date,
            allowed=allowed,
            subject=config.subject,
            preheader=config.preheader,
            track_opens=config.track.opens,
            track_clicks=config.track.clicks,
            utm=config.utm,
            one_click=config.category == "marketing",
            constants=constants,
        )


def allowed_names(catalog: Catalog, dimension: Dimension | None, columns: Schema) -> frozenset[str]:
    """What a template may name: computed columns, attributes, one-links and `recipient`."""
    names = set(columns)
    if dimension is not None:
        table = build_entity_tables(catalog)[dimension.entity]
        names |= set(table.schema)
        names |= {link.name for link in table.links.values() if not link.many}
        names |= {"recipient"} if dimension.recipient else set()
    return frozenset(names)


def frozen_templates(root: Path, campaign: Campaign) -> dict[str, str]:
    """The texts of all files that the campaign's messages may read, by path below `root`.

    What is no text, such as an image that lies beside it, no message can read: it stays out.
    """
    folders = [root / c.template for c in campaign.activities.values() if isinstance(c, Email)]
    paths = [path for path in (*root.glob("_*"), *root.glob("_*/**/*")) if path.is_file()]
    for folder in folders:
        paths += [folder] if folder.is_file() else [p for p in folder.rglob("*") if p.is_file()]
    texts = {path.relative_to(root).as_posix(): _text_of(path) for path in sorted(set(paths))}
    return {name: text for name, text in texts.items() if text is not None}


def thaw_templates(project: "Project", campaign: str, version: int) -> Path:
    """Lay the templates of a version out as files again; returns their folder."""
    row = project.store.campaigns.version(campaign, version)
    # With the digest: a campaign deleted and written anew has a version 1 again.
    folder = project.state / "templates" / campaign / f"v{version}-{row.digest[:16]}"
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{folder.name}-{uuid4().hex}")
    for name, text in row.compiled["templates"].items():
        path = temporary / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    temporary.mkdir(parents=True, exist_ok=True)
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        rmtree(temporary, ignore_errors=True)
    return folder


def _text_of(path: Path) -> str | None:
    """The text of a file, read as templates are; None for one that is no text."""
    if path.stat().st_size > FILE_LIMIT:
        return None
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text

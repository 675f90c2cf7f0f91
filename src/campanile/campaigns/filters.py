"""Predefined filters: read from their files, checked by themselves, and found where called."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from campanile.campaigns.definitions import Definitions, parse_file
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.message_references import message_elsewhere
from campanile.campaigns.parameters import default_value, rule_parameter, sample_value
from campanile.campaigns.rule_texts import silence_warnings, texts_of
from campanile.campaigns.scopes_check import CHECKED_AT, known_audiences, tables_to_check
from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.scopes import Moment, build_scope
from campanile.catalog.yaml_document import Document
from campanile.errors import DefinitionError, Fault
from campanile.relations.compiler import FUNCTION_NAMES
from campanile.relations.parse import did_you_mean
from campanile.relations.rules import compile_rule
from campanile.relations.scope import EntityTable, FilterParameter, NamedFilter
from campanile.relations.tables import TABLE_FUNCTIONS

_CALL: Final = re.compile(r"\b([a-z][a-z0-9_]*)\s*\(")


@dataclass(frozen=True)
class ReadFilters:
    """The filters of a project by name, the document of each, and what is wrong with any."""

    files: Mapping[str, FilterFile]
    documents: Mapping[str, Document]
    faults: tuple[Fault, ...]


def read_filters(documents: Iterable[Document]) -> ReadFilters:
    """Read filter files as far as each goes by itself; of two with one name the first counts."""
    files: dict[str, FilterFile] = {}
    homes: dict[str, Document] = {}
    faults: list[Fault] = []
    for document in documents:
        read = parse_file(document, FilterFile, faults)
        if not isinstance(read, FilterFile):
            continue
        place = document.place_of(("name",))
        if read.name in files:
            message = f"a filter `{read.name}` stands in {homes[read.name].file} already."
            faults.append(Fault(place, message, "Choose another name.", "filter"))
            continue
        if read.name in FUNCTION_NAMES or read.name in TABLE_FUNCTIONS:
            message = f"`{read.name}` is a function of the rule language."
            faults.append(Fault(place, message, "Choose another name.", "filter"))
            continue
        files[read.name], homes[read.name] = read, document
    return ReadFilters(files, homes, tuple(faults))


def check_filters(read: ReadFilters, definitions: Definitions) -> Iterator[Fault]:
    """Type-check each filter over its entity, as rules elsewhere will see it; no engine is asked.

    Nothing is said where an entity's columns are unknown.
    """
    catalog = definitions.catalog
    tables = tables_to_check(definitions)
    for name, file in read.files.items():
        document = read.documents[name]
        rows = dimension_of(file, catalog)
        if rows is None:
            message = f"there is no dimension or entity `{file.dimension}`."
            known = [*catalog.dimensions, *catalog.entities]
            remedy = did_you_mean(file.dimension or "", known)
            yield Fault(document.place_of(("dimension",)), message, remedy, "unknown_dimension")
        elif tables is not None:
            yield from _check_rule(file, rows, document, definitions, tables)


def dimension_of(file: FilterFile, catalog: Catalog) -> Dimension | None:
    """The rows that a filter speaks of."""
    return dimension_of_name(file.dimension, catalog)


def dimension_of_name(name: str | None, catalog: Catalog) -> Dimension | None:
    """A dimension, any other entity as one, or the default dimension where there is no name."""
    if name is None:
        return catalog.default_dimension
    if name in catalog.entities and name not in catalog.dimensions:
        return Dimension(name, entity=name)
    return catalog.dimensions.get(name)


def _check_rule(
    file: FilterFile,
    dimension: Dimension,
    document: Document,
    definitions: Definitions,
    tables: Mapping[str, EntityTable],
) -> Iterator[Fault]:
    catalog, zone = definitions.catalog, ZoneInfo(definitions.timezone)
    moment = Moment(
        now=CHECKED_AT,
        started_at=CHECKED_AT,
        previous_start=CHECKED_AT,
        timezone=zone,
        parameters={
            name: rule_parameter(parameter, sample_value(parameter), tables, zone)
            for name, parameter in file.parameters.items()
        },
        messages=partial(message_elsewhere, definitions.messages),
        audiences=known_audiences(definitions),
        filters=named_filters(definitions.filters, catalog, tables, zone),
    )
    scope = build_scope(tables, dimension, moment, columns={})
    texts = list(texts_of(("where",), file.where))
    for path, text in texts:
        try:
            compile_rule(text, scope)
        except DefinitionError as error:
            place = document.place_of(path, offset=error.offset or 0)
            yield Fault(place, error.message, error.remedy, error.code)
    yield from silence_warnings(texts, (), document)


def named_filters(
    files: Mapping[str, FilterFile],
    catalog: Catalog,
    tables: Mapping[str, EntityTable],
    zone: ZoneInfo,
) -> dict[str, NamedFilter]:
    """Filters as rules call them; moments in their defaults are local times of `zone`."""
    found = {}
    for name, file in files.items():
        dimension = dimension_of(file, catalog)
        parameters = {
            key: FilterParameter(
                *rule_parameter(parameter, default_value(parameter), tables, zone),
                required=parameter.default is None,
                values=parameter.values,
            )
            for key, parameter in file.parameters.items()
        }
        found[name] = NamedFilter(file.where, dimension.entity if dimension else None, parameters)
    return found


def filters_called(written: object, files: Mapping[str, FilterFile]) -> dict[str, FilterFile]:
    """The filters called in any text within `written`, and those that these call, by name."""
    found: dict[str, FilterFile] = {}
    open_texts = [text for _, text in texts_of((), written)]
    while open_texts:
        for name in _CALL.findall(open_texts.pop()):
            if name in files and name not in found:
                found[name] = files[name]
                open_texts += [text for _, text in texts_of((), files[name].where)]
    return dict(sorted(found.items()))

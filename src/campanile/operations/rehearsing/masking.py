"""Masking: which columns of a working table show personal data, and what is shown instead."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal

from campanile.activities.load_file import LoadFile
from campanile.campaigns.definition import Campaign
from campanile.catalog.entities import Catalog

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN_LENGTH = 40


def personal_columns(catalog: Catalog, campaign: Campaign) -> frozenset[str]:
    """Names of personal attributes, and of the columns a campaign computes from them."""
    personal = {*personal_attributes(catalog), *_texts_of_files(campaign)}
    computed = _computed(campaign)
    grown = True
    while grown:
        found = {alias for alias, text in computed if names_one_of(text, personal)}
        grown = not found <= personal
        personal |= found
    return frozenset(personal)


def personal_attributes(catalog: Catalog) -> frozenset[str]:
    """Names that are those of a personal attribute in any entity."""
    return frozenset(
        name
        for entity in catalog.entities.values()
        for name, column in entity.columns.items()
        if column.personal
    )


def names_one_of(text: str, names: Collection[str]) -> bool:
    """Whether a rule or value may read one of the attributes `names`."""
    return not set(names).isdisjoint(_WORD.findall(text))


def _computed(campaign: Campaign) -> list[tuple[str, str]]:
    """(column, everything its value is made of) of all activities."""
    found = []
    for config in campaign.activities.values():
        written = config.model_dump(mode="json", by_alias=True)
        for option in ("add", "columns"):
            columns = written.get(option)
            if isinstance(columns, dict):
                found += [(name, str(value)) for name, value in columns.items()]
    return found


def _texts_of_files(campaign: Campaign) -> set[str]:
    """The texts that files bring, and their rejected rows: no catalog says whose they are."""
    return {
        name
        for config in campaign.activities.values()
        if isinstance(config, LoadFile)
        for name in (*(n for n, c in config.columns.items() if c.type == "text"), "text")
    }


def masked(value: object, *, is_personal: bool) -> object:
    """A value as a preview shows it: personal ones by their first character, texts cut short."""
    if value is None:
        return None
    if is_personal:
        text = str(value)
        return f"{text[:1]}•••" if isinstance(value, str) else "•••"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str) and len(value) > _SHOWN_LENGTH:
        return f"{value[: _SHOWN_LENGTH - 1]}…"
    return value


def masked_row(row: Mapping[str, object], personal: frozenset[str]) -> dict[str, object]:
    """A row as a preview shows it; columns of collected lines follow their list (`a_1_price`)."""
    return {
        name: masked(value, is_personal=is_personal(name, personal)) for name, value in row.items()
    }


def is_personal(name: str, personal: frozenset[str]) -> bool:
    """Whether a column is one of `personal`, or a cell of one that holds lines."""
    return name in personal or any(
        re.fullmatch(rf"{re.escape(one)}_\d+_\w+", name) for one in personal
    )

"""Tests beside campaigns: each is run in memory, and what came out is laid beside what should."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.local_times import LocalMoment
from campanile.campaigns.compiled import CompiledVersion, compile_campaign
from campanile.campaigns.definitions import Definitions, documents_in, parse_file
from campanile.campaigns.reach import working_tables
from campanile.campaigns.tests_file import TESTS_FOLDER, CampaignTest, CampaignTests
from campanile.catalog.yaml_document import Document
from campanile.errors import CampanileError, Fault, Place, located
from campanile.operations.rehearsing.case_rows import bind_texts, with_keys
from campanile.operations.rehearsing.case_runs import CaseRun
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.warehouse.lake import DuckDBLake

_START = LocalMoment(date(2026, 1, 5), time(9, 0))  # a Monday, when a test names no moment
_SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """One transition of one test that came out otherwise; rows are maps of texts."""

    place: Place
    test: str
    transition: str
    expected: int
    got: int
    missing: Sequence[Mapping[str, Any]]
    added: Sequence[Mapping[str, Any]]

    @property
    def sentence(self) -> str:
        """What was expected, what came, and the rows that differ."""
        parts = [f"test '{self.test}': '{self.transition}' has {self.got} rows, "
                 f"expected {self.expected}"]  # fmt: skip
        parts += [f"missing: {_shown(self.missing)}"] * bool(self.missing)
        parts += [f"added: {_shown(self.added)}"] * bool(self.added)
        return "; ".join(parts)


@dataclass(frozen=True)
class TestRun:
    """What the tests of some files said."""

    __test__ = False  # not a test case of pytest

    tests: int
    differences: tuple[Difference, ...]
    faults: tuple[Fault, ...]


def run_tests(definitions: Definitions, paths: Sequence[Path]) -> TestRun:
    """Run tests in memory, without a store: those in `paths`, and those of campaigns there."""
    tests, differences, faults = 0, list[Difference](), list[Fault]()
    with TemporaryDirectory(prefix="campanile-tests-") as folder:
        for document, file in _chosen(definitions, paths, faults):
            if file.campaign not in definitions.campaigns:
                faults.append(_no_campaign(document, file, definitions))
                continue
            compiled = compile_campaign(definitions.campaigns[file.campaign], definitions)
            for name in file.tests:
                tests += 1
                one = _Test(document, name, file.whole(name), compiled, definitions)
                try:
                    differences += one.run(Path(folder))
                except CampanileError as error:
                    message, remedy = str(error), ""
                    faults.append(Fault(one.place(), f"test '{name}': {message}", remedy, "test"))
    return TestRun(tests, tuple(differences), tuple(faults))


@dataclass(frozen=True)
class _Test:
    document: Document
    name: str
    case: CampaignTest
    compiled: CompiledVersion
    definitions: Definitions

    def place(self, *path: str) -> Place:
        return self.document.place_of(("tests", self.name, *path), key=True)

    def run(self, folder: Path) -> list[Difference]:
        own = self.compiled.campaign.schedule.timezone
        zone = ZoneInfo(own or self.definitions.timezone)
        start = self.case.now if isinstance(self.case.now, LocalMoment) else _START
        with DuckDBLake(folder).session() as session, ExitStack() as opened:
            run = CaseRun(
                session,
                self.definitions,
                self.compiled,
                self.case,
                start.instant(zone),
                zone,
                working_tables(self.compiled.campaign, self.compiled.graph, self.definitions),
                opened,
            )
            run.run()
            found = (self._compare(run, name) for name in self.case.expect)
            return [one for one in found if one is not None]

    def _compare(self, run: CaseRun, transition: str) -> Difference | None:
        if transition not in run.relations:
            remedy = did_you_mean(transition, run.relations)
            raise CampanileError(f"there is no transition '{transition}'.", remedy=remedy)
        relation = run.relations[transition]
        wanted = with_keys(self.case.expect[transition], relation.key)
        columns = list(dict.fromkeys(c for row in wanted for c in row))
        columns = columns or list(relation.key) or list(relation.schema)
        with located(f"expected rows of '{transition}'"):
            rows = run.read(transition, columns)
            types = dict(zip(columns, rows.schema.values(), strict=True))
            bind_texts(run.session, "expected__rows", types, wanted)
        expected = Counter(run.session.rows(Relation.table("expected__rows", types)))
        got = Counter(run.session.rows(rows))
        if expected == got:
            return None
        return Difference(
            place=self.place("expect", transition),
            test=self.name,
            transition=transition,
            expected=expected.total(),
            got=got.total(),
            missing=[_named(columns, row) for row in (expected - got).elements()],
            added=[_named(columns, row) for row in (got - expected).elements()],
        )


def _chosen(
    definitions: Definitions, paths: Sequence[Path], faults: list[Fault]
) -> Iterator[tuple[Document, CampaignTests]]:
    """The files of tests that are meant; the faults of those that cannot be read are added."""
    for path, document in documents_in(definitions.folder, TESTS_FOLDER).items():
        found: list[Fault] = []
        file = parse_file(document, CampaignTests, found)
        named = getattr(file, "campaign", None)
        campaign = definitions.files.get(named) if named else None
        if any(_is_below(each, paths) for each in (path, campaign) if each is not None):
            faults += found
            if isinstance(file, CampaignTests):
                yield document, file


def _is_below(file: Path, paths: Sequence[Path]) -> bool:
    return any(file.resolve().is_relative_to(path.resolve()) for path in paths)


def _no_campaign(document: Document, file: CampaignTests, definitions: Definitions) -> Fault:
    message = f"there is no campaign `{file.campaign}` without faults."
    remedy = did_you_mean(file.campaign, definitions.campaigns)
    return Fault(document.place_of(("campaign",)), message, remedy, "unknown_campaign")


def _named(columns: Sequence[str], row: Sequence[object]) -> dict[str, Any]:
    return {column: _plain(value) for column, value in zip(columns, row, strict=True)}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _shown(rows: Sequence[Mapping[str, Any]]) -> str:
    written = [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]
    more = f" and {len(written) - _SHOWN} more" if len(written) > _SHOWN else ""
    return " | ".join(sorted(written)[:_SHOWN]) + more

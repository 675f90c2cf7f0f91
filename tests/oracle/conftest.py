"""The demonstration shop in a project of its own, one for each engine, and in plain Python."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from tests.operations.conftest import START, Clock, Town, files
from tests.oracle.shop import Shop, make_files

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import SinkSettings
from campanile.operations.authoring.versions import start_execution
from campanile.operations.executing.data import bind_input
from campanile.settings.project import open_project
from campanile.store.execution_rows import Execution

ENGINES = os.environ.get("ORACLE_ENGINES", "duckdb postgresql").split()
SHARED = {
    "filters/spends.yaml": """
name: spends
dimension: customer
parameters: {least: {type: number, default: 300}, state: {type: text, default: paid}}
where: sum(orders.amount, status = param.state) >= param.least
""",
    "filters/reachable.yaml": """
name: reachable
dimension: customer
where: ["email like '%_@_%'", email_ok]
""",
    "filters/big.yaml": """
name: big
dimension: order
parameters: {least: {type: number, default: 200}}
where: amount >= param.least
""",
    "distributions/by_store.yaml": """
name: by_store
by: store_id
values: {paris: 5, lyon: 50%, berlin: 0}
""",
}
_PLACE = resources.files("campanile.demo") / "project" / "catalog" / "shop.yaml"
# The catalog of the demonstration, with orders as a dimension too.
SHOP_CATALOG = f"{_PLACE.read_text(encoding='utf-8')}  order: {{recipient: customer}}\n"


@dataclass(frozen=True)
class Stage:
    """A town in which campaigns are asked."""

    town: Town
    shop: Shop | None

    def play(self, name: str, text: str) -> dict[str, list[dict[str, Any]]]:
        """Publish a campaign, run it as far as it goes, and return the rows it committed."""
        self.town.publish(name, f"name: {name}\n{text}")
        if "schedule:" in text:
            self.start(name)
        self.town.run()
        return self.committed(name)

    def start(self, name: str) -> None:
        """Start an execution of a campaign that has no moment of its own."""
        start_execution(self.town.project, name, kind="manual", actor="oracle")

    def committed(
        self, name: str, execution: Execution | None = None
    ) -> dict[str, list[dict[str, Any]]]:
        """The rows of each reached transition of an execution, the newest when none is named."""
        store, found = self.town.project.store, {}
        execution = execution or store.executions.of_campaign(name)[0]
        with self.town.project.warehouse.session() as session:
            for transition, row in store.manifests.committed(execution.id).items():
                if row.reached and row.path:
                    relation = bind_input(session, row, ())
                    found[transition] = [
                        dict(zip(relation.schema, values, strict=True))
                        for values in session.rows(relation)
                    ]
        return found


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop's rows, without the product."""
    made = make_files(tmp_path_factory.mktemp("shop"), START)
    return Shop(made, START.replace(tzinfo=None))


@pytest.fixture(scope="session")
def open_stage(
    engine_of: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Town]]:
    """Opens a project on an engine with a catalog and files loaded."""
    folder = tmp_path_factory.mktemp("stages")
    opened = []
    with SinkThread(SinkSettings(record=folder / "sink.log")) as sink:

        def build(
            engine: str,
            catalog: str,
            loads: Mapping[str, Path],
            shared: Mapping[str, str] = SHARED,
        ) -> Town:
            place = folder / f"stage{len(opened)}"
            written = files(sink.port)
            written["campanile.yaml"] += f"\n{engine_of(engine).settings}"
            written["catalog/town.yaml"] = catalog
            written |= shared
            for name, text in written.items():
                path = place / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            clock = Clock()
            town = Town(open_project(place, clock=clock, environment={}), clock, sink)
            opened.append(town)
            for entity, path in loads.items():
                town.load(entity, path.read_text(encoding="utf-8"))
            return town

        yield build
        for town in opened:
            town.project.store.close()


@pytest.fixture(scope="session", params=ENGINES)
def stage(request: pytest.FixtureRequest, open_stage: Callable[..., Town], shop: Shop) -> Stage:
    """The shop on one engine, for all campaigns that change nothing in it."""
    return Stage(open_stage(request.param, SHOP_CATALOG, shop.files), shop)

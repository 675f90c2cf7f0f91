"""A small real project: a shop of eight people, campaigns as files, and a clock that tests set."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.entities.loading.load import load_file
from campanile.operations.project import Project
from campanile.orchestration.identity import storage_identity
from campanile.orchestration.location import CampaignLocation
from campanile.settings.project import open_project
from campanile.store.execution_rows import Execution
from campanile.store.segment_rows import Segment

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

FILES = {
    "campanile.yaml": """
        name: shop
        timezone: Europe/Paris
        environment: test
        connections:
          inbox: {type: smtp, host: 127.0.0.1, port: 2525, security: none}
        """,
    "channels.yaml": """
        senders:
          shop: {channel: email, from: "Shop <a@shop.example>", connection: inbox, default: true}
        topics: {offers: {label: Offers, default: opt_in}}
        """,
    "catalog/shop.yaml": """
        entities:
          customer:
            source: {loaded: true}
            key: customer_id
            columns:
              customer_id: integer
              email: {type: text, personal: true}
              email_ok: boolean
              tier: {type: enum, values: [bronze, gold]}
        dimensions:
          customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
        """,
    "templates/winback/email.html": """
        ---
        subject: We miss you
        ---
        <html><body><p>Dear customer {{ customer_id }}</p>
        <p><a href="{{ message.unsubscribe }}">No more</a></p></body></html>
        """,
    "campaigns/winback.yaml": """
        name: winback
        label: Win back
        owner: crm@shop.example
        tags: [winter]
        schedule: {every: week, days: [mon], at: "09:00"}
        activities:
          lapsed: {type: build_audience, where: customer_id > 0, note: Everybody.}
          cells:
            type: split
            from: lapsed
            subsets: {gold: {where: tier = 'gold'}}
            complement: others
          offer: {type: email, from: cells.gold, template: winback, topic: offers, confirm: false}
          three_days: {type: wait, from: cells.others, for: 3 days}
          keen: {type: filter, from: three_days, where: customer_id > 0}
          remember: {type: save_audience, from: keen, audience: keen_people, mode: replace}
        """,
}
PEOPLE = "customer_id,email,email_ok,tier\n" + "".join(
    f"{n},p{n}@shop.example,true,{'gold' if n <= 3 else 'bronze'}\n" for n in range(1, 9)
)
WINBACK = {
    "lapsed",
    "cells__gold",
    "cells__others",
    "offer",
    "offer__excluded",
    "offer__failed",
    "offer__holdout",
    "offer__plan",
    "three_days",
    "keen",
    "remember",
}


@dataclass
class World:
    """The project, the Dagster instance, and what people and time do to them."""

    project: Project
    instance: dg.DagsterInstance
    now: datetime = NOON

    def open(self) -> Project:
        return self.project

    def write(self, name: str, text: str) -> None:
        path = self.project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
        self.project = replace(self.project)  # reads its files anew

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        text = (self.project.folder / name).read_text()
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        self.write(name, text)

    def save(self, campaign: str = "winback") -> int:
        return apply_campaign(self.project, campaign, actor="test").version

    def publish(self, campaign: str = "winback") -> int:
        apply_campaign(self.project, campaign, actor="test")
        return publish(self.project, campaign, actor="test").version

    def start(self, campaign: str = "winback", mode: str = "live") -> Execution:
        kind = "test" if mode == "test" else "manual"
        return start_execution(self.project, campaign, kind=kind, mode=mode, actor="test")

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def location(self) -> dg.RepositoryDefinition:
        """Load the code location anew, as a reload does."""
        return dg.RepositoryDefinition("campaigns", repository_data=self.data())

    def data(self) -> CampaignLocation:
        return CampaignLocation(self.open, lambda: storage_identity(self.instance))

    def tick(self, sensor: str = "campaign_clock") -> SensorExecutionData:
        """Let a sensor tick, as the daemon does."""
        repository = self.location()
        with dg.build_sensor_context(instance=self.instance, repository_def=repository) as context:
            return repository.get_sensor_def(sensor).evaluate_tick(context)

    def run(self, jobs: str = "campaign_") -> list[dg.ExecuteInProcessResult]:
        """Let the clock tick, and execute what it asks for as run workers do: job by job."""
        asked = self.tick().run_requests or []
        return [self.execute(each) for each in asked if (each.job_name or "").startswith(jobs)]

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return (
            self.location()
            .get_job(request.job_name or "")
            .execute_in_process(
                instance=self.instance,
                partition_key=request.partition_key,
                asset_selection=list(request.asset_selection or []) or None,
                tags={**request.tags, "dagster/run_key": request.run_key or ""},
                run_config=request.run_config,
                raise_on_error=False,
            )
        )

    def press_materialize(
        self, execution: Execution, names: Sequence[str], job: str | None = None
    ) -> dg.ExecuteInProcessResult:
        """Materialise assets as the button of the UI does: no segment, no attempt, no tags."""
        name = job or f"campaign_{execution.campaign}__v{execution.version}"
        return (
            self.location()
            .get_job(name)
            .execute_in_process(
                instance=self.instance,
                partition_key=execution.key,
                asset_selection=[dg.AssetKey([execution.campaign, each]) for each in names],
                raise_on_error=False,
            )
        )

    def segment(self, execution: Execution, name: str = "start") -> Segment:
        return self.project.store.segments.get(execution.id, name)

    def committed(self, execution: Execution) -> set[str]:
        return set(self.project.store.manifests.committed(execution.id))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def world(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[World]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
    there: list[World] = []
    project = open_project(tmp_path, clock=lambda: there[0].now if there else NOON, environment={})
    there.append(World(project, instance))
    (tmp_path / "people.csv").write_text(PEOPLE)
    load_file(project, "customer", tmp_path / "people.csv", actor="test")
    there[0].publish()
    yield there[0]
    project.store.close()


@pytest.fixture
def made() -> Callable[[dg.ExecuteInProcessResult], dict[str, dict[str, dg.MetadataValue]]]:
    """Return what a run materialised: asset name to metadata."""

    def collect(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, dg.MetadataValue]]:
        materialisations = [
            event.step_materialization_data.materialization
            for event in result.all_events
            if event.event_type_value == "ASSET_MATERIALIZATION"
        ]
        return {each.asset_key.path[-1]: dict(each.metadata) for each in materialisations}

    return collect


@pytest.fixture
def failures() -> Callable[[dg.ExecuteInProcessResult], list[str]]:
    """Return the sentences of a run's failed steps."""

    def collect(result: dg.ExecuteInProcessResult) -> list[str]:
        return [
            event.event_specific_data.user_failure_data.description
            for event in result.all_events
            if event.event_type_value == "STEP_FAILURE"
        ]

    return collect

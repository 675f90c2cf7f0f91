"""Why nothing was sent: a checklist from the file to the provider."""

from collections.abc import Iterator

from campanile.campaigns.compiled import CompiledVersion
from campanile.deliveries.account import Account
from campanile.operations.authoring.launches import launch_sentence
from campanile.operations.authoring.versions import get_version
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.watching.accounts import delivery_accounts
from campanile.operations.watching.answers import Step
from campanile.operations.watching.obstacles import of_campaign, of_rows, of_serving
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow


@requires(Right.VIEW)
def checklist(project: Project, campaign: str, key: str | None = None) -> list[Step]:
    """Everything a message has to get past, in order; the first `no` is the reason."""
    row = project.store.campaigns.get(campaign)
    published = row.published_version
    steps = [
        Step("published", published is not None,
             f"version {published} is published" if published else "no version is published")
    ]  # fmt: skip
    steps += [*of_campaign(project, row), of_serving(project)]
    refusal = project.store.sending.state().refusal(project.identity)
    steps.append(Step("sending", refusal is None, refusal or "sending is allowed"))
    execution = chosen_execution(project, campaign, key)
    if execution is None:
        compiled = get_version(project, campaign, published or row.latest_version)
        sentence = f"none yet: it {launch_sentence(compiled.campaign, project.clock())}"
        reviews = _questions(project, campaign, None)
        return [*steps, *reviews, Step("execution", False, sentence)]
    waits = project.store.executions.waits_for(execution.id).sentence
    steps.append(Step("execution", None, f"{execution.key}: {waits}"))
    if execution.mode == "test":
        steps.append(Step("mode", False, "this is a test: nothing is planned or sent"))
    return [
        *steps,
        *_questions(project, campaign, execution),
        *_checks(project, execution),
        *_errors(project, execution),
        *_activities(project, execution),
    ]


def _questions(project: Project, campaign: str, execution: Execution | None) -> Iterator[Step]:
    """What people were asked in an execution, and whether the next publication may be."""
    for one in project.store.questions.of_campaign(campaign):
        is_review = one.kind == "publication" and one.is_open
        if not is_review and (execution is None or one.execution_id != execution.id):
            continue
        if one.is_open:
            until = f" until {one.due_at:%Y-%m-%d %H:%M} UTC" if one.due_at else ""
            said = f"{one.status}: waits for {', '.join(one.waiting_for)}{until}"
        else:
            said = f"{one.status}, by {one.closed_by}" if one.closed_by else one.status
        agreed = None if one.is_open else one.outcome == one.answers[0]
        yield Step(f"{one.kind} '{one.subject}'", agreed, f"{said}: {one.text}")


def _checks(project: Project, execution: Execution) -> Iterator[Step]:
    """The checks that failed, and what was decided about those that hold."""
    holds = {one.activity: one for one in project.store.check_holds.of_execution(execution.id)}
    for hold in holds.values():
        decided = f" ({hold.decision} by {hold.decided_by})" if hold.decision else ""
        yield Step("check", hold.decision == "approved", f"{hold.reason}{decided}")
    for row in project.store.manifests.committed(execution.id).values():
        for one in row.details.get("checks", ()):
            if one["kind"] == "warn" and not one["passed"]:
                yield Step("check", None, f"a warning of '{row.activity}': {one['sentence']}")


def _errors(project: Project, execution: Execution) -> Iterator[Step]:
    """What went wrong with activities at last, and with what consequence."""
    for one in project.store.activity_errors.of_execution(execution.id):
        said = "ignored, its branch ended" if one.policy == "ignore" else "will be tried again"
        if execution.status in ("paused", "failed", "stopped") and one.policy == "retry":
            said = f"the execution is {execution.status}"
        sentence = f"attempt {one.attempt} failed: {one.reason} ({said})"
        yield Step(f"activity '{one.activity}'", False, sentence)


def chosen_execution(project: Project, campaign: str, key: str | None) -> Execution | None:
    """The execution of that key, or the newest live one, or the newest."""
    if key is not None:
        return project.store.executions.find(campaign, key)
    found = project.store.executions.of_campaign(campaign)
    live = [one for one in found if one.mode == "live"]
    return next(iter([*live, *found]), None)


def _activities(project: Project, execution: Execution) -> Iterator[Step]:
    compiled = get_version(project, execution.campaign, execution.version)
    committed = project.store.manifests.committed(execution.id)
    accounts = {a.delivery.activity: a for a in delivery_accounts(project, execution)}
    yield from of_rows(compiled, committed)
    for name, vertex in compiled.graph.vertices.items():
        if not vertex.channel:
            continue
        plan = committed.get(vertex.plan)
        if plan is None:
            yield Step(
                name, None, f"not planned yet: waits for {_above(compiled, name, committed)}"
            )
        elif not plan.reached:
            yield Step(name, False, f"not reached: {plan.not_reached_reason}")
        elif name not in accounts:
            yield Step(name, False, f"{plan.rows:,} rows came in, and no delivery was made of them")
        else:
            yield _delivery(accounts[name].account, name, accounts[name].waits_for)


def _above(compiled: CompiledVersion, name: str, committed: dict[str, ManifestRow]) -> str:
    graph = compiled.graph
    for one in graph.order:
        vertex = graph[one]
        first = vertex.outputs[0] if vertex.outputs else one
        if one in graph.ancestors(name) and first not in committed:
            return f"'{one}' ({vertex.type})"
    return "its turn"


def _delivery(account: Account, name: str, waits_for: str) -> Step:
    excluded = [f"{n:,} {r.replace('_', ' ')}" for r, n in account.excluded.items()]
    failed = [f"{n:,} {r.replace('_', ' ')}" for r, n in account.failed.items()]
    parts = [f"{account.planned:,} planned, {account.sent:,} sent"]
    parts += [f"left out: {', '.join(excluded)}"] * bool(excluded)
    parts += [f"failed: {', '.join(failed)}"] * bool(failed)
    if account.uncertain:
        parts.append(f"{account.uncertain:,} uncertain: campanile uncertain")
    if not account.is_final:
        parts.append(f"{account.waiting + account.in_flight:,} wait for {waits_for}")
    return Step(name, account.sent > 0, "; ".join(parts))

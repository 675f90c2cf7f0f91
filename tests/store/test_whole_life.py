"""The life of a campaign, whatever people, clocks and errors do, against a small model of it."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from campanile.campaigns.life import Step
from campanile.errors import Refused
from campanile.store.advances import Steps
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store

FINAL = ("finished", "failed", "stopped")
NAME = "welcome"


@dataclass
class Modelled:
    """What the model knows of an execution."""

    id: int
    mode: str
    state: str  # going, paused, held, or one of FINAL
    in_error: bool = False
    begun: bool = False


@pytest.fixture(scope="module", autouse=True)
def _template(sqlite_template: Path) -> None:
    """Let every example begin with a copy of one migrated store."""
    WholeLife.template = sqlite_template


class WholeLife(RuleBasedStateMachine):
    """People, the clock and errors act on one campaign; the model says what must come of it."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="campanile-life-"))
        shutil.copytree(self.template, self.folder / "store")
        self.now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        self.store = Store.open(self.folder / "store", lambda: self.now)
        self.status: str | None = None  # there is none
        self.versions = self.done = 0
        self.executions: list[Modelled] = []

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    # ── what the model knows ────────────────────────────────────────────────────────────────────

    def live(self, *states: str) -> list[Modelled]:
        found = [one for one in self.executions if one.mode == "live"]
        return [one for one in found if one.state in states] if states else found

    def open(self) -> list[Modelled]:
        return [one for one in self.executions if one.state not in FINAL]

    def in_error(self) -> bool:
        newest = self.live()[-1:] if self.live() else []
        waiting = [one for one in self.live("paused") if one.in_error]
        return bool(waiting) or any(one.state == "failed" for one in newest)

    def leads_to(self, step: Step) -> str | None:
        """The status after a step, None where it is not allowed; written anew, not looked up."""
        status = self.status
        if step == "unpublish":
            fresh = status == "scheduled" or (status == "live" and self.in_error())
            return "draft" if fresh and not self.live("finished", "going") else None
        if step == "close":
            return "closed" if status in ("scheduled", "live") else None
        if step == "stop":
            if status in ("draft", "stopped"):
                return status if self.open() else None
            return "stopped" if status in ("scheduled", "live", "closed") else None
        if step == "archive":
            away = status not in ("draft", "archived")
            return "archived" if away and not self.open() else None
        if step == "complete":
            over = status in ("scheduled", "live", "closed")
            quiet = not self.live("going", "paused", "held") and not self.in_error()
            return "completed" if over and quiet else None
        wanted = {"delete": "draft", "purge": "archived"}[step]
        return "deleted" if status == wanted and not self.open() else None

    # ── what happens ────────────────────────────────────────────────────────────────────────────

    def attempt(self, allowed: bool, do: Callable[[], Any]) -> Any:
        """Do something that must be refused, with what to do instead, unless it is `allowed`."""
        if allowed:
            self.done += 1
            return do()
        with pytest.raises(Refused) as refused:
            do()
        assert refused.value.remedy
        return None

    @rule(minutes=st.integers(1, 3000))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def apply(self) -> None:
        allowed = self.status in (None, "draft", "scheduled", "live")
        digest = f"d{self.now.timestamp()}-{self.versions}-{len(self.executions)}-{self.done}"
        row = {"label": "", "source": "", "compiled": {}, "language_version": 1, "by": "ana"}
        saved = self.attempt(
            allowed, lambda: self.store.campaigns.save_version(NAME, digest=digest, **row)
        )
        if saved:
            self.versions, self.status = saved.version, self.status or "draft"

    @precondition(lambda self: self.status)
    @rule()
    def publish(self) -> None:
        allowed = self.status in ("draft", "scheduled", "live")
        done = self.attempt(
            allowed, lambda: self.store.campaigns.publish(NAME, self.versions, by="ana")
        )
        if done:
            self.status = "live" if self.status == "live" else "scheduled"

    @precondition(lambda self: self.status)
    @rule(mode=st.sampled_from(["live", "live", "test"]))
    def start(self, mode: Any) -> None:
        allowed = mode == "test" or self.status in ("scheduled", "live")
        wanted = NewExecution(NAME, self.versions, "manual", mode, "ana", self.now)
        made = self.attempt(allowed, lambda: self.store.executions.create(wanted))
        if made:
            self.executions.append(Modelled(made.id, mode, "going"))
            self.status = "live" if mode == "live" else self.status

    @precondition(lambda self: self.status)
    @rule(late=st.booleans())
    def ring(self, late: bool) -> None:
        slot = self.now.replace(microsecond=0) - timedelta(hours=8 if late else 0)
        claim = self.store.occurrences.claim(NAME, slot, claimed_by="clock", overlap="allow")
        if self.status not in ("scheduled", "live"):
            assert claim.outcome == "skipped"
        elif claim.outcome != "taken":
            assert claim.outcome == ("held" if late else "run")
            assert claim.execution is not None
            state = "held" if late else "going"
            self.executions.append(Modelled(claim.execution.id, "live", state))
            self.status = "live"

    @precondition(lambda self: any(one.state == "going" for one in self.executions))
    @rule(data=st.data(), end=st.sampled_from(["finished", "failed", "error", "pause"]))
    def move_on(self, data: st.DataObject, end: str) -> None:
        going = [one for one in self.executions if one.state == "going"]
        one = data.draw(st.sampled_from(going))
        if not one.begun:
            self.store.segments.begin(
                one.id, "start", attempt=1, version=self.store.executions.get(one.id).version,
                run_id="r", make_pins=dict,
            )  # fmt: skip
            one.begun = True
        if end == "finished":
            self.store.advances.advance(one.id, lambda _: Steps(finished=True))
        elif end == "failed":
            self.store.executions.fail(one.id, by="clock", reason="empty")
        else:
            by_error = end == "error"
            self.store.executions.pause(one.id, by="x", reason="x", in_error=by_error)
            one.in_error = by_error
        one.state = end if end in FINAL else "paused"

    @precondition(lambda self: self.executions)
    @rule(data=st.data(), act=st.sampled_from(["resume", "stop", "reopen", "release"]))
    def steer(self, data: st.DataObject, act: str) -> None:
        one = data.draw(st.sampled_from(self.executions))
        if act == "resume":
            self.attempt_on(one, one.state == "paused", "going", self.store.executions.resume)
        elif act == "stop":
            if one.state not in FINAL:
                self.store.executions.stop(one.id, by="ana", reason="enough")
                one.state = "stopped"
        elif act == "release":
            allowed = one.state == "held"
            self.attempt_on(one, allowed, "going", self.store.executions.release_held)
        elif one.state != "stopped":
            self.attempt_on(one, False, "", self.store.lives.reopen)
        else:
            after = {"live": "live", "closed": "closed", "stopped": "closed"}
            after["completed"] = "closed"
            allowed = one.mode == "test" or self.status in after
            self.attempt_on(one, allowed, "paused", self.store.lives.reopen)
            if allowed and one.mode == "live":
                self.status = after[str(self.status)]

    def attempt_on(self, one: Modelled, allowed: bool, state: str, act: Any) -> None:
        if self.attempt(allowed, lambda: act(one.id, by="ana", reason=None)):
            one.state, one.in_error = state, False

    @precondition(lambda self: self.status)
    @rule(step=st.sampled_from(
        ["unpublish", "close", "stop", "archive", "delete", "complete", "purge"]
    ))  # fmt: skip
    def take(self, step: Step) -> None:
        after = self.leads_to(step)
        taken = self.attempt(
            after is not None, lambda: self.store.lives.take(NAME, step, by="ana", reason="why")
        )
        if taken is None:
            return
        ends = {
            "unpublish": [one for one in self.open() if one.mode == "live"],
            "close": [one for one in self.live("held") if not one.begun],
            "stop": self.open(),
        }
        assert {one.id for one in taken.ended} == {one.id for one in ends.get(step, [])}
        for one in ends.get(step, []):
            one.state, one.in_error = "stopped", False
        self.status = None if after == "deleted" else after
        if self.status is None:
            self.executions, self.versions = [], 0

    # ── what always holds ───────────────────────────────────────────────────────────────────────

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        rows = self.store.campaigns.inventory()
        assert [row.status for row in rows] == ([self.status] if self.status else [])
        states = {"requested": "going", "running": "going", "waiting": "going"}
        found = {
            one.id: states.get(one.status, one.status)
            for one in self.store.executions.of_campaign(NAME)
        }
        assert found == {one.id: one.state for one in self.executions}

    @invariant()
    def only_what_is_published_is_served_to_new_executions(self) -> None:
        published = [row.version for row in self.store.versions.published()]
        assert bool(published) == (self.status in ("scheduled", "live"))

    @invariant()
    def every_possible_step_is_named_and_no_other(self) -> None:
        if self.status is not None:
            steps: list[Step] = ["unpublish", "close", "stop", "archive", "delete"]
            named = set(self.store.lives.possible(NAME)) & set(steps)
            assert named == {step for step in steps if self.leads_to(step)}


WholeLife.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestWholeLife = WholeLife.TestCase

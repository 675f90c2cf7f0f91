"""How checks compose: what they hold, what goes on, and who lets it go on."""

from threading import Thread

import pytest

from campanile.errors import Refused
from campanile.operations.authoring.lives import pause, resume, stop
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment, fail_segment, finish_segment
from campanile.operations.scheduling.clock import run_ended, started_runs, tick
from campanile.operations.scheduling.decisions import approve, reject
from campanile.operations.watching.standing import needs
from campanile.operations.watching.whys import checklist

HELD = """
name: spring
schedule: asap
activities:
  everybody:
    type: build_audience
    checks:
      - hold: count() > 1000 and share(tier = 'gold') < 0.5
      - warn: count(tier = 'gold') > 5
  keep: {type: save_audience, from: everybody, audience: all_of_them}
  offer: {type: email, from: keep, template: hello, topic: offers, confirm: false}
"""
OF_THE_LETTER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer:
    type: email
    from: everybody
    template: hello
    topic: offers
    confirm: false
    checks: [hold: count() > 1000]
  after_it: {type: filter, from: offer, where: tier = 'gold'}
"""


@pytest.fixture
def spring(town):
    """The campaign's newest execution and what Dagster would do with its segments."""
    return Spring(town)


class Spring:
    """One campaign in the town, run as Dagster runs it: a step that is refused fails the run."""

    def __init__(self, town):
        self.town, self.store = town, town.project.store

    @property
    def execution(self):
        return self.store.executions.of_campaign("spring")[0]

    @property
    def committed(self):
        return set(self.store.manifests.committed(self.execution.id))

    def run(self):
        """Do all that can be done; return what refused steps said."""
        said = []
        for _ in range(20):
            found = tick(self.town.project, self.town.clock())
            if not (found.segments or found.sends):
                return said
            for request in found.segments:
                said += self.work(request)
            for due in found.sends:
                self.town.send(due.delivery_id)
        raise AssertionError("it does not come to rest")

    def work(self, request):
        run = self.town.begin(request)
        said = []
        for activity, part in run.steps():
            try:
                run_activity(run, activity, part)
            except Refused as error:
                said.append(str(error))
        if said:
            fail_segment(run, said[0])
        else:
            finish_segment(run)
        return said

    def approve(self, **more):
        return approve(self.town.project, "spring", None, actor="ada", reason="a new shop", **more)


def test_a_check_that_fails_holds_the_execution_with_its_numbers_and_nothing_follows(spring):
    spring.town.publish("spring", HELD)
    said = spring.run()

    assert spring.execution.status == "held"
    assert spring.execution.reason == (
        "a check of 'everybody' failed: `count() > 1000 and share(tier = 'gold') < 0.5` does not "
        "hold: count() is 10, share(tier = 'gold') is 0.3"
    )
    assert spring.committed == {"everybody"}
    assert spring.store.audiences.current() == {}
    assert spring.town.messages("spring", "offer") == []
    assert "is held" in said[0]
    assert "campanile approve spring" in said[0]
    assert spring.run() == []  # it stays so


def test_an_approved_execution_goes_on_with_the_same_rows_and_the_audit_says_who(spring):
    spring.town.publish("spring", HELD)
    spring.run()
    before = spring.store.manifests.committed(spring.execution.id)["everybody"]
    spring.town.load(
        "customer", "customer_id,email,email_ok,tier,store_id\n77,x@y.example,true,,\n"
    )

    approved = spring.approve()
    spring.run()

    assert approved.status == "running"
    assert spring.execution.status == "finished"
    assert spring.store.manifests.committed(spring.execution.id)["everybody"] == before
    assert len(spring.town.messages("spring", "offer")) == 10
    entry = next(one for one in spring.store.audit.entries() if one.action == "approve")
    assert (entry.actor, entry.reason, entry.at) == ("ada", "a new shop", spring.town.clock())
    assert entry.details["activity"] == "everybody"
    assert "count() is 10" in entry.details["held"]


def test_a_warning_goes_on_and_stays_beside_the_table(spring):
    spring.town.publish("spring", HELD.replace("count() > 1000", "count() > 1"))
    spring.run()

    row = spring.store.manifests.committed(spring.execution.id)["everybody"]
    held, warned = row.details["checks"]
    assert spring.execution.status == "finished"
    assert (held["passed"], warned["passed"]) == (True, False)
    assert warned["sentence"] == (
        "`count(tier = 'gold') > 5` does not hold: count(tier = 'gold') is 3"
    )


def test_a_delivery_is_checked_before_anything_is_planned(spring):
    spring.town.publish("spring", OF_THE_LETTER)
    spring.run()

    assert spring.execution.status == "held"
    assert spring.committed == {"everybody"}
    assert spring.town.messages("spring", "offer") == []

    spring.approve()
    spring.run()

    plan = spring.store.manifests.committed(spring.execution.id)["offer.plan"]
    assert spring.execution.status == "finished"
    assert plan.details["checks"][0]["passed"] is False
    assert len(spring.town.messages("spring", "offer")) == 10


def test_what_writes_is_checked_before_it_writes(spring):
    text = HELD.replace("audience: all_of_them}", "audience: all, checks: [hold: count() > 99]}")
    spring.town.publish("spring", text.replace("count() > 1000", "count() > 1"))
    spring.run()

    assert spring.execution.status == "held"
    assert spring.store.audiences.current() == {}

    spring.approve()
    spring.run()

    assert set(spring.store.audiences.current()) == {"all"}


def test_a_person_cannot_press_past_a_held_check(spring):
    spring.town.publish("spring", HELD)
    spring.run()

    with pytest.raises(Refused, match="held"):
        begin_segment(spring.town.project, "spring", 1, spring.execution.key, "start", "by-hand")


def test_resume_is_no_way_around_an_approval(spring):
    spring.town.publish("spring", HELD)
    spring.run()

    with pytest.raises(Refused, match="approved or rejected"):
        resume(spring.town.project, "spring", None, actor="ada")
    assert spring.execution.status == "held"


def test_of_two_approvals_at_once_one_is_told_of_the_other(spring):
    spring.town.publish("spring", HELD)
    spring.run()
    said = []

    def decide():
        try:
            said.append(
                spring.store.check_holds.approve(
                    spring.execution.id, by="ada", reason="good"
                ).status
            )
        except Refused as error:
            said.append(str(error))

    threads = [Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one == "running" for one in said) == [False, True]
    assert any("were approved already, by ada" in one for one in said)
    actions = [one.action for one in spring.store.audit.entries()]
    assert actions.count("approve") == 1


def test_the_approval_of_another_version_than_the_one_looked_at_is_refused(spring):
    spring.town.publish("spring", HELD)
    spring.run()

    with pytest.raises(Refused, match="runs version 1, not 2"):
        spring.approve(version=2)
    assert spring.execution.status == "held"
    assert spring.approve(version=1).status == "running"


def test_the_checks_of_an_activity_are_approved_one_activity_at_a_time(spring):
    text = OF_THE_LETTER.replace(
        "everybody: {type: build_audience}",
        "everybody: {type: build_audience, checks: [hold: count() > 100]}",
    )
    spring.town.publish("spring", text)
    spring.run()

    with pytest.raises(Refused, match="no failed check of 'offer'"):
        spring.approve(activity="offer")
    spring.approve(activity="everybody")
    spring.run()

    assert spring.execution.status == "held"
    assert "'offer'" in spring.execution.reason


def test_a_rejected_execution_ends_and_what_another_branch_planned_is_called_back(spring):
    spring.town.publish(
        "spring",
        """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: true}
  other:
    type: build_audience
    after: everybody
    checks: [hold: count() > 100]
  letter: {type: email, from: other, template: hello, topic: offers}
""",
    )
    spring.run()
    assert spring.execution.status == "held"

    ended = reject(spring.town.project, "spring", None, actor="ada", reason="the load was cut off")

    assert ended.execution.status == "stopped"
    assert ended.execution.reason == "rejected: the load was cut off"
    assert "reject" in [one.action for one in spring.store.audit.entries()]
    with pytest.raises(Refused):
        spring.approve()


def test_stop_ends_a_held_execution_too(spring):
    spring.town.publish("spring", HELD)
    spring.run()

    stopped = stop(spring.town.project, "spring", None, actor="ada", reason="no")
    assert stopped.execution.status == "stopped"


def test_a_check_that_fails_while_the_execution_is_paused_holds_it_once_it_is_resumed(spring):
    spring.town.publish("spring", HELD)
    (request,) = spring.town.ready()
    run = spring.town.begin(request)
    pause(spring.town.project, "spring", None, actor="ada", reason="lunch")
    run_activity(run, "everybody", "all")
    assert spring.execution.status == "paused"

    resumed = resume(spring.town.project, "spring", None, actor="ada")

    assert resumed.status == "held"
    assert "count() is 10" in resumed.reason


@pytest.mark.parametrize("outcome", ["failure", "missing"])
def test_a_held_check_survives_the_death_of_its_run_and_counts_as_no_failure(spring, outcome):
    spring.town.publish("spring", HELD)
    (request,) = spring.town.ready()
    run = spring.town.begin(request)
    run_activity(run, "everybody", "all")  # and then the process is killed
    for _ in range(3):
        for started in started_runs(spring.town.project):
            run_ended(spring.town.project, started, outcome)
        assert spring.town.ready() == []

    assert spring.execution.status == "held"
    (segment,) = spring.store.segments.of_execution(spring.execution.id)
    assert (segment.state, segment.failures) == ("failed", 0)

    spring.approve()
    spring.run()
    assert spring.execution.status == "finished"


def test_an_approval_before_the_run_has_ended_lets_that_run_go_on(spring):
    spring.town.publish("spring", HELD)
    (request,) = spring.town.ready()
    run = spring.town.begin(request)
    run_activity(run, "everybody", "all")
    spring.approve()
    for activity, part in run.steps()[1:]:
        run_activity(run, activity, part)
    finish_segment(run)
    spring.run()

    assert spring.execution.status == "finished"


def test_a_test_tells_that_it_would_be_held_and_goes_on(spring):
    spring.town.write("spring", HELD)
    apply_campaign(spring.town.project, "spring", actor="test")
    start_execution(spring.town.project, "spring", kind="test", mode="test", actor="test")
    spring.run()

    row = spring.store.manifests.committed(spring.execution.id)["everybody"]
    assert spring.execution.status == "finished"
    assert [one["passed"] for one in row.details["checks"]] == [False, False]


def test_status_names_who_is_held_and_both_ways_out(spring):
    spring.town.publish("spring", HELD)
    spring.run()

    (need,) = [one for one in needs(spring.town.project) if one.kind == "held"]
    assert "count() is 10" in need.sentence
    assert need.command == f"campanile approve spring {spring.execution.key} (or reject)"


USUAL = """
name: spring
schedule: {every: month, days: [1], at: "09:00"}
activities:
  everybody:
    type: build_audience
    checks: [hold: "count() > 0.5 * usual(count()) and count() > 3"]
"""


def test_usual_is_the_median_of_finished_live_executions_and_itself_where_there_is_none(spring):
    spring.town.publish("spring", USUAL)
    project = spring.town.project

    def launch(mode="live"):
        kind = "manual" if mode == "live" else "test"
        start_execution(project, "spring", kind=kind, mode=mode, actor="test")
        spring.run()
        row = spring.store.manifests.committed(spring.execution.id)["everybody"]
        spring.town.clock.forward(hours=1)
        return row.details["checks"][0]

    first = launch()
    assert first["passed"]
    assert "no finished execution yet" in first["sentence"]
    spring.town.load("customer", _more(11, 41))
    assert launch()["seen"]["usual(count())"] == 10
    assert launch()["seen"]["usual(count())"] == 25
    launch("test")
    assert launch()["seen"]["usual(count())"] == 40


def _more(first, last):
    rows = [f"{n},c{n}@example.com,true,base,p" for n in range(first, last)]
    return "customer_id,email,email_ok,tier,store_id\n" + "\n".join(rows) + "\n"


DISJOINT = """
name: spring
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  odd:
    type: build_audience
    where: store_id = 'n'
    after: gold
    checks: [hold: count(in_transition(gold)) = 0]
"""


def test_two_transitions_that_share_people_are_held(spring):
    spring.town.publish("spring", DISJOINT)
    spring.run()
    assert "count(in_transition(gold)) is 2" in spring.execution.reason  # customers 1 and 3


def test_two_transitions_that_share_nobody_pass(spring):
    spring.town.publish("spring", DISJOINT.replace("store_id = 'n'", "not tier = 'gold'"))
    spring.run()
    assert spring.execution.status == "finished"


def test_stale_data_is_held(spring):
    text = HELD.replace("count() > 1000 and share(tier = 'gold') < 0.5", "age(customer) < 24")
    spring.town.publish("spring", text)
    spring.run()
    assert spring.execution.status == "finished"

    spring.town.clock.forward(hours=25)
    start_execution(spring.town.project, "spring", kind="manual", actor="test")
    spring.run()
    assert "age(customer) is 25" in spring.execution.reason


def test_a_path_that_is_not_reached_is_not_checked(spring):
    text = HELD.replace(
        "    type: build_audience\n", "    type: build_audience\n    disabled: true\n"
    )
    spring.town.publish("spring", text)
    spring.run()
    assert spring.execution.status == "finished"


def test_why_and_status_tell_of_warnings_and_of_decisions(spring):
    spring.town.publish("spring", HELD)
    spring.run()
    said = {one.kind: one for one in needs(spring.town.project)}
    assert "count(tier = 'gold') is 3" in said["check_warned"].sentence

    spring.approve()
    spring.run()

    steps = [one for one in checklist(spring.town.project, "spring") if one.what == "check"]
    assert [one.ok for one in steps] == [True, None]
    assert steps[0].sentence.endswith("(approved by ada)")
    assert "a warning of 'everybody'" in steps[1].sentence

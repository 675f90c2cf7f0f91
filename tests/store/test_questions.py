"""Questions and reviews on both databases: one answer decides, whoever comes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from campanile.campaigns.questions import NewQuestion, Reply
from campanile.errors import Refused
from campanile.store.advances import Steps
from campanile.store.gates import GateToArm
from campanile.store.store import Store

ASKED = ("ana", "bo", "cid", "dan")


@pytest.fixture
def asking(live: Store, begun: Any, clock: Any) -> Any:
    """An execution that asks four people, one of whom decides."""
    due_at = clock() + timedelta(days=1)
    wanted = NewQuestion("approval", "sign_off", "Go on?", ASKED, ("yes", "no"), due_at=due_at)
    gate = GateToArm("sign_off", "approval", due_at, "expired")
    for _ in range(2):  # the second one changes nothing
        live.advances.advance(begun.id, lambda _: Steps(arm=(gate,), ask={"sign_off": wanted}))
    (found,) = live.questions.of_execution(begun.id)
    return found


def reply(live: Store, asked: Any, person: str, word: str = "yes") -> str:
    try:
        return live.questions.reply(asked.id, Reply(person, word, "", (person,))).outcome or ""
    except Refused:
        return "refused"


def test_of_many_who_answer_at_once_one_decides(live: Store, asking: Any):
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda person: reply(live, asking, person), ASKED))

    assert sorted(said) == ["refused"] * 3 + ["yes"]
    gate = live.gates.get(asking.execution_id, "sign_off")
    assert (gate.outcome, gate.released_by) == ("yes", ASKED[said.index("yes")])
    (found,) = live.questions.of_execution(asking.execution_id)
    assert (len(found.given), found.closed_by) == (1, gate.released_by)


def test_the_clock_and_an_answer_never_both_decide(live: Store, asking: Any, clock: Any):
    assert asking.due_at is not None
    with ThreadPoolExecutor(2) as pool:
        expired = pool.submit(live.gates.release_due, asking.due_at)
        said = pool.submit(reply, live, asking, "ana")
        opened = [gate.activity for gate in expired.result()]

    (found,) = live.questions.of_execution(asking.execution_id)
    assert found.outcome == ("expired" if opened else "yes")
    assert said.result() == ("refused" if opened else "yes")


def test_what_is_open_is_listed_until_it_is_decided(live: Store, asking: Any):
    assert [one.id for one in live.questions.pending()] == [asking.id]
    assert live.questions.pending("nobody") == ()
    reply(live, asking, "ana", "no")
    assert live.questions.pending() == ()


def test_a_review_is_closed_as_a_whole_and_every_step_is_told(store: Store, save_campaign: Any):
    save_campaign("welcome")
    wanted = [
        NewQuestion("publication", name, "May it?", ("ana",), ("approved", "changes_requested"))
        for name in ("big", "legal")
    ]
    first, second = store.reviews.submit("welcome", 1, wanted, by="bo")
    store.questions.reply(first.id, Reply("ana", "approved", "", ("ana",)))
    store.questions.reply(second.id, Reply("ana", "changes_requested", "no", ("ana",)))

    outcomes = [one.outcome for one in store.reviews.of_version("welcome", 1)]
    assert outcomes == ["void", "changes_requested"]
    assert store.campaigns.get("welcome").status == "draft"
    told = [(one.kind, one.campaign) for one in store.notices.waiting(store.clock())]
    assert told == [("asked", "welcome")] * 2 + [("decided", "welcome")] * 2

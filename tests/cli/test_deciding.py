"""Approvals, tasks and reviews as they are typed: what is said, and what is refused."""

import pytest

ASKS = """\
name: asks
schedule: asap
activities:
  people: {type: build_audience}
  sign_off: {type: approval, from: people, by: tester, question: "All {{ count }}?", within: 1 day}
  pack: {type: task, from: sign_off.approved, title: Pack them, assignee: tester, reviewer: boss}
  silent: {type: filter, from: pack.done, where: tier = 'gold'}
"""


@pytest.fixture
def asking(shop):
    """A shop whose campaign asks the person who types."""
    shop.write("campaigns/asks.yaml", ASKS)
    assert shop("apply", "asks")[0] == 0, shop.err
    assert shop("publish", "asks", "--no-count")[0] == 0, shop.err
    shop.run_clock()
    return shop


def test_an_approval_is_listed_answered_and_followed_by_a_task(asking):
    code, said = asking("tasks", "--mine")
    assert (code, "All 20?" in said, "tester" in said) == (0, True, True)
    assert "approval 'sign_off' waits for tester" in asking("status")[1]
    assert "pending: waits for tester" in asking("why", "asks")[1]

    code, said = asking("approve", "asks", "--rows", "20", "--comment", "fine")
    assert (code, "it is decided as 'approved'" in said) == (0, True), asking.err
    asking.run_clock()
    code, said = asking("done", "asks", "--comment", "packed")
    assert (code, "is pending approval and waits for boss" in said) == (0, True), asking.err
    assert asking("approve", "asks")[0] == 1
    assert "is reviewed by boss" in asking.err
    assert asking("done", "asks")[0] == 1
    assert "was reported as done by tester" in asking.err

    (task, approval) = asking.json("tasks", "asks", "--all")
    assert (task["status"], approval["status"]) == ("pending approval", "approved")
    assert asking.json("tasks", "--to-approve")[0]["waiting_for"] == ["boss"]


def test_wrong_answers_are_refused_with_what_there_is(asking):
    for words, said in (
        (("approve", "asks", "--rows", "19"), "is about 20 rows, not 19"),
        (("approve", "asks", "--version", "2"), "is about version 1, not 2"),
        (("approve", "asks", "--answer", "perhaps"), "There is: approved, rejected."),
        (("approve", "asks", "nowhere"), "there is no execution asks/nowhere"),
        (("approve", "nobody"), "there is no campaign 'nobody'"),
        (("done", "asks"), "no task of 'asks' waits"),
        (("withdraw", "asks"), "nothing of 'asks' is under review"),
        (("tasks", "nobody"), "there is no campaign 'nobody'"),
    ):
        assert asking(*words)[0] == 1, words
        assert said in asking.err, (words, asking.err)

    assert asking("reject", "asks", "--comment", "no")[0] == 0, asking.err
    assert asking("approve", "asks")[0] == 1
    assert "decided already: 'rejected' by tester" in asking.err


def test_a_policy_locks_what_is_submitted_until_somebody_approves(shop):
    file = shop.folder / "campanile.yaml"
    file.write_text(file.read_text() + "\napprovals: {head: {by: tester, own: true}}\n")
    assert shop("apply", "spring")[0] == 0, shop.err
    assert shop("publish", "spring", "--no-count")[0] == 1
    assert "needs the approval of tester (policy 'head')" in shop.err

    code, said = shop("submit", "spring")
    assert (code, "'spring' is in review: version 1" in said) == (0, True), shop.err
    assert shop.json("show", "spring")["status"] == "in_review"
    assert shop("withdraw", "spring")[0] == 0
    assert shop("submit", "spring")[0] == 0, shop.err
    assert shop("reject", "spring", "--comment", "shorter")[0] == 0, shop.err
    assert shop.json("show", "spring")["status"] == "draft"
    assert shop("submit", "spring")[0] == 0, shop.err
    code, said = shop("approve", "spring")
    assert (code, "version 1 is published and live" in said) == (0, True), shop.err


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{by: []}", "by"),
        ("{by: Lea!}", "names no person or group"),
        ("{by: lea, channels: [fax]}", "`fax` is no channel"),
        ("{by: lea, remind: 4 days}", "a reminder comes after the question"),
        ("{by: lea, within: param.x}", "a project has no parameters"),
        ("{by: lea, may_grow: 10% of matched}", "a bare percentage"),
        ("{by: lea, whenever: true}", "whenever"),
    ],
)
def test_a_wrong_policy_is_a_fault_of_the_settings(shop, policy, said):
    file = shop.folder / "campanile.yaml"
    file.write_text(file.read_text() + f"\napprovals: {{head: {policy}}}\n")

    code, found = shop("validate", "campaigns")
    assert (code, said in found, "campanile.yaml:" in found) == (1, True, True), found

"""People are told once of what happened, and the mail says nothing of anybody's customers."""

import pytest

from campanile.channels.plain_mail import send_plain
from campanile.errors import Refused
from campanile.operations.scheduling import notices
from campanile.operations.scheduling.clock import run_ended, started_runs, tick
from campanile.operations.scheduling.notices import send_notices
from campanile.operations.scheduling.subscriptions import subscribe, subscriptions, unsubscribe

TOLD = """
name: told
schedule: asap
supervisors: [ana@shop.example, nobody]
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  tell: {type: alert, from: gold, title: Gold, message: "In {{ campaign.name }}"}
"""


def mails(town):
    return sorted(one for each in town.sink.accepted() for one in each["rcpt"])


def fail_three_times(town):
    for _ in range(3):
        (request,) = tick(town.project, town.clock()).segments
        town.begin(request)
        (started,) = started_runs(town.project)
        run_ended(town.project, started, "failure")


def test_an_alert_is_mailed_once_to_supervisors_and_to_who_subscribed(town):
    town.publish("told", TOLD)
    assert subscribe(town.project, "bea@shop.example")
    assert subscribe(town.project, "bea@shop.example", "told")
    assert not subscribe(town.project, "bea@shop.example", "told")
    subscribe(town.project, "cid@shop.example", "told")
    unsubscribe(town.project, "cid@shop.example", "told")
    town.run()
    town.run()

    assert mails(town) == ["ana@shop.example", "bea@shop.example"]
    assert [one.campaign for one in subscriptions(town.project)] == ["", "told"]
    with pytest.raises(Refused, match="has not subscribed to all alerts"):
        unsubscribe(town.project, "cid@shop.example")
    with pytest.raises(Refused, match="no e-mail address"):
        subscribe(town.project, "cid")


def test_each_failure_is_mailed_once_and_to_supervisors_only(town):
    town.publish("told", TOLD)
    subscribe(town.project, "bea@shop.example")
    fail_three_times(town)
    for _ in range(3):
        tick(town.project, town.clock())
    assert mails(town) == ["ana@shop.example"]

    execution = town.project.store.executions.of_campaign("told")[0]
    town.clock.forward(minutes=1)
    town.project.store.executions.resume(execution.id, by="ana")
    fail_three_times(town)
    tick(town.project, town.clock())
    assert mails(town) == ["ana@shop.example"] * 2


def test_a_pause_by_hand_and_a_test_are_no_news(town):
    town.publish("told", TOLD)
    execution = town.project.store.executions.of_campaign("told")[0]
    town.project.store.executions.pause(execution.id, by="ana", reason="a wrong price")
    tick(town.project, town.clock())

    assert mails(town) == []
    assert town.project.store.notices.waiting(town.clock()) == ()


def test_a_server_that_is_away_is_asked_again_later_and_nobody_is_told_twice(town, monkeypatch):
    town.publish("told", TOLD.replace("nobody", "bea@shop.example"))
    asked = []

    def half(connection, mail, addresses):
        asked.append(list(addresses))
        return send_plain(connection, mail, addresses[:1])

    monkeypatch.setattr(notices, "send_plain", half)
    town.run()
    assert send_notices(town.project, town.clock()) == 0
    town.clock.forward(minutes=5)
    assert send_notices(town.project, town.clock()) == 1
    town.clock.forward(minutes=5)
    assert send_notices(town.project, town.clock()) == 0

    assert asked == [["ana@shop.example", "bea@shop.example"], ["bea@shop.example"]]
    assert mails(town) == ["ana@shop.example", "bea@shop.example"]


def test_nobody_is_told_while_sending_is_halted(town):
    town.publish("told", TOLD)
    town.project.store.sending.halt("a wrong price", town.clock())
    town.run()
    assert mails(town) == []


def test_while_the_server_is_away_one_notice_is_tried_and_all_are_told_later(town, monkeypatch):
    for name in ("told", "told_too"):
        town.publish(name, TOLD.replace("name: told", f"name: {name}"))
    asked = []

    def away(connection, mail, addresses):
        asked.append(mail.key)
        nowhere = connection.model_copy(update={"host": "127.0.0.1", "port": 9})
        return send_plain(nowhere, mail, addresses)

    with monkeypatch.context() as patched:
        patched.setattr(notices, "send_plain", away)
        town.run()
        assert len(town.project.store.alerts.newest()) == 2
        tick(town.project, town.clock())
        assert len(asked) == 1
    town.clock.forward(minutes=5)
    tick(town.project, town.clock())
    assert mails(town) == ["ana@shop.example"] * 2


def test_files_that_cannot_be_read_do_not_stop_the_clock(town):
    town.publish("told", TOLD)
    town.project.store.sending.halt("later", town.clock())
    town.run()
    channels = town.project.folder / "channels.yaml"
    written = channels.read_text()
    town.project.store.sending.arm(town.project.identity, town.clock())
    channels.write_text("senders: nothing")
    town.project.read_again()
    tick(town.project, town.clock())
    assert mails(town) == []

    channels.write_text(written)
    town.project.read_again()
    town.clock.forward(minutes=5)
    tick(town.project, town.clock())
    assert mails(town) == ["ana@shop.example"]

"""A campaign from one status to the next, by hand: each command says what follows."""

import pytest

WEEKLY = "schedule: {every: week, days: [mon], at: '09:00', timezone: Europe/Paris}"
SIGNAL = "schedule: {signal: true, at_most_every: 1 hour}"
MODEL = "model: true\nschedule: {once: param.send_on, timezone: Europe/Paris}"


@pytest.fixture
def spring(shop):
    """Rewrite the schedule of the campaign, apply and publish it."""

    def publish(schedule, publish=True):
        file = shop.folder / "campaigns" / "spring.yaml"
        file.write_text(file.read_text().replace("schedule: asap", schedule))
        assert shop("apply", "campaigns")[0] == 0, shop.err
        if publish:
            assert shop("publish", "spring", "--no-count")[0] == 0, shop.err

    return publish


def status(shop, name="spring"):
    return shop.json("show", name)["status"]


def test_a_scheduled_campaign_goes_back_to_draft_and_is_deleted(shop, spring):
    spring(WEEKLY)
    assert status(shop) == "scheduled"

    code, said = shop("unpublish", "spring", "--reason", "a typo")
    assert (code, "is draft again" in said, "campanile publish spring" in said) == (0, True, True)
    assert shop.json("show", "spring")["published_version"] is None

    assert shop("delete", "spring")[0] == 0
    assert shop("show", "spring")[0] == 1
    assert shop("apply", "campaigns")[0] == 0


def test_what_is_not_possible_is_refused_with_what_is(shop, spring):
    spring(WEEKLY)

    for step in ("delete", "close"):
        code, _ = shop(step, "spring")
        assert code == (1 if step == "delete" else 0)

    assert shop("unpublish", "spring")[0] == 1
    assert "is closed: it cannot go back to draft" in shop.err
    assert "Possible now: `campanile stop spring`, `campanile archive spring`" in shop.err


def test_a_closed_campaign_lets_in_nobody_and_ends_what_is_under_way(shop, planned):
    planned()
    code, said = shop("close", "spring")
    assert (code, "1 execution under way will end as planned" in said) == (0, True)
    assert status(shop) == "closed"
    assert shop("start", "spring", "--no-count")[0] == 1
    assert shop("confirm", "spring")[0] == 0


def test_a_stop_says_how_many_were_out_and_the_owner_may_go_on(shop, planned):
    key = planned()
    shop("confirm", "spring")

    code, said = shop("stop", "spring", "--reason", "a wrong price")

    assert code == 0
    assert "0 messages were out already" in said
    assert "14 will not be sent" in said
    assert status(shop) == "stopped"
    assert shop.json("account", "spring", key)["deliveries"][0]["waiting"] == 0
    assert shop("publish", "spring")[0] == 1

    assert shop("resume", "spring", key)[0] == 0, shop.err
    assert status(shop) == "closed"
    account = shop.json("account", "spring", key)["deliveries"][0]
    assert (account["waiting"], account["closes"]) == (14, True)


def test_a_stopped_draft_ends_its_tests_and_stays_a_draft(shop):
    shop("apply", "campaigns")
    shop("test", "spring", "--real-waits")

    code, said = shop("stop", "spring")

    assert (code, "'spring' is draft, 1 execution ended" in said) == (0, True)
    assert shop("stop", "spring")[0] == 1


def test_a_duplicate_is_a_file_with_its_comments_and_a_draft(shop, spring):
    spring(WEEKLY)
    shop("stop", "spring")

    code, said = shop("duplicate", "spring", "autumn", "--param", "least=7")

    assert (code, "campaigns/autumn.yaml" in said) == (0, True), shop.err
    text = (shop.folder / "campaigns" / "autumn.yaml").read_text()
    assert "# a comment that export keeps" in text
    assert "name: autumn" in text
    assert 'default: "7"' in text or "default: 7" in text or "default: '7'" in text
    assert status(shop, "autumn") == "draft"
    for taken in ("spring", "autumn"):
        assert shop("duplicate", "spring", taken)[0] == 1
    assert shop("duplicate", "spring", "winter", "--param", "most=7")[0] == 1
    assert not (shop.folder / "campaigns" / "winter.yaml").exists()


def test_a_model_launches_nothing_and_its_duplicate_does(shop, spring):
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace(
        "parameters: {least:", "parameters: {send_on: {type: timestamp}, least:"
    ))  # fmt: skip
    spring(MODEL)
    assert shop.json("show", "spring")["launches"] == []
    assert shop("start", "spring", "--param", "send_on=2030-01-01 09:00")[0] == 1
    assert "is a model" in shop.err

    assert shop("duplicate", "spring", "lyon")[0] == 1
    assert "`send_on` has no default" in shop.err
    assert shop("duplicate", "spring", "lyon", "--param", "send_on=2030-01-01 09:00")[0] == 0
    assert len(shop.json("show", "lyon")["launches"]) == 1


def test_an_archived_campaign_is_out_of_the_list_but_found(shop, spring):
    spring(WEEKLY)
    shop("stop", "spring")

    assert shop("archive", "spring")[0] == 0

    assert shop.json("campaigns") == []
    (line,) = shop.json("campaigns", "--status", "archived")
    assert line["name"] == "spring"


def test_a_folder_is_applied_though_a_campaign_in_it_is_over(shop, spring):
    spring(WEEKLY)
    shop("stop", "spring")
    assert shop("apply", "campaigns")[0] == 0

    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("09:00", "10:00"))
    assert shop("apply", "campaigns")[0] == 1
    assert "is stopped: it gets no further version" in shop.err


def test_a_signal_starts_a_campaign_with_its_payload_and_not_too_often(shop, spring):
    spring(SIGNAL)

    assert shop("signal", "spring", "--param", "least=many")[0] == 1
    assert shop("signal", "spring", "--param", "least=5")[0] == 0, shop.err
    assert shop.json("executions", "spring")[0]["kind"] == "signal"

    assert shop("signal", "spring")[0] == 1
    assert "Again from" in shop.err


def test_the_calendar_lists_the_launches_of_all_campaigns(shop, spring):
    spring(WEEKLY)

    found = shop.json("calendar", "--from", "2030-01-01", "--to", "2030-01-31")

    assert [launch["local"] for launch in found] == [
        f"2030-01-{day:02} 09:00 Europe/Paris" for day in (7, 14, 21, 28)
    ]
    assert {launch["state"] for launch in found} == {"planned"}
    assert shop("calendar", "--from", "2030-01-31", "--to", "2030-01-01")[0] == 2


def test_show_previews_launches_of_a_draft(shop, spring):
    spring(WEEKLY, publish=False)

    assert len(shop.json("show", "spring")["launches"]) == 10
    assert len(shop.json("show", "spring", "--next", "3")["launches"]) == 3
    assert "It would launch (Europe/Paris)" in shop("show", "spring")[1]

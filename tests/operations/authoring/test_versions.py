"""Versions: an execution runs the one it began with, whatever becomes of files afterwards."""

import pytest

from campanile.errors import Refused
from campanile.operations.authoring.templates import thaw_templates
from campanile.operations.authoring.versions import apply_campaign, get_version, live_versions
from campanile.operations.executing.segment_runs import begin_segment

SLOW = """
name: slow
schedule: asap
activities:
  everybody: {type: build_audience}
  a_day: {type: wait, from: everybody, for: 1 day}
  chosen: {type: filter, from: a_day, where: tier = 'gold'}
"""
OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  a_day: {type: wait, from: everybody, for: 1 day}
  offer: {type: email, from: a_day, template: hello, topic: offers, confirm: false}
"""


def test_an_execution_that_waits_keeps_its_version_and_the_next_one_has_the_new(town):
    town.publish("slow", SLOW)
    town.run()
    town.publish("slow", SLOW.replace("gold", "base"))
    first = town.project.store.executions.of_campaign("slow")[-1]
    assert [each.version for each in live_versions(town.project)] == [1, 2]

    town.clock.forward(days=1)
    town.run()

    rows = {
        each.version: town.project.store.manifests.committed(each.id).get("chosen")
        for each in town.project.store.executions.of_campaign("slow")
    }
    assert town.project.store.executions.get(first.id).status == "finished"
    assert (rows[1].rows, rows[2]) == (3, None)
    assert [each.version for each in live_versions(town.project)] == [2]


def test_a_run_of_another_version_is_refused(town):
    town.publish("slow", SLOW)
    town.publish("slow", SLOW.replace("gold", "base"))
    first = town.project.store.executions.of_campaign("slow")[-1]

    with pytest.raises(Refused, match="runs version 1"):
        begin_segment(town.project, "slow", 2, first.key, "start", "run", 1)


def test_a_message_is_written_with_the_template_of_its_version(town):
    town.publish("spring", OFFER)
    town.run()
    template = town.project.folder / "templates/hello/email.html"
    template.write_text(template.read_text().replace("Hello", "Goodbye"))
    town.clock.forward(days=1)

    town.run()

    delivery = town.messages("spring", "offer")[0].delivery_id
    content = town.project.store.deliveries.content(delivery)
    assert "Hello" in content
    assert "Goodbye" not in content


def test_an_image_beside_a_template_is_no_part_of_the_version(town):
    folder = town.project.folder / "templates"
    (folder / "hello" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    (folder / "_parts").mkdir()
    (folder / "_parts" / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    town.write("spring", OFFER)

    applied = apply_campaign(town.project, "spring", actor="test")

    thawed = thaw_templates(town.project, "spring", applied.version)
    assert [path.name for path in thawed.rglob("*") if path.is_file()] == ["email.html"]


def test_a_campaign_written_anew_under_an_old_name_has_its_own_templates(town):
    town.write("spring", OFFER)
    apply_campaign(town.project, "spring", actor="test")
    thaw_templates(town.project, "spring", 1)
    town.project.store.lives.take("spring", "delete", by="ana")
    template = town.project.folder / "templates/hello/email.html"
    template.write_text(template.read_text().replace("Hello", "Goodbye"))
    apply_campaign(town.project, "spring", actor="test")

    thawed = thaw_templates(town.project, "spring", 1)

    assert "Goodbye" in (thawed / "hello" / "email.html").read_text()


def test_a_column_the_catalog_gains_is_empty_in_rows_that_were_loaded_before(town):
    catalog = town.project.folder / "catalog/town.yaml"
    catalog.write_text(catalog.read_text().replace("tier: text", "tier: text, born_in: text"))
    town.publish("slow", SLOW.replace("tier = 'gold'", "is_empty(born_in)"))
    town.run()
    town.clock.forward(days=1)

    town.run()

    assert town.rows("slow.chosen") == 10


def test_a_catalog_that_breaks_under_a_waiting_execution_pauses_it_with_the_reason(town):
    town.publish("slow", SLOW)
    town.run()
    catalog = town.project.folder / "catalog/town.yaml"
    catalog.write_text(catalog.read_text().replace("tier: text, ", ""))
    town.read_files_again()
    town.clock.forward(days=1)

    for _ in range(3):
        (request,) = town.ready()
        with pytest.raises(Exception, match="tier"):
            town.work(request)
        fail(town, request, "tier is not there")

    execution = town.project.store.executions.of_campaign("slow")[0]
    assert execution.status == "paused"
    assert "tier" in execution.reason


def fail(town, request, reason):
    town.project.store.segments.fail(
        request.execution_id, request.segment, request.attempt, reason=reason
    )


def test_a_version_is_read_from_its_row_alone(town):
    town.publish("slow", SLOW)
    (town.project.folder / "campaigns/slow.yaml").unlink()

    assert get_version(town.project, "slow", 1).campaign.name == "slow"

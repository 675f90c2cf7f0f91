"""After a rotation new mail uses the new key, and what was planned before stays as it was."""

from campanile.operations.keeping.rotation import key_uses, with_new_key
from campanile.settings.keys import keys_file, write_keys


def sent_keys(project):
    return {
        one.activity: one.settings.signing_key
        for execution in project.store.executions.of_campaign("hello")
        for one in project.store.deliveries.of_execution(execution.id)
    }


def test_a_delivery_keeps_the_key_it_was_planned_with(planned, reopen, tmp_path):
    write_keys(keys_file(planned.project.state), with_new_key(planned.project.keys))
    planned.project = reopen(planned.project.folder, planned.project)

    assert sent_keys(planned.project) == {"letter": 1}
    assert [(one.id, one.is_current, one.unfinished) for one in key_uses(planned.project)] == [
        (1, False, 1),
        (2, True, 0),
    ]


def test_what_is_planned_after_a_rotation_is_signed_with_the_new_key(town, reopen, request):
    write_keys(keys_file(town.project.state), with_new_key(town.project.keys))
    town.project = reopen(town.project.folder, town.project)

    planned = request.getfixturevalue("planned")

    assert sent_keys(planned.project) == {"letter": 2}

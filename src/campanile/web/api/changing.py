"""What the API changes: the same operations as the commands', and who takes up what is due."""

from typing import Any, get_args

from campanile.operations.authoring import lives
from campanile.operations.authoring.duplicating import duplicate
from campanile.operations.authoring.signals import send_signal
from campanile.operations.authoring.steps import PersonsStep, take_step
from campanile.operations.authoring.uploading import apply_text
from campanile.operations.authoring.versions import publish, start_execution
from campanile.operations.hosting.serving import run_what_is_due, serve_published
from campanile.operations.rehearsing.reached import count_reached
from campanile.operations.scheduling import decisions
from campanile.store.execution_rows import Execution
from campanile.web.api import inputs
from campanile.web.api.reading import Call


def upload(call: Call) -> dict[str, Any]:
    """Write a campaign file and save it as a version; nothing runs until it is published."""
    done = apply_text(call.project, call.name, call.sent.text)
    return {"campaign": done.campaign, "version": done.version, "created": done.created,
            "status": done.status}  # fmt: skip


def make_live(call: Call) -> dict[str, Any]:
    """Make a version the one that new executions run."""
    sent: inputs.WhichVersion = call.sent
    done = publish(
        call.project, call.name, version=sent.version, actor=call.actor, count=count_reached
    )
    served = serve_published(call.project)
    began = None if done.execution is None else _execution(done.execution)
    return {"campaign": call.name, "version": done.version, "status": done.campaign.status,
            "execution": began, "served": served}  # fmt: skip


def start(call: Call) -> dict[str, Any]:
    """Start a live execution of the published version now."""
    given = call.sent.parameters
    begun = start_execution(
        call.project, call.name, kind="manual", parameters=given, actor=call.actor
    )
    return _taken_up(call, begun)


def test(call: Call) -> dict[str, Any]:
    """Start a test of the latest version: nothing is sent, nothing is saved."""
    given = call.sent.parameters
    begun = start_execution(
        call.project, call.name, kind="test", mode="test", parameters=given, actor=call.actor
    )
    serve_published(call.project)
    return _taken_up(call, begun)


def signal(call: Call) -> dict[str, Any]:
    """Start a campaign by a signal; its payload are the parameters."""
    sent: inputs.Signal = call.sent
    done = send_signal(call.project, call.name, sent.parameters, actor=call.actor, key=sent.key)
    found = _taken_up(call, done.execution)
    return {**found, "repeated": done.repeated, "undeclared": list(done.undeclared)}


def step(call: Call) -> dict[str, Any]:
    """Take a campaign from its status to the next."""
    wanted: PersonsStep = next(
        one for one in get_args(PersonsStep) if one == call.path.get("step", "delete")
    )
    taken = take_step(call.project, call.name, wanted, actor=call.actor, reason=call.sent.reason)
    serve_published(call.project)
    messages = taken.messages
    return {
        "campaign": call.name,
        "status": "deleted" if wanted == "delete" else taken.campaign.status,
        "before": taken.before,
        "ended": [one.key for one in taken.ended],
        "messages": {"already_out": messages.already_out, "in_flight": messages.in_flight,
                     "called_back": messages.called_back},
    }  # fmt: skip


def copy(call: Call) -> dict[str, Any]:
    """Write a copy of a campaign in any status under another name, as a draft."""
    sent: inputs.Copy = call.sent
    made = duplicate(
        call.project,
        call.name,
        sent.new_name,
        version=sent.version,
        defaults=sent.parameters,
        actor=call.actor,
    )
    return {"campaign": sent.new_name, "copied_version": made.copied, "file": str(made.file)}


def confirm(call: Call) -> list[dict[str, Any]]:
    """Let deliveries go that wait for it."""
    key, activity = call.path["execution"], call.sent.activity
    done = lives.confirm(call.project, call.name, key, activity, actor=call.actor)
    run_what_is_due(call.project)
    return [{"activity": one.activity, "messages": account.waiting} for one, account in done]


def pause(call: Call) -> dict[str, Any]:
    """Start nothing new and send nothing more of an execution, until it is resumed."""
    key, reason = call.path["execution"], call.sent.reason
    return _execution(lives.pause(call.project, call.name, key, actor=call.actor, reason=reason))


def resume(call: Call) -> dict[str, Any]:
    """Go on with an execution that is paused, held as too late, or was stopped."""
    key, reason = call.path["execution"], call.sent.reason
    found = lives.resume(call.project, call.name, key, actor=call.actor, reason=reason)
    return _taken_up(call, found)


def stop(call: Call) -> dict[str, Any]:
    """End an execution; what has not left is called back."""
    key, reason = call.path["execution"], call.sent.reason
    done = lives.stop(call.project, call.name, key, actor=call.actor, reason=reason)
    return _execution(done.execution)


def restart(call: Call) -> dict[str, Any]:
    """Compute an activity and all that follows it anew, in the same execution."""
    key, sent = call.path["execution"], call.sent
    found, _ = lives.restart(
        call.project, call.name, key, sent.activity, actor=call.actor, reason=sent.reason
    )
    return _taken_up(call, found)


def approve(call: Call) -> dict[str, Any]:
    """Let an execution go on although its checks failed."""
    key, sent = call.path["execution"], call.sent
    found = decisions.approve(
        call.project,
        call.name,
        key,
        actor=call.actor,
        reason=sent.reason,
        activity=sent.activity,
        version=sent.version,
    )
    return _taken_up(call, found)


def reject(call: Call) -> dict[str, Any]:
    """End an execution because its checks failed."""
    key, sent = call.path["execution"], call.sent
    done = decisions.reject(
        call.project, call.name, key, actor=call.actor, reason=sent.reason, version=sent.version
    )
    return _execution(done.execution)


def _taken_up(call: Call, found: Execution) -> dict[str, Any]:
    return {**_execution(found), "served": run_what_is_due(call.project)}


def _execution(found: Execution) -> dict[str, Any]:
    return {
        "campaign": found.campaign,
        "execution": found.key,
        "version": found.version,
        "mode": found.mode,
        "status": found.status,
    }

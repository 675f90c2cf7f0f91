"""People on the command line: who is let in, by what, and what a role may not."""

import shutil
import stat

import pytest

from campanile.cli import COMMANDS
from campanile.people.rights import ROLES
from campanile.settings.people import TOKEN_VARIABLE


@pytest.fixture
def act_as(shop, monkeypatch):
    """Let the following commands be those of a new person of a role."""

    def become(role: str, *options: str) -> str:
        monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
        name = f"some-{role}"
        assert shop("users", "add", name, "--role", role, *options)[0] == 0, shop.err
        status, out = shop("tokens", "create", name, "--label", "test")
        assert status == 0
        monkeypatch.setenv(TOKEN_VARIABLE, out.strip())
        return out.strip()

    return become


def test_init_makes_the_first_administrator_and_shows_no_token(empty_shop):
    kept = next((empty_shop.folder / "dagster_home" / "campanile" / "tokens").iterdir())
    status, out = empty_shop("users", "list")

    assert status == 0
    assert "tester" in out
    assert "administrator" in out
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().strip() not in out


def test_whoever_makes_the_first_account_of_an_older_project_goes_on(tmp_path, shop, monkeypatch):
    for path in ("campanile.yaml", "catalog", "channels.yaml", "templates", "campaigns"):
        source, target = shop.folder / path, tmp_path / "older" / path
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    monkeypatch.chdir(tmp_path / "older")
    assert "Nobody has an account" in shop("users", "list")[1]
    assert "nobody has an account" in shop("doctor")[1]

    assert shop("users", "add", "bea", "--role", "manager")[0] == 1
    assert shop("users", "add", "ada", "--role", "administrator")[0] == 0
    assert shop("users", "add", "bea", "--role", "manager")[0] == 0, shop.err
    assert "ada" in shop("users", "list")[1]


def test_without_a_token_nothing_is_shown(shop):
    for kept in (shop.folder / "dagster_home" / "campanile" / "tokens").iterdir():
        kept.unlink()

    status, _ = shop("campaigns")

    assert status == 1
    assert "nobody is signed in here" in shop.err
    assert TOKEN_VARIABLE in shop.err


def test_a_kept_token_that_others_can_read_is_not_used(shop):
    kept = next((shop.folder / "dagster_home" / "campanile" / "tokens").iterdir())
    kept.chmod(0o644)

    assert shop("campaigns")[0] == 1
    assert "can be read by others" in shop.err


def test_a_wrong_a_revoked_and_a_closed_accounts_token_are_refused_alike(shop, act_as, monkeypatch):
    secret = act_as("viewer")
    assert shop("campaigns")[0] == 0
    monkeypatch.delenv(TOKEN_VARIABLE)
    assert shop("users", "disable", "some-viewer")[0] == 0
    refusals = set()
    for wrong in ("campanile_guess", secret):
        monkeypatch.setenv(TOKEN_VARIABLE, wrong)
        assert shop("campaigns")[0] == 1
        refusals.add(shop.err)
        assert wrong not in shop.err
    assert len(refusals) == 1


def test_the_last_administrator_stays(shop):
    assert shop("users", "disable", "tester")[0] == 1
    assert "nobody would be administrator" in shop.err


def test_the_audit_log_names_the_person_whatever_the_environment_says(shop, act_as, monkeypatch):
    act_as("approver")
    monkeypatch.setenv("CAMPANILE_ACTOR", "somebody else")
    assert shop("apply", "campaigns")[0] == 0, shop.err
    assert shop("halt")[0] == 0

    project = shop.project()
    actors = {entry.action: entry.actor for entry in project.store.audit.entries()}
    project.store.close()

    assert (actors["apply"], actors["halt"]) == ("some-approver", "some-approver")


CHANGING = {
    # words of a command that the role must be allowed: administrator, approver, manager, viewer
    "apply": (("apply", "campaigns"), "APM"),
    "publish": (("publish", "spring"), "AP"),
    "start": (("start", "spring"), "AP"),
    "test": (("test", "spring"), "APM"),
    "signal": (("signal", "spring"), "AP"),
    "confirm": (("confirm", "spring"), "AP"),
    "submit": (("submit", "spring"), "APM"),
    "withdraw": (("withdraw", "spring"), "APM"),
    "approve": (("approve", "spring"), "AP"),  # of checks; who is asked may answer
    "reject": (("reject", "spring"), "AP"),
    "pause": (("pause", "spring"), "APM"),  # of a test; of a live one AP
    "resume": (("resume", "spring"), "APM"),
    "stop": (("stop", "spring"), "AP"),
    "restart": (("restart", "spring", "no-such", "--from", "people"), "APM"),
    "close": (("close", "spring"), "AP"),
    "unpublish": (("unpublish", "spring"), "AP"),
    "duplicate": (("duplicate", "spring", "again"), "APM"),
    "archive": (("archive", "spring"), "AP"),
    "delete": (("delete", "spring"), "APM"),
    "uncertain": (("uncertain", "spring", "--leave"), "AP"),
    "proof": (("proof", "spring", "letter", "--to", "a@shop.example"), "APM"),
    "load": (("load", "customer", "more.csv"), "A"),
    "halt": (("halt",), "AP"),
    "arm": (("arm",), "A"),
    "backup": (("backup", "all.tar"), "A"),
    "upgrade": (("upgrade",), "A"),
    "keys": (("keys", "rotate"), "A"),
    "users": (("users", "add", "new"), "A"),
    "tokens": (("tokens", "create", "tester"), "A"),
}
READING = {
    "status": (("status",), "APMV"),
    "alerts": (("alerts", "list"), "APMV"),
    "campaigns": (("campaigns",), "APMV"),
    "calendar": (("calendar",), "APMV"),
    "show": (("show", "spring"), "APMV"),
    "executions": (("executions", "spring"), "APMV"),
    "audiences": (("audiences",), "APMV"),
    "entities": (("entities",), "APM"),
    "plan": (("plan", "spring"), "APMV"),
    "preview": (("preview", "spring"), "APMV"),
    "count": (("count", "true"), "APMV"),
    "explain": (("explain", "spring", "--version", "1"), "APMV"),
    "export": (("export", "spring"), "APMV"),
    "account": (("account", "spring"), "APMV"),
    "why": (("why", "spring"), "APMV"),
    "report": (("report", "spring"), "APMV"),
    "filters": (("filters",), "APMV"),
    "logs": (("logs", "spring"), "APMV"),
    "tasks": (("tasks",), "APMV"),
    "done": (("done", "spring"), "APMV"),  # the assignee of a task may report it
    "audit": (("audit",), "APMV"),
}
UNGUARDED = {
    # files, catalogues, processes, examinations of this machine: no project is opened for anybody
    "init", "demo", "serve", "validate", "format", "schema", "functions", "doctor", "restore",
    "reference",
}  # fmt: skip
LETTER = dict(zip("APMV", ROLES, strict=True))


@pytest.mark.parametrize("letter", "APMV")
def test_a_role_is_refused_exactly_what_the_table_denies_it(shop, act_as, monkeypatch, letter):
    shop("apply", "campaigns")
    shop.write("more.csv", "customer_id,email\n77,a@shop.example\n")
    act_as(LETTER[letter])
    for command, (words, allowed) in {**CHANGING, **READING}.items():
        shop(*words)
        refused = "has not the right" in shop.err
        assert refused == (letter not in allowed), (command, LETTER[letter], shop.err)


def test_every_command_is_in_the_table():
    assert {*CHANGING, *READING} | UNGUARDED == set(COMMANDS)

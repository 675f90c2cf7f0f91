"""Who acts on this command line: the person of a token, or anybody while nobody has an account."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campanile.errors import ConfigurationError
from campanile.operations.people.accounts import sign_in
from campanile.operations.project import Project
from campanile.people.actor import Actor, NotAllowed, NotSignedIn, unrestricted
from campanile.people.person import LONGEST_DAYS, new_token, require_lifetime, token_digest
from campanile.settings.project import actor, locate_store, state_folder
from campanile.store.revisions import prepare
from campanile.store.store import Store, system_clock

TOKEN_VARIABLE = "CAMPANILE_TOKEN"  # noqa: S105  the name of the variable


@dataclass(frozen=True)
class FirstAdministrator:
    """Who may let others in, and the file of the token that says so."""

    name: str
    token: Path


def caller(project: Project, environment: Mapping[str, str] = os.environ) -> Actor:
    """Who acts here: by CAMPANILE_TOKEN, else by the token that was kept for this user.

    While nobody has an account, whoever can open the store may do everything: so it was before
    there were accounts. Raises NotSignedIn.
    """
    if not project.store.people.exist():
        return unrestricted(actor(environment), "command line")
    secret = environment.get(TOKEN_VARIABLE) or kept_token(project.state)
    if secret is None:
        raise NotSignedIn(
            "this project has people, and nobody is signed in here.",
            remedy=f"Set {TOKEN_VARIABLE}, or keep a token for this user: campanile tokens keep; "
            "whoever owns the project's folder lets himself in with: campanile tokens rescue",
        )
    return sign_in(project, secret, "command line")


def make_first_administrator(
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    clock: Callable[[], datetime] = system_clock,
) -> FirstAdministrator | None:
    """Let whoever makes a project into it; None where its store has people already.

    The token goes to a file that only this user of the machine can read: what is shown on a
    terminal stays in its history, and in the log of whatever ran the command.
    """
    store = Store.open(locate_store(folder, environment), clock)
    try:
        prepare(store.databases)
        if store.people.exist():
            return None
        return _admitted(store, state_folder(folder), _as_name(actor(environment)))
    finally:
        store.close()


def admit_owner(
    project: Project, environment: Mapping[str, str] = os.environ
) -> FirstAdministrator:
    """Make whoever owns the project's local state administrator, where all tokens are lost.

    Whoever owns it could write into the store anyway; this way it stands in the audit log. Raises
    NotAllowed for others.
    """
    if project.state.stat().st_uid != os.getuid():
        raise NotAllowed(
            f"{project.state} belongs to another user of this machine.",
            remedy="Ask an administrator for a token, or do this as the user the services run as.",
        )
    name = _as_name(actor(environment))
    project.store.audit.record(name, "admit_owner", f"person:{name}")
    return _admitted(project.store, project.state, name)


def _admitted(store: Store, state: Path, name: str) -> FirstAdministrator:
    """Let `name` in as administrator, by a token that is kept for this user."""
    people = store.people
    if name not in {person.name for person in people.everybody()}:
        people.add(name, "administrator", by=name)
    else:
        people.change_role(name, "administrator", by=name)
        people.enable(name, by=name)
    secret, life = new_token(), require_lifetime(LONGEST_DAYS)
    people.add_token(name, token_digest(secret), label="this machine", good_for=life, by=name)
    return FirstAdministrator(name, keep_token(state, secret))


def keep_token(state: Path, secret: str) -> Path:
    """Keep a token for this user of the machine, beside the local state that git ignores."""
    file = _token_file(state)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.unlink(missing_ok=True)
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(f"{secret}\n")
        written.replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file}: the token cannot be kept: {error.strerror}.",
            remedy=f"Set {TOKEN_VARIABLE} instead.",
        ) from error
    return file


def kept_token(state: Path) -> str | None:
    """The token kept for this user; raises ConfigurationError where others could have read it."""
    file = _token_file(state)
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"{file} can be read by others.",
                remedy="Revoke that token (campanile tokens list), delete the file, make another.",
            )
        return file.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _token_file(state: Path) -> Path:
    return state / "tokens" / f"user-{os.getuid()}"


def _as_name(text: str) -> str:
    """A user's name in the form of a person's."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-")[:60] or "administrator"

"""Accounts and tokens: who is let in, as what, and by which secret."""

from collections.abc import Collection
from dataclasses import dataclass

from campanile.errors import Refused
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.actor import Actor, NotSignedIn, Via
from campanile.people.person import (
    TOKEN_DAYS,
    Person,
    TokenRow,
    new_token,
    require_lifetime,
    require_name,
    token_digest,
)
from campanile.people.rights import GRANTABLE, Right, Role


@dataclass(frozen=True)
class NewToken:
    """A token that was just made; `secret` exists nowhere else."""

    secret: str
    row: TokenRow


@requires(Right.ADMINISTER)
def add_person(
    project: Project,
    name: str,
    role: Role,
    *,
    granted: Collection[Right] = (),
    limited_to: Collection[str] | None = None,
    email: str | None = None,
) -> Person:
    """Give somebody an account. The first one must be an administrator: there is none to help."""
    _require_grantable(granted)
    if not project.store.people.exist() and (role != "administrator" or limited_to):
        raise Refused(
            "the first person must be an administrator without a limit.",
            remedy=f"campanile users add {name} --role administrator",
        )
    return project.store.people.add(
        require_name(name),
        role,
        granted=granted,
        limited_to=limited_to,
        email=email,
        by=project.actor.name,
    )


@requires(Right.ADMINISTER)
def change_role(
    project: Project,
    name: str,
    role: Role,
    *,
    granted: Collection[Right] = (),
    limited_to: Collection[str] | None = None,
) -> Person:
    """Replace what somebody may do; it holds from the next request on."""
    _require_grantable(granted)
    return project.store.people.change_role(
        name, role, granted=granted, limited_to=limited_to, by=project.actor.name
    )


@requires(Right.ADMINISTER)
def disable_person(project: Project, name: str) -> Person:
    """Close an account at once, with all its tokens."""
    return project.store.people.disable(name, by=project.actor.name)


@requires(Right.ADMINISTER)
def enable_person(project: Project, name: str) -> Person:
    """Open a closed account; it needs a new token."""
    return project.store.people.enable(name, by=project.actor.name)


@requires(Right.ADMINISTER)
def set_group(project: Project, group: str, members: Collection[str]) -> None:
    """Say who is in a group: those whom an approval or a task may name together."""
    project.store.people.set_group(require_name(group), members, by=project.actor.name)


@requires(Right.VIEW)
def everybody(project: Project) -> tuple[Person, ...]:
    """All accounts, closed ones too."""
    return project.store.people.everybody()


@requires(Right.VIEW)
def create_token(project: Project, name: str, *, label: str, days: int = TOKEN_DAYS) -> NewToken:
    """Make a token for oneself or, as an administrator, for somebody else."""
    _require_own(project, name)
    secret = new_token()
    row = project.store.people.add_token(
        name,
        token_digest(secret),
        label=label,
        good_for=require_lifetime(days),
        by=project.actor.name,
    )
    return NewToken(secret, row)


@requires(Right.VIEW)
def revoke_token(project: Project, number: int) -> TokenRow:
    """End a token of one's own or, as an administrator, anybody's."""
    people = project.store.people
    _require_own(project, people.token_by_id(number).person)
    return people.revoke_token(number, by=project.actor.name)


@requires(Right.VIEW)
def list_tokens(project: Project) -> tuple[TokenRow, ...]:
    """Everybody's tokens for an administrator, one's own for others; never a secret."""
    everyone = project.actor.may(Right.ADMINISTER)
    return project.store.people.tokens(None if everyone else project.actor.name)


def sign_in(project: Project, secret: str, via: Via) -> Actor:
    """Who has this token; raises NotSignedIn where it is unknown, expired, revoked or closed."""
    known = project.store.people.known_by(secret)
    if known is None:
        raise NotSignedIn(
            "the token is not known, or is good no more.",
            remedy="An administrator makes a new one: campanile tokens create NAME",
        )
    return known[0].acting(via)


def _require_own(project: Project, name: str) -> None:
    if name != project.actor.name:
        project.actor.require(Right.ADMINISTER)


def _require_grantable(granted: Collection[Right]) -> None:
    wrong = sorted(set(granted) - GRANTABLE)
    if wrong:
        raise Refused(
            f"'{wrong[0]}' comes with a role and cannot be given by itself.",
            remedy=f"There is: {', '.join(sorted(GRANTABLE))}.",
        )

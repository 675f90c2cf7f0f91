"""Every operation that changes something asks for a right first; a forgotten one fails here."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

import campanile.operations
from campanile.errors import Refused
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.people.accounts import add_person, create_token, sign_in
from campanile.operations.people.rights import RIGHT
from campanile.people.actor import Actor, NotAllowed, NotSignedIn
from campanile.people.rights import MATRIX, ROLES, Right, Role

WITHOUT = {
    "restore",  # puts a store in place: there are no people yet whom one could ask
}
CAMPAIGN = """
name: news
tags: [north]
schedule: {every: week, days: [mon], at: "09:00"}
activities:
  people: {type: build_audience, where: tier = 'gold'}
  letter: {type: email, from: people, template: hello, topic: offers}
"""


def operations() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All public functions of operations/ that act for somebody or ask for a right."""
    packages = pkgutil.walk_packages(campanile.operations.__path__, "campanile.operations.")
    for name in sorted(found.name for found in packages):
        module = import_module(name)
        for word, value in vars(module).items():
            ours = inspect.isfunction(value) and value.__module__ == name
            if not ours or word.startswith("_"):
                continue
            if "actor" in inspect.signature(value).parameters or hasattr(value, RIGHT):
                yield word, value


OPERATIONS = dict(operations())


def test_each_operation_that_acts_for_somebody_asks_for_a_right() -> None:
    forgotten = {word for word, one in OPERATIONS.items() if not hasattr(one, RIGHT)}
    assert forgotten == WITHOUT


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_before_anything_is_done(town, role: Role) -> None:
    project = town.project.acting_for(Actor("somebody", MATRIX[role], "api"))
    before = town.project.store.audit.entries()
    for word, operation in OPERATIONS.items():
        right = getattr(operation, RIGHT, None)
        if right is None or right in MATRIX[role]:
            continue
        with pytest.raises(NotAllowed, match=f"has not the right '{right}'"):
            operation(project, "news")
        assert town.project.store.audit.entries() == before, word


@pytest.fixture
def acting(town):
    """The town, opened for somebody of a role."""

    def opened(role: Role, *, tags: set[str] | None = None, also: set[Right] | None = None):
        rights = MATRIX[role] | (also or set())
        limit = None if tags is None else frozenset(tags)
        return town.project.acting_for(Actor(role, rights, "api", limit))

    return opened


def test_a_manager_prepares_and_an_approver_publishes(town, acting) -> None:
    town.write("news", CAMPAIGN)
    apply_campaign(acting("manager"), "news", actor="manager")
    with pytest.raises(NotAllowed, match="'publish'"):
        publish(acting("manager"), "news", actor="manager")
    assert publish(acting("approver"), "news", actor="approver").version == 1


def test_transactional_messages_take_a_right_of_their_own(town, acting) -> None:
    text = CAMPAIGN.replace("topic: offers", "category: transactional")
    town.write("news", text)
    apply_campaign(acting("manager"), "news", actor="manager")
    with pytest.raises(NotAllowed, match=r"'publish_transactional'.*--grant"):
        publish(acting("approver"), "news", actor="approver")
    granted = acting("approver", also={Right.PUBLISH_TRANSACTIONAL})
    assert publish(granted, "news", actor="approver").version == 1


def test_who_is_limited_to_a_brand_changes_no_other(town, acting) -> None:
    town.write("news", CAMPAIGN)
    with pytest.raises(NotAllowed, match="tagged south only"):
        apply_campaign(acting("manager", tags={"south"}), "news", actor="manager")
    apply_campaign(acting("manager", tags={"north"}), "news", actor="manager")
    with pytest.raises(NotAllowed, match="tagged south only"):
        publish(acting("approver", tags={"south"}), "news", actor="approver")
    town.write("news", CAMPAIGN.replace("north", "south"))
    with pytest.raises(NotAllowed, match="tagged north only"):
        apply_campaign(acting("manager", tags={"north"}), "news", actor="manager")
    with pytest.raises(NotAllowed, match="tagged south only"):
        apply_campaign(acting("manager", tags={"south"}), "news", actor="manager")


def test_the_first_person_is_an_administrator(town) -> None:
    with pytest.raises(Refused, match="must be an administrator"):
        add_person(town.project, "bea", "viewer")
    add_person(town.project, "ada", "administrator")
    add_person(town.project, "bea", "viewer")


def test_a_token_is_good_for_the_rights_of_now(town) -> None:
    add_person(town.project, "ada", "administrator")
    secret = create_token(town.project, "ada", label="laptop").secret
    project = town.project.acting_for(sign_in(town.project, secret, "api"))
    assert (project.actor.name, project.actor.via) == ("ada", "api")
    add_person(project, "bea", "administrator")
    town.project.store.people.change_role("ada", "viewer", by="bea")
    assert not sign_in(town.project, secret, "api").may(Right.EDIT)
    town.clock.forward(days=91)
    with pytest.raises(NotSignedIn, match="good no more"):
        sign_in(town.project, secret, "api")


def test_others_tokens_are_an_administrators_matter(town, acting) -> None:
    add_person(town.project, "ada", "administrator")
    with pytest.raises(NotAllowed, match="'administer'"):
        create_token(acting("approver"), "ada", label="mine now")

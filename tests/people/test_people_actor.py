"""The table of rights equals that of the specification, and an actor may what its role says."""

import pytest

from campanile.errors import Refused
from campanile.people.actor import SYSTEM, Actor, NotAllowed
from campanile.people.person import new_token, require_lifetime, require_name, token_digest
from campanile.people.rights import MATRIX, ROLES, Right, Role

# Rows of the specification's matrix: A administrator, P approver, M manager, V viewer.
SPECIFIED = {
    Right.VIEW: "APMV",
    Right.EDIT: "APM",
    Right.PUBLISH: "AP",
    Right.PUBLISH_TRANSACTIONAL: "A",
    Right.VIEW_REPORTS: "APMV",
    Right.EDIT_REPORTS: "APM",
    Right.VIEW_LINKS: "APM",
    Right.MANAGE_LINKS: "A",
    Right.VIEW_DATA: "APM",
    Right.MANAGE_DATA: "A",
    Right.VIEW_CHANNELS: "APM",
    Right.MANAGE_CHANNELS: "A",
    Right.VIEW_FREQUENCY: "APMV",
    Right.MANAGE_FREQUENCY: "A",
    Right.EDIT_MESSAGES: "APM",
    Right.TEST_MESSAGES: "APM",
    Right.PUBLISH_MESSAGES: "AP",
    Right.REPORT_MESSAGES: "APM",
    Right.ADMINISTER: "A",
}
LETTER = {"administrator": "A", "approver": "P", "manager": "M", "viewer": "V"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("right", Right)
def test_a_role_has_the_rights_of_the_specification(role: Role, right: Right) -> None:
    assert (right in MATRIX[role]) == (LETTER[role] in SPECIFIED[right])


def test_who_may_not_is_told_who_may() -> None:
    manager = Actor("max", MATRIX["manager"], "api")
    with pytest.raises(NotAllowed, match=r"max has not the right 'publish'.*administrator or appr"):
        manager.require(Right.PUBLISH)


def test_a_limit_to_tags_narrows_changes_and_not_looks() -> None:
    of_one_brand = Actor("bea", MATRIX["approver"], "api", frozenset({"north"}))
    of_one_brand.require(Right.VIEW, ("south",))
    of_one_brand.require(Right.PUBLISH, ("north", "winter"))
    for tags in ((), ("south",)):
        with pytest.raises(NotAllowed, match="tagged north only"):
            of_one_brand.require(Right.PUBLISH, tags)


def test_the_product_itself_may_everything() -> None:
    assert all(SYSTEM.may(right) for right in Right)


def test_tokens_differ_and_their_digests_do_not_tell_them() -> None:
    one, other = new_token(), new_token()
    assert one != other
    assert len(one) > 50
    assert token_digest(one) not in (one, token_digest(other))
    assert len(token_digest(one)) == 64


@pytest.mark.parametrize("name", ["", "Ada", "a b", "../x", "x" * 61, "-a"])
def test_a_name_that_would_need_quoting_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="cannot name a person"):
        require_name(name)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_no_token_is_good_for_ever(days: int) -> None:
    with pytest.raises(Refused, match="cannot be good"):
        require_lifetime(days)

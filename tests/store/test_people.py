"""Accounts and tokens, on both databases."""

from datetime import timedelta

import pytest

from campanile.errors import Refused
from campanile.people.person import new_token, token_digest
from campanile.people.rights import Right

MONTH = timedelta(days=30)


@pytest.fixture
def people(store):
    store.people.add("ada", "administrator", by="test")
    return store.people


def test_nobody_has_an_account_until_somebody_is_added(store):
    assert not store.people.exist()
    store.people.add("ada", "administrator", by="test")
    assert store.people.exist()


def test_a_person_is_read_back_as_given(people):
    given = {"granted": [Right.PUBLISH_TRANSACTIONAL], "limited_to": ["north"]}
    people.add("bea", "approver", **given, email="bea@shop.example", by="ada")
    people.set_group("reviewers", ["bea", "ada"], by="ada")

    bea = people.get("bea")

    assert (bea.role, bea.granted) == ("approver", {Right.PUBLISH_TRANSACTIONAL})
    assert (bea.limited_to, bea.email) == ({"north"}, "bea@shop.example")
    assert bea.groups == ("reviewers",)
    assert [each.name for each in people.group("reviewers")] == ["ada", "bea"]


def test_a_name_is_given_once(people):
    with pytest.raises(Refused, match="already"):
        people.add("ada", "viewer", by="test")


def test_there_is_always_an_administrator_without_a_limit(people):
    people.add("bea", "administrator", limited_to=["north"], by="ada")
    for change in (
        lambda: people.change_role("ada", "viewer", by="ada"),
        lambda: people.change_role("ada", "administrator", limited_to=["north"], by="ada"),
        lambda: people.disable("ada", by="ada"),
    ):
        with pytest.raises(Refused, match="nobody would be administrator"):
            change()
    assert people.get("ada").disabled_at is None


def test_a_token_is_known_until_it_expires(people, clock):
    secret = new_token()
    made = people.add_token("ada", token_digest(secret), label="laptop", good_for=MONTH, by="ada")

    person, row = people.known_by(secret)

    assert (person.name, row.id) == ("ada", made.id)
    assert people.tokens("ada")[0].last_used_at is not None
    assert people.known_by(new_token()) is None
    clock.move(days=30)
    assert people.known_by(secret) is None
    assert people.token_by_id(made.id).state(clock()) == "expired"


def test_a_revoked_token_and_a_closed_account_are_known_no_more(people):
    first, second = new_token(), new_token()
    people.add("bea", "viewer", by="ada")
    revoked = people.add_token("bea", token_digest(first), label="a", good_for=MONTH, by="ada")
    people.add_token("bea", token_digest(second), label="b", good_for=MONTH, by="ada")

    people.revoke_token(revoked.id, by="bea")
    assert people.known_by(first) is None
    assert people.known_by(second) is not None

    people.disable("bea", by="ada")
    people.enable("bea", by="ada")
    assert people.known_by(second) is None


def test_neither_secrets_nor_digests_are_in_the_audit_log(people, store):
    secret = new_token()
    people.add_token("ada", token_digest(secret), label="laptop", good_for=MONTH, by="ada")

    written = repr(store.audit.entries())

    assert "create_token" in written
    assert secret not in written
    assert token_digest(secret) not in written


def test_use_is_noted_once_a_minute(people, clock):
    secret = new_token()
    made = people.add_token("ada", token_digest(secret), label="a", good_for=MONTH, by="ada")
    people.known_by(secret)
    first = people.token_by_id(made.id).last_used_at
    clock.move(seconds=59)
    people.known_by(secret)
    assert people.token_by_id(made.id).last_used_at == first
    clock.move(seconds=2)
    people.known_by(secret)
    assert people.token_by_id(made.id).last_used_at > first

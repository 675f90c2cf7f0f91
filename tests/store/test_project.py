"""A store knows which project and which Dagster instance it belongs to."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from campanile.errors import ConfigurationError
from campanile.store.store import Store


def test_a_store_gets_one_identity_for_good(store: Store):
    assert store.project.identity() is None

    with ThreadPoolExecutor(4) as pool:
        given = set(pool.map(lambda _: store.project.establish("production").identity, range(4)))

    assert given == {store.project.establish("staging").identity}
    assert store.project.require_same(environment="production").environment == "production"


def test_a_store_of_another_environment_is_refused(store: Store):
    store.project.establish("production")

    with pytest.raises(ConfigurationError, match=r"environment 'production'.*say 'staging'"):
        store.project.require_same(environment="staging")


def test_a_store_that_belongs_to_another_dagster_instance_is_refused(store: Store):
    store.project.establish("production")
    assert store.project.require_same(environment="production", dagster_identity="a")
    store.project.bind_dagster("a", by="ana")

    with pytest.raises(ConfigurationError, match="belongs to Dagster instance a; this one is b"):
        store.project.require_same(environment="production", dagster_identity="b")

    store.project.bind_dagster("b", by="ana")
    assert store.project.require_same(environment="production", dagster_identity="b")
    assert store.audit.entries("project")[0].details == {"before": "a", "after": "b"}


def test_a_store_without_identity_says_how_to_get_one(store: Store):
    with pytest.raises(ConfigurationError, match="campanile init"):
        store.project.require_same(environment="production")

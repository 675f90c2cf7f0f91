"""Whether this Dagster instance and the project's store belong together."""

from typing import Any

import dagster as dg
from dagster._core.errors import DagsterHomeNotSetError

from campanile.errors import ConfigurationError
from campanile.operations.project import Project


def instance_identity() -> str:
    """Return the identity of the Dagster instance this process belongs to.

    Raises ConfigurationError when there is none: its runs and history would be lost.
    """
    try:
        with dg.DagsterInstance.get() as instance:
            return storage_identity(instance)
    except DagsterHomeNotSetError as error:
        raise ConfigurationError(
            "DAGSTER_HOME is not set, so there is no Dagster instance.",
            remedy="Start the project with `campanile serve`, which sets it.",
        ) from error


def storage_identity(instance: dg.DagsterInstance) -> str:
    """Return the identity that Dagster gives to its storage of runs when it is first used."""
    storage: Any = instance.run_storage
    return str(storage.get_run_storage_id())


def require_own_instance(project: Project, identity: str) -> None:
    """Tie a store to its first Dagster instance; raises ConfigurationError for any other.

    Two instances over one store would both move its campaigns.
    """
    known = project.store.project.require_same(
        environment=project.environment, dagster_identity=identity
    )
    if known.dagster_identity is None:
        project.store.project.bind_dagster(identity, by="dagster")

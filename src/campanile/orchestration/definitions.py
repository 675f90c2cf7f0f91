"""The code location: all that Dagster loads meets here."""

import gc
from functools import cache

import dagster as dg

from campanile.operations.project import Project
from campanile.orchestration.identity import instance_identity
from campanile.orchestration.location import CampaignLocation
from campanile.settings.project import open_project


@cache
def project() -> Project:
    """Open the project that is found upwards; once in a process, and not before it is needed."""
    return open_project()


# The campaigns of the project: those published, and those that executions still need. The code
# server keeps them until it ends, so the garbage collector need not look through them ever again.
campaigns = dg.RepositoryDefinition(
    "campaigns", repository_data=CampaignLocation(project, instance_identity, loaded=gc.freeze)
)

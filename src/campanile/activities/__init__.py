"""The activities: what a campaign can do, one file for each type."""

from typing import Annotated, Final

from pydantic import Field

from campanile.activities import (
    alert,
    and_join,
    approval,
    await_signal,
    build_audience,
    change_dimension,
    combine,
    deduplication,
    email,
    end,
    enrichment,
    extract_file,
    filter,
    fork,
    incoming,
    incremental_query,
    load_file,
    read_audience,
    reconciliation,
    save_audience,
    split,
    task,
    test,
    transfer_file,
    update_data,
    wait,
)
from campanile.activities.base import ActivityType

ACTIVITIES: Final[tuple[ActivityType, ...]] = (
    build_audience.ACTIVITY,
    read_audience.ACTIVITY,
    incremental_query.ACTIVITY,
    incoming.ACTIVITY,
    load_file.ACTIVITY,
    transfer_file.ACTIVITY,
    change_dimension.ACTIVITY,
    filter.ACTIVITY,
    combine.ACTIVITY,
    deduplication.ACTIVITY,
    enrichment.ACTIVITY,
    reconciliation.ACTIVITY,
    split.ACTIVITY,
    save_audience.ACTIVITY,
    update_data.ACTIVITY,
    extract_file.ACTIVITY,
    fork.ACTIVITY,
    and_join.ACTIVITY,
    wait.ACTIVITY,
    await_signal.ACTIVITY,
    test.ACTIVITY,
    approval.ACTIVITY,
    task.ACTIVITY,
    alert.ACTIVITY,
    end.ACTIVITY,
    email.ACTIVITY,
)

# Types that the format has and this version does not: refused by name.
NOT_BUILT: Final = frozenset(
    [
        "local_approval",
        "feedback_report",
        "sms",
        "push",
        "direct_mail",
        "webhook",
    ]
)

# Written out rather than computed from ACTIVITIES, so that a type checker can read it.
AnyActivityConfig = Annotated[
    build_audience.BuildAudience
    | read_audience.ReadAudience
    | incremental_query.IncrementalQuery
    | incoming.Incoming
    | load_file.LoadFile
    | transfer_file.TransferFile
    | change_dimension.ChangeDimension
    | filter.Filter
    | combine.Combine
    | deduplication.Deduplication
    | enrichment.Enrichment
    | reconciliation.Reconciliation
    | split.Split
    | save_audience.SaveAudience
    | update_data.UpdateData
    | extract_file.ExtractFile
    | fork.Fork
    | and_join.AndJoin
    | wait.Wait
    | await_signal.AwaitSignal
    | test.Test
    | approval.Approval
    | task.Task
    | alert.AlertActivity
    | end.End
    | email.Email,
    Field(discriminator="type"),
]

_BY_NAME: Final = {activity.name: activity for activity in ACTIVITIES}


def activity_type(name: str) -> ActivityType:
    """Return the built type `name`; raises `KeyError` for any other."""
    return _BY_NAME[name]

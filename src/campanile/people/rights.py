"""Who may do what: four roles, the rights of each, and one right that is given by name.

The table is the one of docs/how-to/people-and-rights.md; operations ask for rights, never roles.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["administrator", "approver", "manager", "viewer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Right(StrEnum):
    """What an operation asks for; the value is written in the store, in messages and in the API."""

    VIEW = "view"  # campaigns, executions, plans, previews
    EDIT = "edit"  # create, change, test, duplicate and delete campaigns
    PUBLISH = "publish"  # and all that moves a live campaign: start, signal, confirm, stop ...
    PUBLISH_TRANSACTIONAL = "publish_transactional"  # messages that ask no consent
    VIEW_REPORTS = "view_reports"
    EDIT_REPORTS = "edit_reports"
    VIEW_LINKS = "view_links"  # between entities, and what finds a person's row
    MANAGE_LINKS = "manage_links"
    VIEW_DATA = "view_data"  # schemas, data sets, sources
    MANAGE_DATA = "manage_data"  # loads among them
    VIEW_CHANNELS = "view_channels"
    MANAGE_CHANNELS = "manage_channels"  # connections, senders, suppression; arming of sending
    VIEW_FREQUENCY = "view_frequency"
    MANAGE_FREQUENCY = "manage_frequency"
    EDIT_MESSAGES = "edit_messages"
    TEST_MESSAGES = "test_messages"  # proofs, and approval of their content
    PUBLISH_MESSAGES = "publish_messages"
    REPORT_MESSAGES = "report_messages"
    ADMINISTER = "administer"  # people, tokens, keys, backups, upgrades


SEEING: Final = frozenset(
    {
        Right.VIEW,
        Right.VIEW_REPORTS,
        Right.VIEW_LINKS,
        Right.VIEW_DATA,
        Right.VIEW_CHANNELS,
        Right.VIEW_FREQUENCY,
        Right.REPORT_MESSAGES,
    }
)
"""Rights that change nothing: a limit to tags does not narrow them."""

GRANTABLE: Final = frozenset({Right.PUBLISH_TRANSACTIONAL})
"""What a person may be given beside the role."""

_VIEWER: Final = frozenset({Right.VIEW, Right.VIEW_REPORTS, Right.VIEW_FREQUENCY})
_MANAGER: Final = _VIEWER | {
    Right.EDIT,
    Right.EDIT_REPORTS,
    Right.VIEW_LINKS,
    Right.VIEW_DATA,
    Right.VIEW_CHANNELS,
    Right.EDIT_MESSAGES,
    Right.TEST_MESSAGES,
    Right.REPORT_MESSAGES,
}
_APPROVER: Final = _MANAGER | {Right.PUBLISH, Right.PUBLISH_MESSAGES}

MATRIX: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        "administrator": frozenset(Right),
        "approver": _APPROVER,
        "manager": _MANAGER,
        "viewer": _VIEWER,
    }
)


def roles_with(right: Right) -> tuple[Role, ...]:
    """The roles that have a right, the mightiest first."""
    return tuple(role for role in ROLES if right in MATRIX[role])

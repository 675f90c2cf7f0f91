"""Arming: recognise an old copy of the store, and allow sending again with open eyes."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campanile.operations.sending.sequence_file import SequenceFile
from campanile.store.database import Database
from campanile.store.sending import SendingControl


@dataclass(frozen=True)
class Armed:
    """What arming found: `gap` messages at least were claimed after this copy was made."""

    identity: str
    gap: int


def refuse_old_copy(ledger: Database, state_folder: Path, now: datetime) -> str | None:
    """Disarm a store that is older than what was sent from this machine; returns why, or None."""
    known = SequenceFile(state_folder).read()
    control = SendingControl(ledger)
    sequence = control.state().sequence
    if known <= sequence:
        return None
    reason = (
        f"the store is an old copy: {known - sequence} messages at least were sent after it was"
        " made, and it does not know them"
    )
    if control.state().armed:
        control.disarm(reason, now)
    return f"{reason}; look before you allow it: campanile arm"


def arm_sending(ledger: Database, state_folder: Path, identity: str, now: datetime) -> Armed:
    """Allow sending from `identity`, lift a halt, and accept the gap of an old copy."""
    known = SequenceFile(state_folder).read()
    gap = SendingControl(ledger).arm(identity, now, known_sequence=known)
    return Armed(identity, gap)


def halt_sending(ledger: Database, reason: str, now: datetime) -> None:
    """Stop every send of this store within two seconds."""
    SendingControl(ledger).halt(reason, now)

"""What the truthful sink records, and how it misbehaves when it is told to."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FaultKind = Literal[
    "refuse_sender",  # answer MAIL with `code`
    "refuse_rcpt",  # answer RCPT with `code`
    "refuse_data",  # answer the body with `code`; nothing is recorded
    "close_at_data",  # end the connection at DATA, before any body
    "drop_before_record",  # end the connection after the body, record nothing
    "drop_after_record",  # record, then end the connection without an answer
    "delay",  # wait `seconds` between the record and the answer
    "throttle",  # answer MAIL with `code` beyond `rate` messages a second
]


@dataclass
class Fault:
    """One misbehaviour for recipients that match `match`; `times` limits it, None does not."""

    kind: FaultKind
    match: str = ""
    code: int = 451
    text: str = "4.3.0 as told"
    seconds: float = 0.0
    rate: float = 0.0
    times: int | None = None

    def applies(self, address: str) -> bool:
        """Whether the fault happens now; counts down `times`."""
        if self.times == 0 or not re.search(self.match, address):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def reply(self) -> bytes:
        """The reply line that the fault gives."""
        return f"{self.code} {self.text}\r\n".encode()


@dataclass
class SinkSettings:
    """What the sink records and how it behaves; `faults` may be changed while it runs."""

    record: Path
    store: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    pipelining: bool = True
    smtputf8: bool = True
    size_limit: int = 32 * 1024 * 1024
    tls: ssl.SSLContext | None = None

    def fault(self, kind: FaultKind, address: str) -> Fault | None:
        """Return the first fault of `kind` that happens to `address` now."""
        for fault in self.faults:
            if fault.kind == kind and fault.applies(address):
                return fault
        return None

"""How the demonstration's mail server misbehaves, as real ones do (`campanile.channels.sink`)."""

import json
from typing import Final

_UNKNOWN: Final = {
    "kind": "refuse_rcpt",
    "match": r"13@example\.com$",
    "code": 550,
    "text": "5.1.1 nobody of that name",
}
_FULL: Final = {
    "kind": "refuse_rcpt",
    "match": r"[02468]7@example\.com$",
    "code": 451,
    "text": "4.2.1 the mailbox is busy",
    "times": 2,
}
FAULTS: Final = (json.dumps(_UNKNOWN), json.dumps(_FULL))
# After a restart nobody is put off once more: that would be minutes until the account closes.
STANDING_FAULTS: Final = FAULTS[:1]

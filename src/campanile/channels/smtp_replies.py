"""What an SMTP reply means for one message: the one table from their codes to our verdicts."""

import re
from typing import Final

from campanile.channels.base import Status, Verdict

# The address does not exist or cannot exist (RFC 3463 section 3.2, RFC 7505): never try again.
SUPPRESSING: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
# 5.7.x is about us (policy, authentication, reputation), not about the address.
PAUSING_PREFIX: Final = "5.7."

_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[ -]+|\Z)")
_ADDRESS: Final = re.compile(r"<[^>]*>|[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"']+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_TEXT_LIMIT: Final = 200  # characters

ABANDONED: Final = Verdict(Status.CANCELLED, text="stopped before the body was sent")
NOT_BEGUN: Final = Verdict(Status.NOT_SENT, text="the connection ended before its turn")
IN_DOUBT: Final = Verdict(Status.UNKNOWN, text="the connection ended after the body was sent")
LOST_EARLY: Final = Verdict(
    Status.DEFERRED, enhanced="4.4.2", text="the connection ended before the body was sent"
)
NO_SMTPUTF8: Final = Verdict(
    Status.REJECTED, 553, "5.6.7", "the server does not take addresses beyond ASCII"
)
NO_ADDRESS: Final = Verdict(Status.REJECTED, 553, "5.1.3", "this is not an address", suppress=True)
TOO_LARGE: Final = Verdict(Status.REJECTED, 552, "5.3.4", "larger than the server takes")


_OUT_OF_ORDER: Final = 503


def read_reply(code: int, reply: bytes | str) -> Verdict:
    """Return the verdict for a final reply; the enhanced code decides before the basic one.

    SMTP: 4xx invites another attempt, 5xx does not (RFC 5321 section 4.2.1). A reply that fits
    nowhere is taken as a temporary refusal, since nothing was accepted; so is 503, which speaks of
    the order of our commands and not of the message.
    """
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    if 200 <= code < 300:  # nearly all, and nobody keeps their words
        known = _ENHANCED.match(text)
        return Verdict(Status.ACCEPTED, code, known.group(1) if known else "")
    enhanced, said = _split(text)
    is_final = 500 <= code < 600 and not enhanced.startswith("4")
    is_final = is_final or (code >= 400 and enhanced.startswith("5") and code != 421)
    is_final = is_final and code != _OUT_OF_ORDER
    if not is_final:
        return Verdict(Status.DEFERRED, code, enhanced, said)
    return Verdict(
        Status.REJECTED,
        code,
        enhanced,
        said,
        suppress=enhanced in SUPPRESSING,
        pause=enhanced.startswith(PAUSING_PREFIX),
    )


def _split(text: str) -> tuple[str, str]:
    lines = text.split("\n") if "\n" in text else [text]
    match = _ENHANCED.match(lines[0])
    enhanced = match.group(1) if match else ""
    said = " ".join(_ENHANCED.sub("", line, count=1) if enhanced else line for line in lines)
    return enhanced, without_addresses(said)


def without_addresses(text: str) -> str:
    """Return a server's words on one line, without addresses, cut to 200 characters."""
    if "@" in text or "<" in text:
        text = _ADDRESS.sub("<address>", text)
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return text.strip()[:_TEXT_LIMIT]

"""What an examination found: one line, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """`subject` is a stable word; `remedy` is empty where nothing is to be done."""

    subject: str
    verdict: Verdict
    sentence: str
    remedy: str = ""


def ok(subject: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(subject, "ok", sentence)


def warn(subject: str, sentence: str, remedy: str) -> Finding:
    """It goes on, but not for ever, or not as it should."""
    return Finding(subject, "warn", sentence, remedy)


def fail(subject: str, sentence: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(subject, "fail", sentence, remedy)

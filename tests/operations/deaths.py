"""Deaths of a process in the midst of its work, at a place that a test chooses."""

from typing import Any

import pytest


class Killed(BaseException):
    """The process is gone: nothing in it may catch this."""


def kill(
    monkeypatch: pytest.MonkeyPatch, owner: Any, method: str, *, after: bool, nth: int = 1
) -> list[str]:
    """Die at the nth call of a method, before or after its work; only once. Gives its calls."""
    real: Any = getattr(owner, method)
    calls: list[str] = []

    def dying(*given: Any, **named: Any) -> Any:
        calls.append(method)
        if len(calls) == nth and not after:
            raise Killed
        result = real(*given, **named)
        if len(calls) == nth:
            raise Killed
        return result

    monkeypatch.setattr(owner, method, dying)
    return calls

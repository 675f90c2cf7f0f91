"""Consent, retries, content choice: the small decisions that the ledger takes over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.deliveries.consent import Decision, is_allowed
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.retries import VALIDITY, next_attempt
from campanile.errors import DataError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DECISIONS = st.none() | st.builds(
    Decision,
    st.sampled_from(["in", "out"]),
    st.integers(0, 3).map(lambda hours: NOW + timedelta(hours=hours)),
)


@given(on_topic=DECISIONS, on_every=DECISIONS, default=st.sampled_from(["opt_in", "opt_out"]))
def test_consent_wins(on_topic: Decision | None, on_every: Decision | None, default: str) -> None:
    allowed = is_allowed(on_topic=on_topic, on_every=on_every, default=default)
    given_out = [one for one in (on_topic, on_every) if one and one.decision == "out"]
    given_in = [one for one in (on_topic, on_every) if one and one.decision == "in"]
    if on_topic in given_out:
        assert not allowed
    if given_out and not given_in:
        assert not allowed
    if default == "opt_in" and not given_in:
        assert not allowed
    if not given_out and (given_in or default == "opt_out"):
        assert allowed


def test_a_yes_to_one_topic_reopens_only_that_and_only_if_it_came_later() -> None:
    no = Decision("out", NOW)
    later, same = Decision("in", NOW + timedelta(seconds=1)), Decision("in", NOW)
    assert is_allowed(on_topic=later, on_every=no, default="opt_in")
    assert not is_allowed(on_topic=same, on_every=no, default="opt_in")
    assert not is_allowed(on_topic=None, on_every=no, default="opt_out")


@given(
    tries=st.integers(1, 50),
    chance=st.floats(0, 1),
    age=st.integers(0, 90 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    expires=st.none() | st.integers(0, 500).map(lambda minutes: NOW + timedelta(minutes=minutes)),
)
def test_a_retry_is_later_never_past_validity_or_expiry(
    tries: int, chance: float, age: timedelta, expires: datetime | None
) -> None:
    first = NOW - age
    again = next_attempt(
        tries, now=NOW, first_tried_at=first, expires_at=expires, chance=lambda: chance
    )
    if again is not None:
        assert NOW < again <= NOW + timedelta(hours=4)
        assert again <= first + VALIDITY
        assert expires is None or again <= expires


def test_a_message_gets_its_variant_then_its_language_then_what_everybody_gets() -> None:
    content = FrozenContent({("", ""): 1, ("", "fr"): 2, ("urgent", ""): 3})  # type: ignore[dict-item]
    assert content.choose(None, None) == ("", "")
    assert content.choose(None, "fr-CA") == ("", "fr")
    assert content.choose("urgent", "fr") == ("urgent", "")
    assert content.choose("calm", "de") == ("", "")
    with pytest.raises(DataError, match="variant and language"):
        FrozenContent({("urgent", ""): 3}).choose("calm", None)  # type: ignore[dict-item]

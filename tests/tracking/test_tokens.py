import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.errors import ConfigurationError, InvalidToken
from campanile.tracking.tokens import TOKEN_LENGTH, VALUE_MAC_LENGTH, KeyRing

U32 = st.integers(0, 2**32 - 1)
RING = KeyRing({1: b"a" * 32, 7: b"b" * 32}, current=7)


@given(U32, U32, st.sampled_from(["track", "unsub"]), st.sampled_from([1, 7, None]))
def test_a_token_of_any_key_gives_back_its_message(delivery, ordinal, purpose, kid):
    token = RING.sign(purpose, delivery, ordinal, kid=kid)

    assert len(token) == TOKEN_LENGTH
    assert token.isascii()
    assert RING.verify(purpose, token) == (delivery, ordinal)


def test_a_click_token_cannot_unsubscribe():
    with pytest.raises(InvalidToken):
        RING.verify("unsub", RING.sign("track", 1, 2))


@given(U32, U32, st.integers(0, TOKEN_LENGTH - 1), st.characters())
def test_a_token_with_one_other_character_is_refused(delivery, ordinal, at, other):
    token = RING.sign("track", delivery, ordinal)
    changed = token[:at] + other + token[at + 1 :]

    if changed != token:
        with pytest.raises(InvalidToken):
            RING.verify("track", changed)


@given(st.text())
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidToken):
        RING.verify("track", text)


def test_a_resend_after_rotation_carries_the_same_token():
    before = KeyRing({1: b"a" * 32}, current=1).sign("track", 5, 6)

    assert RING.sign("track", 5, 6) != before
    assert RING.sign("track", 5, 6, kid=1) == before
    assert RING.verify("track", before) == (5, 6)


@given(st.text(), st.text())
def test_the_personal_part_of_a_link_is_bound_to_its_message_and_link(value, other):
    token = RING.sign("track", 3, 4)
    mac = RING.sign_value(token, 2, value)

    assert len(mac) == VALUE_MAC_LENGTH
    RING.verify_value(token, 2, value, mac)
    with pytest.raises(InvalidToken):
        RING.verify_value(token, 3, value, mac)
    with pytest.raises(InvalidToken):
        RING.verify_value(RING.sign("track", 3, 5), 2, value, mac)
    if other != value:
        with pytest.raises(InvalidToken):
            RING.verify_value(token, 2, other, mac)


def test_keys_are_read_from_hex_and_base64():
    ring = KeyRing.parse(
        {
            "1": "61" * 32,
            "2": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=",
            "3": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
        },
        current="2",
    )

    assert ring.verify("track", ring.sign("track", 1, 1, kid=3)) == (1, 1)
    assert "61" not in repr(ring)


@pytest.mark.parametrize(
    ("secrets", "current"),
    [
        ({"1": "zz" * 32}, 1),
        ({"1": "abcd"}, 1),
        ({"1": "61" * 32}, 2),
        ({"x": "61" * 32}, 1),
        ({"300": "61" * 32}, 300),
        ({}, 1),
        ({"1": "é"}, 1),
    ],
)
def test_a_ring_that_cannot_sign_is_refused_without_showing_a_secret(secrets, current):
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.parse(secrets, current)

    assert all(text not in str(caught.value) for text in secrets.values())


def test_a_key_that_was_thrown_away_is_named():
    with pytest.raises(ConfigurationError, match="signing key 9"):
        RING.sign("track", 1, 1, kid=9)

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from campanile.content.quoted_printable import LINE_LIMIT, SOFT_BREAK, encode_segment, is_plain

ATOM = "cmplt" + "a" * 21
HOSTILE = st.text(
    st.sampled_from("a.=\r\n \t-_{%}#ü€😀\u2028\x00\x0b&<") | st.characters(codec="utf-8"),
    max_size=200,
)
WITH_ATOMS = st.lists(HOSTILE | st.just(ATOM), max_size=6).map("".join)


def lines_as_lf(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text)


def decoded(encoded: str) -> str:
    return quopri.decodestring(encoded.encode("ascii")).decode("utf-8").replace("\r\n", "\n")


@given(st.lists(WITH_ATOMS, max_size=5))
def test_joined_segments_decode_to_the_joined_text(texts):
    encoded = "".join(encode_segment(text, (ATOM,)) for text in texts)

    assert decoded(encoded) == "".join(lines_as_lf(text) for text in texts)


@given(st.lists(WITH_ATOMS, max_size=5))
def test_any_segments_make_lines_that_every_server_takes(texts):
    encoded = "".join(encode_segment(text, (ATOM,)) for text in texts)

    assert encoded == "" or encoded.endswith("\r\n")
    for line in encoded.split("\r\n"):
        assert "\r" not in line
        assert "\n" not in line
        assert len(line) <= LINE_LIMIT
        assert not line.startswith(".")
        assert not re.search(r"[ \t]\Z", line)
        assert re.fullmatch(r"(?:[\t -<>-~]|=[0-9A-F]{2})*=?", line)


@given(WITH_ATOMS)
def test_a_placeholder_is_never_split(text):
    assert encode_segment(text, (ATOM,)).count(ATOM) == text.count(ATOM)


@given(HOSTILE | st.text(st.sampled_from("ab ,.!-"), max_size=80))
def test_the_fast_way_for_values_says_the_same(text):
    if is_plain(text):
        assert decoded(text + SOFT_BREAK) == decoded(encode_segment(text))


@given(HOSTILE)
def test_no_template_tag_can_be_read_in_an_encoded_text(text):
    encoded = encode_segment(text, is_template=True)

    assert not re.search(r"\{[{%#]", encoded + "{")
    assert decoded(encoded) == lines_as_lf(text)

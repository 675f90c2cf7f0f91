import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.catalog.yaml_document import MapNode, plain
from campanile.catalog.yaml_source import DEEPEST, LARGEST_FILE, read_yaml


def faults(text):
    return [str(fault) for fault in read_yaml(text, "f.yaml").faults]


@pytest.mark.parametrize("written", ["on", "NO", "10:30", "0123", "1e3", "~", "null", "2026-12-24"])
def test_scalars_are_as_written(written):
    assert plain(read_yaml(f"a: {written}\n", "f.yaml").root) == {"a": written}


def test_a_missing_value_is_not_an_empty_text():
    assert plain(read_yaml("a:\nb: ''\n", "f.yaml").root) == {"a": None, "b": ""}


SLIPS = {
    "comma in a flow map": (
        "x: {type: filter, where: exists(orders, y > 1), from: a}",
        "f.yaml:1:26:",
        'where: "exists(orders, y > 1)"',
    ),
    "comma before a quote in a flow map": (
        "a: 1\nx: {where: tier in ('a', 'b'), from: a}",
        "f.yaml:2:12:",
        "where: \"tier in ('a', 'b')\"",
    ),
    "comma in a flow list": (
        "o: [sum(orders.amount, x > 2) desc, b]",
        "f.yaml:1:5:",
        '"sum(orders.amount, x > 2) desc"',
    ),
    "comment inside a literal": ("where: link = 'a #1'\n", "f.yaml:1:18:", "starts a comment"),
    "comment inside a call": ("where: count(orders #all\n  )\n", "f.yaml:1:21:", "comment"),
    "open quote": ("a: 1\nb: 'open\nc: 2\n", "f.yaml:2:4:", "quote ' is left open"),
    "leading quote": ("where: 'a' = tier\n", "f.yaml:1:8:", "after a closing quote"),
    "leading at": ("a: @x\n", "f.yaml:1:4:", "`@` cannot begin"),
    "leading star": ("a: *x\n", "f.yaml:1:4:", "alias"),
    "leading exclamation mark": ("a: !x y\n", "f.yaml:1:4:", "tag"),
    "leading ampersand": ("a: &x 1\n", "f.yaml:1:4:", "anchor"),
    "leading braces": ("s: {{ name }}, hello\n", "f.yaml:1:5:", "begins with `{{`"),
    "tab": ("a: b\n\tc: d\n", "f.yaml:2:1:", "tab"),
    "colon in plain text": ("a: b: c\n", "f.yaml:1:5:", "starts a new value"),
    "open bracket": ("a: {b: [c\n", "f.yaml:1:8:", "not closed"),
    "duplicate key": ("a: 1\na: 2\n", "f.yaml:2:1:", "second time (first in line 1)"),
    "second document": ("a: 1\n---\nb: 2\n", "f.yaml:2:1:", "second document"),
    "empty": ("", "f.yaml:1:1:", "empty"),
    "control character": ("a\x00b", "f.yaml:1:2:", "U+0000"),
    "list as a key": ("? [a]\n: b\n", "f.yaml:1:3:", "where a key belongs"),
}


@pytest.mark.parametrize(("text", "place", "word"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_named_with_its_place(text, place, word):
    found = faults(text)
    assert any(line.startswith(place) and word in line for line in found), found


@pytest.mark.parametrize(
    "text",
    [
        "w: exists(orders, x > 2) # a comma: block style\n",
        "w: tier = 'a' # gold\n",
        'w: "x #1"\n',
        "w: |\n  count(a,\n  b)\n",
        "w: don't # worry\n",
        "a: {b: c, d: [e, f]}\n",
    ],
)
def test_what_is_right_is_left_alone(text):
    assert faults(text) == []


def test_a_cut_rule_is_joined_so_that_the_rest_can_be_checked():
    document = read_yaml("x: {where: exists(o, y > 1), from: a}", "f.yaml")
    assert plain(document.root) == {"x": {"where": "exists(o, y > 1)", "from": "a"}}


def test_reading_goes_on_after_a_broken_line():
    found = faults("a: @x\nb: 1\nc: 'd' e\nf: {g: h\n")
    assert [line.split(": ")[0] for line in found] == ["f.yaml:1:4", "f.yaml:3:4", "f.yaml:4:4"]


def test_bytes_that_are_not_utf8_a_huge_and_a_deep_file_are_faults():
    assert "not UTF-8" in faults(b"a: \xff")[0]
    assert "at most" in faults("a" * (LARGEST_FILE + 1))[0]
    assert "inside each other" in faults("[" * (DEEPEST + 2))[0]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert plain(read_yaml(b"\xef\xbb\xbfa: b", "f.yaml").root) == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("w: abc def\n", 4, "f.yaml:1:8"),
        ("w: 'it''s q'\n", 5, "f.yaml:1:11"),
        ('w: "a \\" b"\n', 4, "f.yaml:1:10"),
        ("w: |\n    abc\n    def > 3\n", 4, "f.yaml:3:5"),
        ("w: >-\n   ab\n   cd\n", 3, "f.yaml:3:4"),
        ("w: ab\n  cd\n", 3, "f.yaml:2:3"),
    ],
)
def test_an_offset_in_a_text_is_found_in_the_file(text, offset, place):
    assert str(read_yaml(text, "f.yaml").place_of(("w",), offset=offset)) == place


yaml_text = st.text(alphabet="ab:{}[]#'\",\n\t -|>!&*@%?~()=1é\u2028\x85", max_size=60)


@given(yaml_text | st.text(max_size=40) | st.binary(max_size=40))
def test_whatever_a_file_holds_it_is_read_or_faulted_in_place(content):
    document = read_yaml(content, "f.yaml")
    assert document.root is not None or document.faults
    lines = document.text.split("\n")
    for fault in document.faults:
        assert 1 <= fault.place.line <= len(lines)
        assert 1 <= fault.place.column <= len(lines[fault.place.line - 1]) + 1


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"[a-z]{1,9}", fullmatch=True)
    )
)
def test_every_value_is_found_where_it_stands(values):
    text = "".join(f"{key}: {value}\n" for key, value in values.items())
    document = read_yaml(text or "{}", "f.yaml")
    assert isinstance(document.root, MapNode)
    for key, value in values.items():
        place = document.place_of((key,))
        assert text.split("\n")[place.line - 1][place.column - 1 :] == value

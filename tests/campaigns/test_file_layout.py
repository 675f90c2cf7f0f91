"""One layout for every file: it says the same, keeps every comment, and is its own layout."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from campanile.campaigns.file_layout import formatted, kind_of
from campanile.catalog.model_faults import empty_values
from campanile.catalog.yaml_comments import comments_of, read_comments
from campanile.catalog.yaml_document import plain
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import FaultsFound

FIVE = sorted((Path(__file__).parent / "five").glob("*.yaml"))


def said(text):
    """What a file says, with the order of every map, and the comments in it."""
    document = read_yaml(text.replace("\r\n", "\n"), "f.yaml")
    assert not document.faults
    return plain(document.root), Counter(comments_of(read_comments(document)))


def of_lines(*lines):
    return "".join(f"{line}\n" for line in lines)


def holds_its_promises(text):
    laid_out = formatted(text, "f.yaml", "campaign")
    assert said(laid_out) == said(text)
    assert formatted(laid_out, "f.yaml", "campaign") == laid_out
    return laid_out


@pytest.mark.parametrize("file", FIVE, ids=lambda file: file.stem)
def test_the_five_campaigns_keep_what_they_say(file):
    holds_its_promises(file.read_text(encoding="utf-8"))


CASES = {
    "keys stand in the order of the format": (
        ("activities: {a: {from: b, where: x, type: filter}}", "name: n"),
        ("name: n", "activities:", "  a: {type: filter, from: b, where: x}"),
    ),
    "a rule with a comma goes in a block": (
        ('activities: {a: {type: build_audience, where: "sum(a, b) > 1"}}',),
        ("activities:", "  a:", "    type: build_audience", "    where: sum(a, b) > 1"),
    ),
    "so does a list with one": (
        ("activities:", "  a: {type: deduplication, by: [b, 'coalesce(c, d)']}"),
        ("activities:", "  a:", "    type: deduplication", "    by:", "      - b",
         "      - coalesce(c, d)"),
    ),
    "quotes stay where another reader would see a number or a date": (
        ("activities: {a: {b: '0123', c: \"no\", d: '09:00', e: 'plain text', f: 0123}}",),
        ("activities:", '  a: {b: "0123", c: "no", d: "09:00", e: plain text, f: 0123}'),
    ),
    "and where a text cannot be plain": (
        ("activities: {a: {b: '{{ x }}, y', c: 'd: e', f: 'g #h', i: \"it's\", j: ''}}",),
        ("activities:", '  a: {b: "{{ x }}, y", c: "d: e", f: "g #h", i: it\'s, j: ""}'),
    ),
    "a comment at the top stays there": (
        ("# head", "label: l", "name: n", "activities: {a: b}"),
        ("# head", "name: n", "label: l", "activities:", "  a: b"),
    ),
    "a comment goes with what it speaks about": (
        ("label: l  # of l", "# of n", "name: n", "activities: {a: b}", "# end"),
        ("# of n", "name: n", "label: l  # of l", "activities:", "  a: b", "# end"),
    ),
    "comments inside brackets open them": (
        ("activities: {a: {type: b, # of b", "  # of c", "  c: d # of d", "} } # of all"),
        ("activities:  # of all", "  a:", "    type: b  # of b", "    # of c", "    c: d  # of d"),
    ),
    "a comment at the end of a block stays in it": (
        ("activities:", "    a: {type: b}", "    # not yet: c", "", "# of label", "label: l"),
        ("# of label", "label: l", "activities:", "  a: {type: b}", "  # not yet: c"),
    ),
    "empty lines stay between blocks, one at a time": (
        ("", "", "name: n", "", "", "label: l", "", "# c", "", "activities: {a: b}", "", ""),
        ("name: n", "", "label: l", "", "# c", "", "activities:", "  a: b"),
    ),
    "a block of text stays as written": (
        ("activities:", "  a:", "    where: |  # c", "         x", "           and y", "", "",
         "    note: >-", "      z", "      w"),
        ("activities:", "  a:", "    note: >-", "      z", "      w", "    where: |  # c",
         "      x", "        and y"),
    ),
    "a text over several lines comes on one": (
        ("activities:", "  a:", "    where: x", "      and y", "    note: 'z", "", "      w'"),
        ("activities:", "  a:", "    note: |-", "      z", "      w", "    where: x and y"),
    ),
    "a map of one key has no braces behind a dash": (
        ("activities: {a: {type: b, where: [c, {any: [d, e]}]}}",),
        ("activities:", "  a:", "    type: b", "    where:", "      - c", "      - any: [d, e]"),
    ),
    "an option that nobody knows comes behind the others": (
        ("activities: {a: {labels: {x: y}, typo: 1, type: filter, where: c}}",),
        ("activities:", "  a: {type: filter, where: c, typo: 1, labels: {x: y}}"),
    ),
    "an activity type that is not built keeps its own order": (
        ("activities: {a: {file: x, columns: {b: c}, template: d, from: e, type: direct_mail}}",),
        ("activities:", "  a: {type: direct_mail, from: e, file: x, columns: {b: c}, template: d}"),
    ),
    "a start goes before the common keys of a schedule": (
        ("schedule: {timezone: Europe/Paris, at: 09:00, every: day}", "activities: {a: b}"),
        ("schedule: {every: day, at: 09:00, timezone: Europe/Paris}", "activities:", "  a: b"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_layout(case):
    before, after = CASES[case]
    assert holds_its_promises(of_lines(*before)) == of_lines(*after)


def test_120_columns_fit_and_121_do_not():
    start = "activities:\n  a: {type: filter, where: x"
    fits = f"{start}{'x' * (120 - len(start) + 11)}}}\n"
    assert len(fits.splitlines()[1]) == 120
    assert holds_its_promises(fits) == fits
    assert holds_its_promises(fits.replace("}", "  # a comment does not count\n  }")) != fits
    longer = holds_its_promises(fits.replace("}", "x}"))
    assert "\n    type: filter\n" in longer


def test_a_long_text_is_folded_between_words():
    text = f"description: {'word ' * 60}end\nactivities: {{a: b}}\n"
    laid_out = holds_its_promises(text)
    assert laid_out.startswith("description: >-\n  word word")
    assert max(map(len, laid_out.splitlines())) <= 120


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ends_of_line_stay_and_the_last_one_is_there(ending, mark):
    text = f"{mark}label: l{ending}name: n{ending}activities: {{a: b}} # c"
    expected = ["name: n", "label: l", "activities:  # c", "  a: b", ""]
    assert formatted(text, "f.yaml") == ending.join(expected)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: n\nname: m\n", 2),
        ("name: n\nactivities: {a: {b: &x c}}\n", 2),
        ("name: n\n\nactivities: {a: {where: x in ('a', 'b')}}\n", 3),
        ("name: n\nlabel:\n", 2),
        ("name: n\n---\nname: m\n", 2),
        ("- a\n", 1),
        ("", 1),
        ("{}\n", 1),
        ("a: b\n", 1),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(text, line):
    with pytest.raises(FaultsFound) as caught:
        formatted(text, "f.yaml")
    assert caught.value.faults[0].place.line == line


def test_the_keys_say_which_kind_of_file_it_is():
    kinds = {
        "activities: {}": "campaign",
        "entities: {}": "catalog",
        "senders: {}": "channels",
        "connections: {}": "project",
        "other: {}": None,
    }
    assert {text: kind_of(read_yaml(text, "f.yaml")) for text in kinds} == kinds


# Files as people might write them: every style of text, brackets and blocks, comments anywhere.

words = st.sampled_from(
    ["a", "b c", "tier = 'gold'", "sum(a, b) > 1", "{{ x }}", "it's", 'a "b"', "09:00", "no", "12",
     "x: y", "x #y", "- z", "é ü", "", " pad ", "back\\slash", "tab\there", "two\nlines", "end\n",
     "word " * 30 + "end", "?", "a,", "[b]", "#c", "'", "true", "2026-01-01 09:00", "~", "a:b",
     "x\n\n  y\n", "\u00a0", "a\u2028b", ":", "-", "...", "---", "=", "\u3000"]
)  # fmt: skip
comments = st.sampled_from(["# one", "#two", "#  # three", "# {a: b}", "# é: 'x", "#"])
keys = st.sampled_from(
    ["type", "from", "where", "label", "subsets", "checks", "a", "b", "by", "note", "x y", "no"]
)
trees = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def quoted(text):
    signs = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\u2028": "\\L", "\u00a0": "\\_"}
    return '"' + "".join(signs.get(sign, sign) for sign in text) + '"'


@st.composite
def scalars(draw, text, *, flow):
    plain_can = read_yaml(f"[k, {text}]" if flow else f"k: {text}", "f")
    value = plain(plain_can.root)
    if (
        not plain_can.faults
        and value == (["k", text] if flow else {"k": text})
        and draw(st.booleans())
    ):
        return text
    if text.isprintable() and draw(st.booleans()):
        return "'" + text.replace("'", "''") + "'"
    return quoted(text)


@st.composite
def in_brackets(draw, tree):
    if isinstance(tree, str):
        return draw(scalars(tree, flow=True))
    pause = draw(
        st.sampled_from(["", " ", " ", "\n      ", " # in\n      ", "\n\n   # on\n      "])
    )
    if isinstance(tree, list):
        return "[" + f", {pause}".join([draw(in_brackets(part)) for part in tree]) + f"{pause}]"
    parts = [
        f"{draw(scalars(key, flow=True))}: {draw(in_brackets(part))}" for key, part in tree.items()
    ]
    return "{" + f"{pause}, {pause}".join(parts) + pause + "}"


@st.composite
def in_lines(draw, tree, depth):
    """The lines of a map or list; each entry with comments and empty lines around it."""
    pad = " " * depth
    lines = []
    for key in tree:
        part, mark = (
            (tree[key], f"{draw(scalars(key, flow=False))}:")
            if isinstance(tree, dict)
            else (key, "-")
        )
        for above in draw(st.lists(comments | st.just(""), max_size=2)):
            lines.append(f"{pad}{above}" if above else "")
        beside = draw(st.sampled_from(["", "", f" {draw(comments)}"]))
        if isinstance(part, str):
            lines += draw(of_text(part, f"{pad}{mark}", beside, depth))
        elif not part or draw(st.booleans()):
            lines.append(f"{pad}{mark} {draw(in_brackets(part))}{beside}")
        else:
            inner = draw(in_lines(part, depth + draw(st.integers(1, 3))))
            lines += [f"{pad}{mark}{beside}", *inner]
    if draw(st.booleans()):
        lines.append(f"{pad}{draw(comments)}")
    return lines


@st.composite
def of_text(draw, text, before, beside, depth):
    body = text.split("\n")
    fits = text.strip(" \n") and text[0] not in " \n" and text.replace("\n", "").isprintable()
    if not fits or draw(st.booleans()):
        return [f"{before} {draw(scalars(text, flow=False))}{beside}"]
    ends = len(text) - len(text.rstrip("\n"))
    chomping = "-" if not ends else "" if ends == 1 else "+"
    pad = " " * (depth + draw(st.integers(1, 4)))
    lines = [f"{pad}{line}" if line else "" for line in (body[:-1] if ends else body)]
    style = draw(st.sampled_from("|>")) if len(body) == 1 else "|"
    return [f"{before} {style}{chomping}{beside}", *lines]


@st.composite
def files(draw):
    tree = draw(st.dictionaries(keys, trees, min_size=1, max_size=5))
    tree["activities"] = draw(st.dictionaries(st.sampled_from("abc"), trees, max_size=3)) or "x"
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    head = draw(st.sampled_from(["", "", "# head\n", "---\n", "# x\n\n# y\n--- # z\n"]))
    return (head.replace("\n", ending) + ending.join(draw(in_lines(tree, 0)))
            + draw(st.sampled_from(["", ending, ending * 3])))  # fmt: skip


@settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(files())
def test_whatever_is_written_says_the_same_with_every_comment_and_once_is_enough(text):
    document = read_yaml(text.replace("\r\n", "\n"), "f.yaml")
    assume(not document.faults and not empty_values(document))
    laid_out = holds_its_promises(text)
    for comment in ("# one", "#two", "# in", "# {a: b}"):
        assert laid_out.count(comment) == text.count(comment)


FOREIGN = """\
name: spring
activities:
  # who came lately
  people: {type: build_audience, where: 'SubDays(last_seen, 3) > DaysAgo(30)'}  # GetDate() stays
  some:
    type: filter
    from: people
    # the tier
    where:
      - Upper(tier) = 'GOLD' # GetDate()
      - any: [MonthsOld(birth_date) > 3, "Iif(IsEmptyString(email, true, false), true, false)"]
    note: GetDate() is no rule here
  known:
    type: enrichment
    from: some
    add:
      long: >-
        JuxtWords(Smart(first_name),
        Lower(tier))
"""


def test_names_of_the_original_become_our_own_and_comments_stay():
    found = formatted(FOREIGN, "spring.yaml", "campaign")
    assert [line.partition("#")[2] for line in found.splitlines() if "#" in line] == [
        " who came lately", " GetDate() stays", " the tier", " GetDate()"
    ]  # fmt: skip
    for word in ("SubDays", "DaysAgo", "Upper(", "MonthsOld", "Iif", "JuxtWords", "Smart"):
        assert word not in found
    for rule in (
        "add_days(last_seen, -3) > days_ago(30)",
        "upper(tier) = 'GOLD'",
        "months_old(birth_date) > 3",
        "if(if(is_empty(email), true, false), true, false)",
        "join_words(capitalize_words(first_name), lower(tier))",
        "note: GetDate() is no rule here",
    ):
        assert rule in found
    assert formatted(found, "spring.yaml", "campaign") == found


def test_a_filter_is_written_in_our_own_names_too():
    text = "where: YearsOld(birth_date) > 3\nname: x # kept\n"
    assert formatted(text, "x.yaml") == "name: x  # kept\nwhere: years_old(birth_date) > 3\n"

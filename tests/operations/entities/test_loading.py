"""Loading files into entities: by key and version, all or nothing, and nothing twice."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import DataError, Refused
from campanile.operations.entities.loading.load import load_file
from campanile.warehouse.texts import lines
from campanile.warehouse.texts.delimited import read_delimited
from campanile.warehouse.texts.detection import detect_format
from campanile.warehouse.texts.lines import Record

HEADER = "customer_id,email,email_ok,tier,store_id\n"


def rows_of(town, entity):
    """All current rows of an entity, read without the product's rule layer."""
    version = town.project.store.entities.current([entity])[entity]
    with town.project.warehouse.session() as session:
        found = session._connection.execute("SELECT * FROM read_parquet(?)", [list(version.paths)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_the_same_file_again_changes_nothing(town):
    text = HEADER + "1,new@example.com,true,gold,n\n"
    first = town.load("customer", text)

    again = town.load("customer", text)

    assert (first.repeated, again.repeated) == (False, True)
    assert again.version == first.version
    assert not again.changes.any


def test_a_load_adds_changes_and_keeps_what_the_file_does_not_name(town):
    loaded = town.load("customer", "customer_id,email\n1,new@example.com\n11,e@example.com\n")

    rows = {row["customer_id"]: row for row in rows_of(town, "customer")}
    assert (loaded.changes.inserted, loaded.changes.updated) == (1, 1)
    assert rows[1] == {**rows[1], "email": "new@example.com", "tier": "gold"}
    assert rows[11]["tier"] is None
    assert len(rows) == 11


def test_faulty_rows_are_set_aside_with_their_reason_and_the_others_are_loaded(town):
    text = (
        "order_id,customer_id,amount,placed_at\n"
        "1,1,10.5,2026-01-01 10:00\n"
        "2,1,much,2026-01-01\n"
        ",1,3,2026-01-01\n"
        "4,1,3\n"
        '5,1,"3,2026-01-01\n'
        "6,2,1.5,2026-07-01T10:00:00Z\n"
        "7,2.5,1.5,2026-13-01\n"
    )

    loaded = town.load("order", text)

    assert {row["order_id"] for row in rows_of(town, "order")} == {1, 6}
    with loaded.rejects_path.open(newline="") as file:
        found = {int(row["line"]): row["reason"] for row in csv.DictReader(file)}
    assert list(found) == [3, 4, 5, 6, 8]
    assert "amount is not a number" in found[3]
    assert found[4] == "order_id is empty"
    assert found[5] == "3 fields where the header has 4"
    assert found[6] == "a quote is opened and never closed"
    assert "customer_id is not a whole number" in found[8]
    assert "placed_at is not a time" in found[8]


def test_lines_without_quotes_are_rows_of_the_same_numbers_as_lines_with_them(town):
    plain = "1;gold\n\n2;gold;more\n \t\n3\n4;gold\n"
    quoted = '"1";gold\n\n"2";gold;more\n \t\n"3"\n"4";gold\n'

    found = []
    for name, text in (("plain", plain), ("quoted", quoted)):
        path = town.project.folder / f"{name}.csv"
        path.write_text("customer_id;tier\n" + text)
        loaded = load_file(town.project, "customer", path, actor="test")
        with loaded.rejects_path.open(newline="") as file:
            found.append([(row["line"], row["reason"]) for row in csv.DictReader(file)])

    assert found[0] == found[1]
    assert found[0] == [
        ("4", "3 fields where the header has 2"),
        ("6", "1 fields where the header has 2"),
    ]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.sampled_from(["a;b", "a", "", ";", '"a;b";c', '"a', 'b";c', "ä;'"])))
def test_blocks_are_cut_without_a_trace(tmp_path, monkeypatch, rows):
    path = tmp_path / "rows.csv"
    path.write_text("x;y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = detect_format(path, encoding="utf-8", delimiter=";")

    whole = list(read_delimited(path, found).records)
    with monkeypatch.context() as patched:
        patched.setattr(lines, "_BLOCK", 4)
        pieces = list(read_delimited(path, found).records)

    assert pieces == whole


def test_times_without_an_offset_are_local_to_the_project(town):
    town.load("order", "order_id,customer_id,amount,placed_at\n1,1,1,2026-07-01 10:00\n")

    (row,) = rows_of(town, "order")
    assert f"{row['placed_at']:%H:%M}" == "08:00"  # Europe/Paris is at +02:00 in July


def test_deleting_takes_the_keys_of_the_file_out(town):
    path = town.project.folder / "gone.csv"
    path.write_text("customer_id\n1\n2\n99\n")

    loaded = load_file(town.project, "customer", path, mode="delete", actor="test")

    assert loaded.changes.deleted == 2
    assert loaded.changes.unchanged == 1
    assert {row["customer_id"] for row in rows_of(town, "customer")} == set(range(3, 11))


def test_a_no_in_a_file_excludes_from_the_next_delivery(town):
    town.load("customer", HEADER + "1,c1@example.com,false,,\n")
    town.publish(
        "spring",
        "name: spring\nschedule: asap\nactivities:\n"
        "  people: {type: build_audience}\n"
        "  offer: {type: email, from: people, template: hello, confirm: false}\n",
    )
    town.run()

    states = {row.person: (row.state, row.reason) for row in town.messages("spring", "offer")}
    assert states["1"] == ("excluded", "no_consent")
    assert states["2"] == ("sent", None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"  \n \n", "the file is empty"),
        (b"PK\x03\x04\x00\x00\x00binary", "a binary file"),
        (b"name,email\nx,y\n", "key column 'customer_id'"),
        (b"customer_id,customer_id\n1,2\n", "two columns are called 'customer_id'"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing_and_says_why(town, content, said):
    path = town.project.folder / "bad.csv"
    path.write_bytes(content)
    before = town.project.store.entities.pins(["customer"])

    with pytest.raises(DataError, match=said):
        load_file(town.project, "customer", path, actor="test")

    assert town.project.store.entities.pins(["customer"]) == before


def test_an_unknown_entity_is_refused_with_those_there_are(town):
    with pytest.raises(Refused, match="customer, order, store"):
        load_file(town.project, "clients", Path("x.csv"), actor="test")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    lines = [["id", "name", "city"], ["1", "Zoë", "Nîmes"], ["2", "Jürgen", "Köln, am Rhein"]]
    path = tmp_path / "people.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)

    found = detect_format(path)
    rows = list(read_delimited(path, found).records)

    assert found.delimiter == delimiter
    assert [row.fields for row in rows if isinstance(row, Record)] == lines[1:]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\x00\r�", codec="utf-8"), max_size=8).filter(
                lambda t: t.strip() or not t
            ),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_a_writer_wrote_is_read_back(tmp_path, rows):
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["a", "b", "c"])
        writer.writerows(rows)

    found = list(read_delimited(path, detect_format(path, encoding="utf-8", delimiter=",")).records)

    assert [row.fields for row in found if isinstance(row, Record)] == rows

import csv
from datetime import date
from pathlib import Path

from campanile.demo.leads import write_leads

PEOPLE = [f"ana.{number}@example.com" for number in range(200)]


def test_the_file_is_what_a_fair_brings_home(tmp_path: Path) -> None:
    path = write_leads(tmp_path, PEOPLE, date(2026, 11, 22), 7)
    text = path.read_bytes().decode("cp1252")
    assert "Nîmes" in text
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    found = [row["E-Mail"].strip() for row in rows]
    assert set(PEOPLE) - set(found) < set(PEOPLE), "customers"
    assert sum("fair" in each for each in found) > 100, "strangers"
    assert "" in found, "nobody"
    assert len(set(found)) < len(found), "twice"
    assert {row["Interest"] for row in rows} > {"Schuhe"}
    assert any("/" in row["Visited on"] for row in rows)


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    one = write_leads(tmp_path / "a", PEOPLE, date(2026, 11, 22), 7)
    two = write_leads(tmp_path / "b", PEOPLE, date(2026, 11, 22), 7)
    assert one.read_bytes() == two.read_bytes()

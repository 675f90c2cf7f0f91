"""The lead file of a fair, as it comes from outside: semicolons, cp1252, and what people typed."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from campanile.demo.names import FIRST_NAMES, LAST_NAMES, THINGS, plain

FILE: Final = "fair_leads.csv"
_HEADER: Final = ("E-Mail", "Visited on", "Interest", "Town", "Notes")
_TOWNS: Final = ("Nîmes", "Genève", "Besançon", "Münster", "Liège", "Angoulême")
_NOTES: Final = ("", "", "à rappeler", "wants a call", "très intéressé", "peut-être à Noël")
_INTERESTS: Final = tuple(THINGS)


def write_leads(folder: Path, addresses: Sequence[str], today: date, seed: int) -> Path:
    """Write the file: customers by their `addresses`, as many strangers, and some useless rows."""
    random = Random(f"{seed}-leads")
    people = [*addresses, *(_stranger(random, number) for number in range(len(addresses)))]
    people += random.sample(people, len(people) // 20)  # two visits
    random.shuffle(people)
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(_HEADER)
        writer.writerows(_row(random, person, today) for person in people)
    return path


def _row(random: Random, person: str, today: date) -> tuple[str, ...]:
    day = today - timedelta(days=random.randrange(3, 6))
    visited, interest = day.isoformat(), random.choice(_INTERESTS)
    fault = random.random()
    if fault < 0.01:
        visited = f"{day:%d/%m/%Y}"
    elif fault < 0.02:
        interest = "Schuhe"
    elif fault < 0.03:
        person = ""
    elif fault < 0.1:
        person = f" {person} "
    return (person, visited, interest, random.choice(_TOWNS), random.choice(_NOTES))


def _stranger(random: Random, number: int) -> str:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    return f"{plain(first)}.{plain(last)}.fair{number}@example.com"

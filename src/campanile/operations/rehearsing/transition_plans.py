"""Transitions in a plan: who would enter, leave and change branch, counted, with samples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from campanile.operations.rehearsing.masking import masked, personal_columns
from campanile.operations.rehearsing.previews import read_rows
from campanile.operations.rehearsing.rehearsals import Rehearsal, Rehearsed
from campanile.relations.relation import Relation
from campanile.relations.types import Type
from campanile.store.manifest_rows import ManifestRow
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.warehouse import Session

_SHOWN = 3  # keys of a sample


@dataclass(frozen=True)
class TransitionPlan:
    """The rows of one transition; `before` and what follows it only where one is published.

    `entered` were nowhere in the activity before, `moved` were in another of its branches:
    `moved_from` says in which. `samples` are some keys of each kind, masked.
    """

    transition: str
    rows: int
    reached: bool = True
    reason: str = ""
    before: int | None = None
    entered: int | None = None
    left: int | None = None
    moved: int | None = None
    moved_from: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "transition": self.transition,
            "rows": self.rows,
            "reached": self.reached,
            "reason": self.reason or None,
            "published_rows": self.before,
            "entered": self.entered,
            "left": self.left,
            "moved": self.moved,
            "moved_from": dict(self.moved_from),
            "samples": {kind: list(keys) for kind, keys in self.samples.items()},
        }


def plan_transitions(
    place: Rehearsal, after: Rehearsed, before: Rehearsed | None
) -> Iterator[TransitionPlan]:
    """Each transition of a rehearsal, compared with the same one of the published version."""
    with place.project.warehouse.session() as session:
        for name, row in after.rows.items():
            if name.endswith(".plan"):
                continue
            facts = _Comparison(session, place, after, before, name).facts() if before else {}
            yield TransitionPlan(
                transition=name,
                rows=row.rows,
                reached=row.reached,
                reason=row.not_reached_reason or "",
                **facts,
            )


@dataclass(frozen=True)
class _Comparison:
    """One transition, now and in the published version, by the key of its rows."""

    session: Session
    place: Rehearsal
    after: Rehearsed
    before: Rehearsed
    name: str

    def facts(self) -> dict[str, Any]:
        """The counts and samples of a TransitionPlan; all counting is the engine's."""
        key, new, old = self._key(), self.after.rows[self.name], self.before.rows.get(self.name)
        if old is None or not key:
            count = old.rows if old else 0
            return {"before": count, "entered": 0 if old else new.rows, "left": 0, "moved": 0}
        present, former = self._bound("after", new, key), self._bound("before", old, key)
        if former is None or present is None:
            return {"before": old.rows, "entered": new.rows, "left": old.rows, "moved": 0}
        on = {column: column for column in key}
        fresh, gone = present.anti(former, on), former.anti(present, on)
        others = self._other_branches(key)
        listed = list(others.values())
        everywhere = listed[0].union(listed[1:]) if listed else None
        moved = fresh.semi(everywhere, on) if everywhere is not None else None
        entered = fresh.anti(everywhere, on) if everywhere is not None else fresh
        kinds = {"entered": entered, "left": gone, "moved": moved}
        sizes = {k: self.session.count(rows) if rows else 0 for k, rows in kinds.items()}
        return {
            "before": old.rows,
            **sizes,
            "moved_from": self._moved_from(fresh, others, sizes["moved"]),
            "samples": {k: self._sample(rows) for k, rows in kinds.items() if rows and sizes[k]},
        }

    def _key(self) -> tuple[str, ...]:
        name = self.after.compiled.graph.dimension_of(self.name)
        catalog = self.place.project.catalog
        return catalog.entities[catalog.dimensions[name].entity].key if name else ()

    def _other_branches(self, key: tuple[str, ...]) -> dict[str, Relation]:
        """The other outputs of the activity, as they are in the published version."""
        activity = self.name.partition(".")[0]
        others = [n for n in self.before.rows if n != self.name and n.partition(".")[0] == activity]
        bound = {
            name: self._bound(f"other_{number}", self.before.rows[name], key)
            for number, name in enumerate(others)
        }
        return {name: relation for name, relation in bound.items() if relation is not None}

    def _bound(self, name: str, row: ManifestRow, key: tuple[str, ...]) -> Relation | None:
        """The keys of a rehearsed transition; None where it has no table or not that key."""
        if row.path is None or not set(key) <= set(row.schema):
            return None
        schema = {column: Type(word) for column, word in row.schema.items()}
        self.session.bind(f"plan__{name}", ParquetFiles((row.path,), pinned=True), schema)
        return Relation.table(f"plan__{name}", schema, key).select(key)

    def _moved_from(
        self, fresh: Relation, others: Mapping[str, Relation], moved: int
    ) -> dict[str, int]:
        """How many came from which branch; branches that overlap count a row each."""
        if moved and len(others) == 1:
            return dict.fromkeys(others, moved)
        on = {column: column for column in fresh.key}
        counts = {
            name: self.session.count(fresh.semi(one, on))
            for name, one in (others.items() if moved else ())
        }
        return {name: count for name, count in counts.items() if count}

    def _sample(self, rows: Relation) -> tuple[str, ...]:
        personal = personal_columns(self.place.project.catalog, self.after.compiled.campaign)
        return tuple(
            " / ".join(str(masked(v, is_personal=n in personal)) for n, v in row.items())
            for row in read_rows(self.session, rows, _SHOWN)
        )

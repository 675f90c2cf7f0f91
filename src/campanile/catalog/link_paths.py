"""The way from one entity to another: a path of links, written out or the one shortest there is."""

from collections.abc import Iterator
from typing import Final

from campanile.catalog.entities import Catalog, EntityLink
from campanile.errors import DefinitionError
from campanile.relations.parse import did_you_mean

LinkPath = tuple[EntityLink, ...]
LONGEST: Final = 3  # links of a path that is not written out


def written_path(catalog: Catalog, entity: str, via: str) -> LinkPath:
    """Follow a dotted path of links; raises DefinitionError at a link that there is not."""
    path: list[EntityLink] = []
    for name in via.split("."):
        links = catalog.entities[path[-1].target if path else entity].links
        if name not in links:
            where = path[-1].target if path else entity
            raise DefinitionError(
                f"Entity '{where}' has no link '{name}'.",
                remedy=did_you_mean(name, links),
                code="unknown_link",
            )
        path.append(links[name])
    return tuple(path)


def only_path(catalog: Catalog, entity: str, target: str) -> LinkPath:
    """The one shortest path between two entities.

    Raises DefinitionError when there is none of up to three links, or more than one.
    """
    for length in range(1, LONGEST + 1):
        found = [p for p in _paths(catalog, entity, length) if p[-1].target == target]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(".".join(link.name for link in path) for path in found)
            raise DefinitionError(
                f"Several ways lead from '{entity}' to '{target}': {several}.",
                remedy="Name one: `via`.",
                code="ambiguous_link",
            )
    raise DefinitionError(
        f"No way of up to {LONGEST} links leads from '{entity}' to '{target}'.",
        remedy="Link them in the catalog, or name a longer way: `via`.",
        code="unknown_link",
    )


def _paths(catalog: Catalog, entity: str, length: int) -> Iterator[LinkPath]:
    """All paths of exactly `length` links that come to no entity twice."""
    waiting: list[tuple[LinkPath, frozenset[str]]] = [((), frozenset([entity]))]
    while waiting:
        path, seen = waiting.pop(0)
        if len(path) == length:
            yield path
            continue
        links = catalog.entities[path[-1].target if path else entity].links.values()
        waiting += [
            ((*path, link), seen | {link.target})
            for link in links
            if link.target not in seen and link.target in catalog.entities
        ]

"""Versions that a process knows: read once, and anew only where their content became another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from campanile.campaigns.compiled import CompiledVersion
from campanile.errors import Refused
from campanile.operations.authoring.versions import get_version, parse_version
from campanile.operations.project import Project
from campanile.store.versions import VersionName

_MOST = 10_000  # about 35 KB each


@dataclass(frozen=True)
class KnownVersions:
    """The versions that were asked for together, those that cannot be read included."""

    _project: Project
    _found: Mapping[VersionName, CompiledVersion | Refused]

    def get(self, campaign: str, version: int) -> CompiledVersion:
        """Return one; raises Refused for one that cannot be read."""
        found = self._found.get((campaign, version))
        if isinstance(found, Refused):
            raise found
        return found or get_version(self._project, campaign, version)


def known_versions(project: Project, wanted: Collection[VersionName]) -> KnownVersions:
    """Read the versions `wanted`; from the store only those that the process does not know.

    A campaign that was deleted and made again has the same versions with another content: their
    digests tell.
    """
    known = project.known_versions
    digests = project.store.versions.digests(wanted)
    found: dict[VersionName, CompiledVersion | Refused] = {
        name: known[name][1]
        for name, digest in digests.items()
        if name in known and known[name][0] == digest
    }
    unknown = digests.keys() - found
    if len(known) + len(unknown) > _MOST:
        known.clear()
    for row in project.store.versions.rows(unknown):
        name = (row.campaign, row.version)
        try:
            compiled = parse_version(row)
        except Refused as error:
            found[name] = error
        else:
            found[name], known[name] = compiled, (row.digest, compiled)
    return KnownVersions(project, found)

"""How many people a version reaches now: what an approval of its publication is given for."""

from campanile.operations.project import Project
from campanile.operations.rehearsing.rehearsals import rehearsal


def count_reached(project: Project, name: str, version: int) -> int | None:
    """The receivers of its first messages, or its largest audience before a first gate.

    None where today's data do not tell, such as for a campaign that begins with a file.
    """
    with rehearsal(project) as place:
        found = place.run(name, place.take_stored(name, version))
    if found.trouble:
        return None
    if found.messages:
        return sum(message.receives for message in found.messages.values())
    return max((row.rows for row in found.rows.values() if row.reached), default=0)

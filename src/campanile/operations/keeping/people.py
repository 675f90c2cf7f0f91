"""Whether people are let in by accounts, and whether an administrator's token is still good."""

from datetime import datetime, timedelta

from campanile.operations.keeping.findings import Finding, ok, warn
from campanile.operations.project import Project
from campanile.people.person import Person, TokenRow

_SOON = timedelta(days=14)


def examine_people(project: Project) -> Finding:
    """Nobody with an account is a warning: whoever opens the store may do everything then."""
    people, now = project.store.people, project.clock()
    if not people.exist():
        sentence = "nobody has an account, so whoever opens this project may do everything"
        return warn("people", sentence, "campanile users add NAME --role administrator")
    administrators = {one.name for one in people.everybody() if _administers(one)}
    good = [
        one for one in people.tokens() if one.person in administrators and one.state(now) == "good"
    ]
    if not good:
        return warn("people", "no administrator has a good token", "campanile tokens rescue")
    last = max(good, key=_expiry)
    sentence = f"{len(people.everybody())} have an account"
    if last.expires_at - now < _SOON:
        sentence = f"the last token of an administrator ends on {last.expires_at:%Y-%m-%d}"
        return warn("people", sentence, f"campanile tokens create {last.person}")
    return ok("people", sentence)


def _administers(person: Person) -> bool:
    return person.role == "administrator" and person.disabled_at is None


def _expiry(row: TokenRow) -> datetime:
    return row.expires_at

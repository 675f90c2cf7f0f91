"""People and their tokens, as the store keeps them; every change is in the audit log."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, inspect, or_, select, update

from campanile.errors import Refused
from campanile.people.person import Person, TokenRow, token_digest
from campanile.people.rights import Right, Role
from campanile.store.audit import note
from campanile.store.database import Database
from campanile.store.people_tables import group_member, person, token
from campanile.store.statements import insert_missing

_USE_NOTED_EVERY: Final = timedelta(minutes=1)  # reading would write each time otherwise


class People:
    """The accounts of the project, their groups, and the digests of their tokens."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def exist(self) -> bool:
        """Whether anybody has an account; False in a store older than accounts."""
        with self._database.read() as connection:
            if not inspect(connection).has_table(person.name):
                return False
            return connection.execute(select(person.c.name).limit(1)).first() is not None

    def add(
        self,
        name: str,
        role: Role,
        *,
        granted: Iterable[Right] = (),
        limited_to: Iterable[str] | None = None,
        email: str | None = None,
        by: str,
    ) -> Person:
        """Give somebody an account; raises Refused where the name is taken."""
        now = self._clock()
        rights = _rights(role, granted, limited_to)
        row = {"name": name, "email": email, "created_at": now, **rights}
        with self._database.write() as connection:
            if not insert_missing(connection, person, row):
                raise Refused(f"there is a person '{name}' already.")
            note(connection, now, by, "add_person", f"person:{name}", **rights)
            return _required(connection, name)

    def change_role(
        self,
        name: str,
        role: Role,
        *,
        granted: Iterable[Right] = (),
        limited_to: Iterable[str] | None = None,
        by: str,
    ) -> Person:
        """Replace role, grants and limit; raises Refused for the last administrator."""
        rights = _rights(role, granted, limited_to)
        with self._database.write() as connection:
            _required(connection, name)
            connection.execute(update(person).where(person.c.name == name).values(**rights))
            _require_administrator(connection)
            note(connection, self._clock(), by, "change_role", f"person:{name}", **rights)
            return _required(connection, name)

    def disable(self, name: str, *, by: str) -> Person:
        """Close an account and revoke its tokens; raises Refused for the last administrator."""
        now = self._clock()
        with self._database.write() as connection:
            _required(connection, name)
            connection.execute(update(person).where(person.c.name == name).values(disabled_at=now))
            _require_administrator(connection)
            connection.execute(_revocation(now).where(token.c.person == name))
            note(connection, now, by, "disable_person", f"person:{name}")
            return _required(connection, name)

    def enable(self, name: str, *, by: str) -> Person:
        """Open a closed account again; its old tokens stay revoked."""
        with self._database.write() as connection:
            _required(connection, name)
            connection.execute(update(person).where(person.c.name == name).values(disabled_at=None))
            note(connection, self._clock(), by, "enable_person", f"person:{name}")
            return _required(connection, name)

    def get(self, name: str) -> Person:
        """One person; raises Refused with the names there are."""
        with self._database.read() as connection:
            return _required(connection, name)

    def everybody(self) -> tuple[Person, ...]:
        """All accounts by name, disabled ones too."""
        with self._database.read() as connection:
            rows = connection.execute(select(person).order_by(person.c.name)).all()
            return tuple(_person(connection, row) for row in rows)

    def set_group(self, group: str, members: Iterable[str], *, by: str) -> None:
        """Say who is in a group; nobody means that there is none of that name."""
        wanted = sorted(set(members))
        with self._database.write() as connection:
            for name in wanted:
                _required(connection, name)
            connection.execute(delete(group_member).where(group_member.c.group_name == group))
            if wanted:
                rows = [{"group_name": group, "person": name} for name in wanted]
                connection.execute(insert(group_member), rows)
            note(connection, self._clock(), by, "set_group", f"group:{group}", members=wanted)

    def group(self, group: str) -> tuple[Person, ...]:
        """The members of a group whose accounts are open, by name."""
        return tuple(
            each for each in self.everybody() if group in each.groups and each.disabled_at is None
        )

    def add_token(
        self, name: str, digest: str, *, label: str, good_for: timedelta, by: str
    ) -> TokenRow:
        """Keep the digest of a new token; raises Refused where the account is closed."""
        now = self._clock()
        with self._database.write() as connection:
            if _required(connection, name).disabled_at is not None:
                raise Refused(
                    f"the account of '{name}' is closed.", remedy=f"`campanile users enable {name}`"
                )
            row = {"person": name, "digest": digest, "label": label, "created_at": now}
            made = connection.execute(insert(token).values(**row, expires_at=now + good_for))
            key = made.inserted_primary_key
            number = int(key[0]) if key else 0
            note(connection, now, by, "create_token", f"person:{name}", token=number)
            return _token(connection, number)

    def revoke_token(self, number: int, *, by: str) -> TokenRow:
        """End a token now; ending it twice changes nothing."""
        now = self._clock()
        with self._database.write() as connection:
            found = _token(connection, number)
            if found.revoked_at is None:
                connection.execute(_revocation(now).where(token.c.id == number))
                note(connection, now, by, "revoke_token", f"person:{found.person}", token=number)
            return _token(connection, number)

    def tokens(self, name: str | None = None) -> tuple[TokenRow, ...]:
        """What is known of tokens, of everybody or of one person; the oldest first."""
        query = select(*_TOKEN_COLUMNS).order_by(token.c.id)
        if name is not None:
            query = query.where(token.c.person == name)
        with self._database.read() as connection:
            return tuple(TokenRow(**row) for row in connection.execute(query).mappings())

    def token_by_id(self, number: int) -> TokenRow:
        """One token; raises Refused where there is none of that number."""
        with self._database.read() as connection:
            return _token(connection, number)

    def known_by(self, secret: str) -> tuple[Person, TokenRow] | None:
        """Who has this token, and notes that it was used; None where it is good no more."""
        now = self._clock()
        query = select(*_TOKEN_COLUMNS).where(token.c.digest == token_digest(secret))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
            found = None if row is None else TokenRow(**row)
            if found is None or found.state(now) != "good":
                return None
            owner = _required(connection, found.person)
        if owner.disabled_at is not None:
            return None
        self._note_use(found.id, now)
        return owner, found

    def _note_use(self, number: int, now: datetime) -> None:
        old = or_(token.c.last_used_at.is_(None), token.c.last_used_at < now - _USE_NOTED_EVERY)
        with self._database.read() as connection:
            query = select(token.c.id).where(token.c.id == number, old)
            if connection.execute(query).first() is None:
                return
        with self._database.write() as connection:
            statement = update(token).where(token.c.id == number).values(last_used_at=now)
            connection.execute(statement)


_TOKEN_COLUMNS: Final = tuple(column for column in token.c if column.name != "digest")


def _rights(
    role: Role, granted: Iterable[Right], limited_to: Iterable[str] | None
) -> dict[str, Any]:
    tags = None if limited_to is None else sorted(set(limited_to))
    return {"role": role, "granted": sorted(set(granted)), "limited_to": tags}


def _revocation(now: datetime) -> Any:
    return update(token).where(token.c.revoked_at.is_(None)).values(revoked_at=now)


def _person(connection: Connection, row: Row[Any]) -> Person:
    groups = select(group_member.c.group_name).where(group_member.c.person == row.name)
    return Person(
        name=row.name,
        role=row.role,
        granted=frozenset(Right(each) for each in row.granted),
        limited_to=None if row.limited_to is None else frozenset(row.limited_to),
        email=row.email,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        groups=tuple(sorted(connection.execute(groups).scalars())),
    )


def _required(connection: Connection, name: str) -> Person:
    row = connection.execute(select(person).where(person.c.name == name)).one_or_none()
    if row is None:
        known = ", ".join(
            connection.execute(select(person.c.name).order_by(person.c.name)).scalars()
        )
        raise Refused(f"there is no person '{name}'.", remedy=f"There is: {known or 'nobody'}.")
    return _person(connection, row)


def _token(connection: Connection, number: int) -> TokenRow:
    query = select(*_TOKEN_COLUMNS).where(token.c.id == number)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Refused(f"there is no token {number}.", remedy="See: campanile tokens list")
    return TokenRow(**row)


def _require_administrator(connection: Connection) -> None:
    """Refuse a change after which nobody could change anything here."""
    query = select(func.count()).select_from(person)
    left = query.where(
        person.c.role == "administrator",
        person.c.disabled_at.is_(None),
        person.c.limited_to.is_(None),
    )
    if not connection.execute(left).scalar_one():
        raise Refused(
            "nobody would be administrator any more; nothing was changed.",
            remedy="Make somebody else administrator first.",
        )

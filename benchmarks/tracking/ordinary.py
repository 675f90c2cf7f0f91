"""The same pixel the ordinary way: a Starlette endpoint, a SQLAlchemy session, a commit for each.

As durable as ours: SQLite, write-ahead log, synchronous=FULL; the token is checked in the same way.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.tracking.load import KEYS
from campanile.errors import InvalidToken
from campanile.web.answers import PIXEL


class Base(DeclarativeBase):
    """The tables of this application."""


class OpenEvent(Base):
    """One open."""

    __tablename__ = "open_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
    delivery: Mapped[int] = mapped_column(index=True)
    ordinal: Mapped[int]
    user_agent: Mapped[str | None]
    remote: Mapped[str | None]


def build(folder: Path) -> Starlette:
    """The application; it makes its table."""
    sessions = _sessions(folder)

    def pixel(request: Request) -> Response:
        try:
            delivery, ordinal = KEYS.verify("track", request.path_params["token"])
        except InvalidToken:
            return Response(PIXEL, media_type="image/gif")
        with sessions() as session:
            session.add(
                OpenEvent(
                    received_at=datetime.now(UTC),
                    delivery=delivery,
                    ordinal=ordinal,
                    user_agent=request.headers.get("user-agent"),
                    remote=request.client.host if request.client else None,
                )
            )
            session.commit()
        return Response(PIXEL, media_type="image/gif", headers={"cache-control": "no-store"})

    return Starlette(routes=[Route("/o/{token}.gif", pixel)])


def recorded(folder: Path) -> int:
    """How many events are in the table."""
    with _sessions(folder)() as session:
        return session.scalar(select(func.count(OpenEvent.id))) or 0


def _sessions(folder: Path) -> sessionmaker[Session]:
    folder.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{folder / 'events.sqlite'}", connect_args={"timeout": 30}, pool_size=40
    )
    event.listen(engine, "connect", _configure)
    Base.metadata.create_all(engine)
    return sessionmaker(engine)


def _configure(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").close()

"""Finding and opening the project; the only place that reads the environment."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from pwd import getpwuid
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from campanile.campaigns.connections import SmtpConnection as WrittenConnection
from campanile.campaigns.definitions import SETTINGS_FILE, Definitions, read_project
from campanile.campaigns.loading import load_definitions
from campanile.campaigns.project_file import ProjectFile, StoreLocation
from campanile.campaigns.table_sources import database_of
from campanile.catalog.entities import Entity
from campanile.channels.smtp import SmtpConnection
from campanile.errors import ConfigurationError, FaultsFound
from campanile.operations.entities.sources import columns_found
from campanile.operations.project import CompanyDatabase, Project
from campanile.settings.engines import build_databases, build_warehouse, fixed
from campanile.settings.keys import read_keys
from campanile.settings.secrets import database_url, secret
from campanile.store.revisions import prepare
from campanile.store.store import Store, system_clock
from campanile.warehouse.places.opening import Places
from campanile.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from campanile.warehouse.postgres import PostgresServer

PROJECT_VARIABLE = "CAMPANILE_PROJECT"
ENVIRONMENT_VARIABLE = "CAMPANILE_ENVIRONMENT"
IDENTITY_VARIABLE = "CAMPANILE_IDENTITY"
ACTOR_VARIABLE = "CAMPANILE_ACTOR"
DAGSTER_URL_VARIABLE = "CAMPANILE_DAGSTER_URL"
DAGSTER_HOME_VARIABLE = "DAGSTER_HOME"
DEMO_FOLDER = Path("dagster_home") / "demo"


def find_project(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the project: CAMPANILE_PROJECT, else found upwards from `start`, else the demo.

    Raises ConfigurationError with what to do when there is none.
    """
    named = environment.get(PROJECT_VARIABLE)
    if named:
        folder = Path(named).resolve()
        if (folder / SETTINGS_FILE).is_file():
            return folder
        raise ConfigurationError(
            f"{PROJECT_VARIABLE} names {folder}, which has no {SETTINGS_FILE}.",
            remedy="Correct or unset it.",
        )
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
        if (folder / DEMO_FOLDER / SETTINGS_FILE).is_file():
            return folder / DEMO_FOLDER
    raise ConfigurationError(
        f"no {SETTINGS_FILE} in {here} or above it.",
        remedy="`campanile init FOLDER` makes a project, `campanile demo` shows one.",
    )


def open_project(
    folder: Path | None = None,
    *,
    clock: Callable[[], datetime] = system_clock,
    environment: Mapping[str, str] = os.environ,
    sends: bool = True,
    outdated: bool = False,
) -> Project:
    """Open the project in `folder` (found upwards when left out); a new store gets its tables.

    One of an older version is refused unless `outdated`: `campanile upgrade` makes a backup first.
    Whoever never sends (`sends`) leaves the connections, and with them their passwords, aside.
    Raises FaultsFound for its settings, catalog and channels; campaigns are read when asked for.
    """
    root = (folder or find_project(environment=environment)).resolve()
    chosen = environment.get(ENVIRONMENT_VARIABLE)
    definitions, faults = read_project(root, environment=chosen)
    if faults:
        raise FaultsFound(faults)
    settings = definitions.project
    state = state_folder(root)
    state.mkdir(parents=True, exist_ok=True)
    store = Store.open(_store_location(root, settings.store, environment), clock)
    prepare(store.databases, older=outdated)
    store.project.establish(settings.environment)
    store.project.require_same(environment=settings.environment)
    identity = _identity(state, settings.environment, environment)
    store.sending.adopt(identity, clock())
    warehouse = build_warehouse(state, settings, environment)
    databases = build_databases(settings, environment)
    return Project(
        folder=root,
        name=settings.name,
        timezone=ZoneInfo(settings.timezone),
        environment=settings.environment,
        identity=identity,
        store=store,
        warehouse=warehouse,
        keys=read_keys(state / "keys.json", environment),
        state=state,
        base_url=settings.tracking.base_url,
        connections=_connections(settings, environment) if sends else {},
        read_definitions=_definitions_reader(definitions, chosen, warehouse, databases, store),
        clock=clock,
        places=_places(root, state, settings, environment),
        masked_previews=settings.masked_previews,
        keep_tables=fixed("retention.tables", settings.retention.tables),
        keep_logs=fixed("retention.logs", settings.retention.logs),
        keep_events=fixed("retention.events", settings.retention.events),
        processes=max((c.processes for c in settings.mail_servers.values()), default=1),
        read_foundation=lambda: read_project(root, environment=chosen)[0],
        dagster_url=environment.get(DAGSTER_URL_VARIABLE),
        databases=databases,
    )


def locate_store(folder: Path, environment: Mapping[str, str] = os.environ) -> Path | str:
    """Where the store of a project is, by its settings: a folder, or a URL with its password."""
    definitions, faults = read_project(folder, environment=environment.get(ENVIRONMENT_VARIABLE))
    if faults:
        raise FaultsFound(faults)
    return _store_location(folder, definitions.project.store, environment)


def state_folder(folder: Path) -> Path:
    """Where a project keeps what belongs to this machine; git ignores it."""
    return folder / "dagster_home" / "campanile"


def dagster_home(folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The absolute home of the project's Dagster instance."""
    named = environment.get(DAGSTER_HOME_VARIABLE)
    return Path(named).resolve() if named else (folder / "dagster_home").resolve()


def actor(environment: Mapping[str, str] = os.environ) -> str:
    """Who acts on this command line, for the audit log."""
    return environment.get(ACTOR_VARIABLE) or environment.get("USER") or _user_of_machine()


def _user_of_machine() -> str:
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:  # in containers nobody may have that number
        return "cli"


def _identity(state: Path, name: str, environment: Mapping[str, str]) -> str:
    """What sending is armed for: a copy of the project in another folder is another identity.

    Several hosts that share a PostgreSQL store are given one by CAMPANILE_IDENTITY.
    """
    place = environment.get(IDENTITY_VARIABLE) or blake2b(str(state).encode(), digest_size=6)
    return f"{name}-{place if isinstance(place, str) else place.hexdigest()}"


def _definitions_reader(
    known: Definitions,
    environment: str | None,
    warehouse: Warehouse,
    databases: Mapping[str, CompanyDatabase],
    store: Store,
) -> Callable[[], Definitions]:
    """Read all files; columns that the catalog leaves out are taken from their sources."""

    def copied(entity: Entity) -> "PostgresServer | None":
        name = database_of(known.project, entity.source)
        return databases[name].server if name else None

    def read() -> Definitions:
        bound = columns_found(known.folder, known.catalog, warehouse, copied)
        saved = {name: each.known() for name, each in store.audiences.current().items()}
        return load_definitions(known.folder, environment=environment, bound=bound, audiences=saved)

    return read


def _store_location(
    folder: Path, written: StoreLocation, environment: Mapping[str, str]
) -> Path | str:
    """A folder, or a URL with the driver that is installed and the password from its variable."""
    if "://" not in written.location:
        return folder / written.location / "store"
    url = database_url(written.location, written.password_variable, "the store", environment)
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _places(
    root: Path, state: Path, settings: ProjectFile, environment: Mapping[str, str]
) -> Places:
    return Places(
        own=state / "files",
        project=root,
        connections=settings.file_places,
        secret=lambda variable, what: secret(variable, what, environment).get_secret_value(),
    )


def _connections(
    settings: ProjectFile, environment: Mapping[str, str]
) -> dict[str, SmtpConnection]:
    return {
        name: _connection(name, written, environment)
        for name, written in settings.mail_servers.items()
    }


def _connection(
    name: str, written: WrittenConnection, environment: Mapping[str, str]
) -> SmtpConnection:
    variable = written.password_variable
    return SmtpConnection(
        host=written.host,
        port=written.port,
        security=written.security,
        username=written.username or None,
        password=secret(variable, f"connection '{name}'", environment) if variable else None,
        connections=written.connections,
    )

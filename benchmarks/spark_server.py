"""The Spark that tests run on: the real one where it and Java 17 are found, else Sail."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

REMOTE = "CAMPANILE_SPARK_REMOTE"  # sc://host:port of a server that runs already
HOME = "SPARK_HOME"  # a full Spark 4 with its Connect server, as `pip install pyspark` has one
_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
# Small rows: most of the time goes to compiling.
SMALL: Mapping[str, str] = MappingProxyType(
    {
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
)


def which_spark() -> str:
    """What the tests of Spark run on, for the header of the report."""
    if REMOTE in os.environ:
        return f"the server of {REMOTE}"
    if starts_java():
        return f"Spark in {_home()}, on Java 17"
    return "Sail (no Java 17 with a full Spark 4: its gaps are declared)"


def is_sail() -> bool:
    """Whether it is not the real Spark."""
    return REMOTE not in os.environ and not starts_java()


def starts_java() -> bool:
    """Whether a real Spark can be started here."""
    return bool(_home() and _java())


@contextmanager
def opened_spark(folder: Path) -> Iterator[str]:
    """A server on a port of its own, ended with the tests; gives its address."""
    if REMOTE in os.environ:
        yield os.environ[REMOTE]
    elif is_sail():
        from pysail.spark import SparkConnectServer

        # Its sessions would end after five idle minutes; the tests between two uses take longer.
        os.environ.setdefault("SAIL_SPARK__SESSION_TIMEOUT_SECS", "7200")
        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        address, port = server.listening_address
        yield f"sc://{address}:{port}"
        server.stop()
    else:
        with java_server(folder) as (url, _):
            yield url


@contextmanager
def java_server(folder: Path, further: Mapping[str, str] = SMALL) -> Iterator[tuple[str, int]]:
    """The real Spark with two threads and `further` settings; gives its address and process."""
    home, port = str(_home()), _free_port()
    settings = {
        "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.warehouse.dir": str(folder / "own"),
        "spark.driver.host": "127.0.0.1",
        **further,
    }
    written = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command = [f"{home}/bin/spark-submit", "--class", _SERVER, "--master", "local[2]", *written]
    environment = {**os.environ, HOME: home, "SPARK_LOCAL_IP": "127.0.0.1"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "spark-internal"], stdout=log, stderr=log, env=environment
        )
    try:
        _await(port, process, folder / "server.log")
        yield f"sc://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"Spark did not start: {log.read_text()[-2000:]}")
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("Spark did not answer within a minute.")


def _home() -> Path | None:
    """A full Spark: the one that SPARK_HOME names, or the installed package with its jars."""
    named = os.environ.get(HOME)
    spec = find_spec("pyspark")
    places = [named] if named else list(spec.submodule_search_locations or ()) if spec else []
    found = [Path(place) for place in places if list(Path(place).glob("jars/spark-connect_*"))]
    return found[0] if found else None


def _java() -> bool:
    java = shutil.which("java")
    if java is None:
        return False
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return re.search(r'version "(17|21)[."]', told) is not None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.stdout.write(which_spark() + "\n")

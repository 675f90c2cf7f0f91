"""A small web server plays Dagster's, and says what it was asked to launch."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from campanile.operations.hosting.poke import poke_clock

DUE = {
    "runKey": "1:start:1",
    "jobName": "campaign_hello__v1",
    "runConfigYaml": "{}\n",
    "tags": [{"key": "dagster/partition", "value": "asap-1"}],
    "assetSelection": [{"path": ["hello", "everybody"]}],
}


class Webserver(HTTPServer):
    """Answers with `due` requests; knows the run keys in `known`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.due: list[dict] | None = [DUE]
        self.known: set[str] = set()
        self.launched: list[dict] = []

    def answer(self, query: str, variables: dict) -> dict:
        if "sensorDryRun" in query:
            assert variables["sensor"]["sensorName"] == "campaign_clock"
            return {"sensorDryRun": {"evaluationResult": {"runRequests": self.due}}}
        if "runsOrError" in query:
            found = [key for key in self.known if key == variables["keys"][0]["value"]]
            return {"runsOrError": {"results": found}}
        self.launched += variables["runs"]
        return {"launchMultipleRuns": {"__typename": "LaunchMultipleRunsResult"}}


class _Answers(BaseHTTPRequestHandler):
    server: Webserver

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps({"data": self.server.answer(asked["query"], asked["variables"])})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webserver(tmp_path) -> Iterator[Webserver]:
    with Webserver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "stack.json").write_text(json.dumps({"url": url, "pid": os.getpid()}))
        yield server
        server.shutdown()
        thread.join()


def test_what_is_due_is_launched_under_its_key(webserver, tmp_path):
    assert poke_clock(tmp_path) == 1

    run = webserver.launched[0]
    tags = {tag["key"]: tag["value"] for tag in run["executionMetadata"]["tags"]}
    assert run["selector"]["jobName"] == "campaign_hello__v1"
    assert run["selector"]["assetSelection"] == [{"path": ["hello", "everybody"]}]
    assert tags == {
        "dagster/partition": "asap-1",
        "dagster/run_key": "1:start:1",
        "dagster/sensor_name": "campaign_clock",
    }


def test_a_run_that_dagster_has_is_not_launched_again(webserver, tmp_path):
    webserver.known = {"1:start:1"}

    assert poke_clock(tmp_path) == 0
    assert webserver.launched == []


def test_nothing_due_launches_nothing(webserver, tmp_path):
    webserver.due = None

    assert poke_clock(tmp_path) == 0
    assert webserver.launched == []


def test_without_a_stack_or_an_answer_the_clock_is_left_to_itself(tmp_path):
    assert poke_clock(tmp_path) == 0
    assert poke_clock(tmp_path, "http://127.0.0.1:9") == 0

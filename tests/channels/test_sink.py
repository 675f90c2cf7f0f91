import json
import smtplib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from campanile.channels.sink import SinkThread, read_record
from campanile.channels.sink_settings import Fault, SinkSettings


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


@pytest.fixture
def client() -> Callable[[int], smtplib.SMTP]:
    return lambda port: smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=5)


BODY = "Message-ID: <one@x>\r\n\r\n.dot\r\n"


def test_what_was_answered_is_already_in_the_record(record, client):
    with SinkThread(SinkSettings(record)) as sink, client(sink.port) as smtp:
        smtp.sendmail("a@x", ["b@x", "c@x"], BODY)

        [row] = read_record(record)

    assert row["message_id"] == "<one@x>"
    assert row["rcpt"] == ["b@x", "c@x"]
    assert row["mail_from"] == "a@x"


def test_a_second_start_appends_and_never_overwrites(record, tmp_path, client):
    for _ in range(2):
        with SinkThread(SinkSettings(record, tmp_path / "mail")) as sink, client(sink.port) as smtp:
            smtp.sendmail("a@x", ["b@x"], BODY)

    rows = list(read_record(record))
    assert len({row["file"] for row in rows}) == 2
    assert {(tmp_path / "mail" / row["file"]).read_bytes() for row in rows} == {BODY.encode()}


def test_an_answer_that_is_lost_was_still_recorded_and_a_lost_body_was_not(record, client):
    faults = [Fault("drop_after_record", "^b@"), Fault("drop_before_record", "^c@")]
    with SinkThread(SinkSettings(record, faults=faults)) as sink:
        for rcpt in ("b@x", "c@x"):
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client(sink.port).sendmail("a@x", [rcpt], BODY)

        assert [row["rcpt"] for row in sink.accepted()] == [["b@x"]]


def test_a_fault_happens_as_often_as_it_was_told(record, client):
    faults = [Fault("refuse_rcpt", code=450, text="4.2.1 later", times=2)]
    with SinkThread(SinkSettings(record, faults=faults)) as sink, client(sink.port) as smtp:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("a@x", ["b@x"], BODY)
        smtp.sendmail("a@x", ["b@x"], BODY)

        assert len(sink.accepted()) == 1


def test_more_than_the_allowed_rate_is_refused(record, client):
    faults = [Fault("throttle", code=450, text="4.7.0 too fast", rate=2)]
    with SinkThread(SinkSettings(record, faults=faults)) as sink, client(sink.port) as smtp:
        codes = []
        for _ in range(4):
            codes.append(smtp.mail("a@x")[0])
            smtp.rset()

    assert codes[:3] == [250, 250, 450]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("RCPT TO:<b@x>", 503),
        ("DATA", 554),
        ("MAIL FROM:broken", 503),
        ("VRFY x", 502),
        ("NOOP", 250),
    ],
)
def test_a_client_out_of_step_is_told_so(record, client, command, code):
    with SinkThread(SinkSettings(record)) as sink, client(sink.port) as smtp:
        assert smtp.docmd(command)[0] == code


def test_the_program_prints_its_port_and_keeps_its_record_when_killed(record, client):
    fault = json.dumps({"kind": "refuse_data", "match": "^c@", "code": 554})
    arguments = ["--port", "0", "--record", str(record), "--fault", fault]
    program = subprocess.Popen(
        [sys.executable, "-m", "campanile.channels.sink", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        smtp = client(int(program.stdout.readline()))
        smtp.sendmail("a@x", ["b@x"], BODY)
        with pytest.raises(smtplib.SMTPDataError):
            smtp.sendmail("a@x", ["c@x"], BODY)
        program.kill()
        smtp.close()
    finally:
        program.kill()
        program.wait()
        program.stdout.close()

    assert [row["rcpt"] for row in read_record(record)] == [["b@x"]]

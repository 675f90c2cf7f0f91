import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.channels.base import Outgoing, Status, Verdict
from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import Fault, SinkSettings
from campanile.channels.smtp import SmtpChannel, SmtpConnection
from campanile.errors import ConfigurationError, TransientDeliveryError


def message(ordinal: int, rcpt: str | None = None) -> Outgoing:
    body = (
        f"From: <news@shop.example>\r\nMessage-ID: <m{ordinal}@shop.example>\r\n\r\n"
        f"Line {ordinal}\r\n"
    )
    return Outgoing(ordinal, "b@shop.example", rcpt or f"person{ordinal}@x.example", body.encode())


class Results:
    """Collects verdicts, and says no to the bodies it was told to cancel."""

    def __init__(self, cancel: set[int] = frozenset()) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.asked: list[int] = []
        self.cancel = cancel

    def before_body(self, item: Outgoing) -> bool:
        self.asked.append(item.ordinal)
        return item.ordinal not in self.cancel

    def done(self, item: Outgoing, verdict: Verdict) -> None:
        assert item.ordinal not in self.verdicts, "two verdicts for one message"
        self.verdicts[item.ordinal] = verdict

    @property
    def statuses(self) -> list[str]:
        return [self.verdicts[ordinal].status.value for ordinal in sorted(self.verdicts)]


def send(port: int, items: list[Outgoing], results: Results | None = None, **options) -> Results:
    results = results or Results()
    given = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, "hello": "test"}
    session = SmtpChannel(SmtpConnection(**(given | options))).open()
    try:
        session.send_many(iter(items), before_body=results.before_body, done=results.done)
    finally:
        session.close()
    return results


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkThread]:
    with SinkThread(SinkSettings(tmp_path / "record", tmp_path / "mail")) as running:
        yield running


def ids(sink: SinkThread) -> list[str]:
    return [row["message_id"] for row in sink.accepted()]


@pytest.fixture(params=[True, False], ids=["pipelined", "lock-step"])
def either(request: pytest.FixtureRequest, sink: SinkThread) -> SinkThread:
    sink.settings.pipelining = request.param
    return sink


def test_every_message_is_accepted_once_and_in_order(either):
    results = send(either.port, [message(n) for n in range(50)])

    assert results.statuses == ["accepted"] * 50
    assert ids(either) == [f"<m{n}@shop.example>" for n in range(50)]
    assert {row["session"] for row in either.accepted()} == {1}


def test_a_line_that_begins_with_a_dot_arrives_as_it_was(either, tmp_path):
    body = b".first\r\n.\r\n..two\r\nend"

    send(either.port, [Outgoing(1, "b@shop.example", "a@x.example", body)])

    [row] = either.accepted()
    assert (tmp_path / "mail" / row["file"]).read_bytes() == body + b"\r\n"


def test_each_refusal_belongs_to_its_message(either):
    either.settings.faults = [
        Fault("refuse_rcpt", "gone@", 550, "5.1.1 <gone@x.example> unknown"),
        Fault("refuse_rcpt", "busy@", 450, "4.2.1 later"),
        Fault("refuse_data", "full@", 451, "4.3.1 no space"),
        Fault("refuse_data", "spam@", 554, "5.7.1 content refused"),
    ]
    people = [
        "a@x",
        "gone@x",
        "b@x",
        "busy@x",
        "gone@x",
        "full@x",
        "c@x",
        "spam@x",
        "d@x",
        "busy@x",
    ]

    results = send(either.port, [message(n, f"{p}.example") for n, p in enumerate(people)])

    assert [(v.status.value, v.code) for _, v in sorted(results.verdicts.items())] == [
        ("accepted", 250), ("rejected", 550), ("accepted", 250), ("deferred", 450),
        ("rejected", 550), ("deferred", 451), ("accepted", 250), ("rejected", 554),
        ("accepted", 250), ("deferred", 450),
    ]  # fmt: skip
    assert results.verdicts[1].suppress
    assert "gone" not in results.verdicts[1].text
    assert results.verdicts[7].pause
    assert not results.verdicts[7].suppress
    assert ids(either) == [f"<m{n}@shop.example>" for n in (0, 2, 6, 8)]


def test_a_refusal_at_the_end_of_one_call_does_not_harm_the_first_message_of_the_next(either):
    either.settings.faults = [Fault("refuse_rcpt", "gone@", 550, "5.1.1 unknown")]
    given = {"host": "127.0.0.1", "port": either.port, "security": "none", "hello": "test"}
    session = SmtpChannel(SmtpConnection(**given)).open()
    results = Results()
    for items in ([message(0), message(1, "gone@x.example")], [message(2)]):
        session.send_many(iter(items), before_body=results.before_body, done=results.done)
    session.close()

    assert results.statuses == ["accepted", "rejected", "accepted"]
    assert {row["session"] for row in either.accepted()} == {1}


def test_a_refused_sender_rejects_only_that_message(either):
    either.settings.faults = [Fault("refuse_sender", "^bad@", 550, "5.1.8 bad sender")]
    items = [message(0), Outgoing(1, "bad@shop.example", "a@x.example", b"x\r\n"), message(2)]

    assert send(either.port, items).statuses == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("last", [False, True])
def test_a_lost_answer_leaves_exactly_that_message_in_doubt(either, last):
    either.settings.faults = [Fault("drop_after_record", "person1@", times=1)]

    results = send(either.port, [message(n) for n in range(2 if last else 4)])

    assert results.verdicts.pop(1).status is Status.UNKNOWN
    assert set(results.statuses) == {"accepted"}
    assert sorted(ids(either)) == sorted(f"<m{n}@shop.example>" for n in range(2 if last else 4))


def test_a_connection_lost_before_the_record_is_in_doubt_too(either):
    either.settings.faults = [Fault("drop_before_record", "person1@", times=1)]

    results = send(either.port, [message(n) for n in range(3)])

    assert results.statuses == ["accepted", "unknown", "accepted"]


def test_a_connection_lost_before_the_body_is_no_doubt(either):
    either.settings.faults = [Fault("close_at_data", "person1@", times=1)]

    results = send(either.port, [message(n) for n in range(3)])

    assert results.statuses == ["accepted", "deferred", "accepted"]


@pytest.mark.parametrize("kind", ["refuse_sender", "refuse_rcpt", "refuse_data"])
def test_a_server_that_shuts_down_defers_one_message_and_the_rest_goes_on(either, kind):
    match = "" if kind == "refuse_sender" else "person0@"
    either.settings.faults = [Fault(kind, match, 421, "4.3.2 shutting down", times=1)]

    results = send(either.port, [message(n) for n in range(3)])

    assert results.statuses == ["deferred", "accepted", "accepted"]
    assert results.verdicts[0].code == 421


def test_a_silent_server_leaves_the_message_in_doubt(either):
    either.settings.faults = [Fault("delay", "person0@", seconds=30, times=1)]

    results = send(either.port, [message(n) for n in range(2)], timeout=0.3)

    assert results.statuses == ["unknown", "accepted"]


def test_a_message_that_is_not_wanted_any_more_never_leaves(either):
    results = send(either.port, [message(n) for n in range(6)], Results(cancel={0, 2, 3, 5}))

    assert results.statuses == [
        "cancelled", "accepted", "cancelled", "cancelled", "accepted", "cancelled",
    ]  # fmt: skip
    assert ids(either) == ["<m1@shop.example>", "<m4@shop.example>"]


def test_the_check_is_asked_once_per_body_and_before_it(either):
    results = send(either.port, [message(n) for n in range(20)])

    assert results.asked == list(range(20))


def test_a_cancelled_delivery_does_not_connect_for_each_message(sink):
    send(sink.port, [message(n) for n in range(30)], Results(cancel=set(range(29))))

    [row] = sink.accepted()
    assert row["session"] == 2


def test_a_fault_in_the_items_settles_what_was_taken(either):
    def items() -> Iterator[Outgoing]:
        yield message(0)
        yield message(1)
        raise LookupError("no more")

    results = Results()
    session = SmtpChannel(
        SmtpConnection(host="127.0.0.1", port=either.port, security="none", hello="test")
    ).open()

    with pytest.raises(LookupError):
        session.send_many(items(), before_body=results.before_body, done=results.done)
    session.send_many(iter([message(2)]), before_body=results.before_body, done=results.done)
    session.close()

    accepted = set(ids(either))
    for ordinal, verdict in results.verdicts.items():
        assert (f"<m{ordinal}@shop.example>" in accepted) == (verdict.status is Status.ACCEPTED)
    assert set(results.verdicts) == {0, 1, 2}


def test_a_fault_in_the_account_stops_the_session_and_loses_nothing(either):
    class Broken(Results):
        def done(self, item: Outgoing, verdict: Verdict) -> None:
            super().done(item, verdict)
            if item.ordinal == 1:
                raise OSError("disk full")

    results = Broken()
    with pytest.raises(OSError, match="disk full"):
        send(either.port, [message(n) for n in range(5)], results)

    assert results.verdicts[1].status is Status.ACCEPTED
    assert all(v.status is Status.NOT_SENT for n, v in results.verdicts.items() if n > 1)
    assert len(ids(either)) == 2


def test_nothing_is_taken_when_there_is_no_server():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    results, items = Results(), iter([message(0), message(1)])
    session = SmtpChannel(
        SmtpConnection(host="127.0.0.1", port=port, security="none", hello="test")
    ).open()

    with pytest.raises(TransientDeliveryError, match=f"127.0.0.1:{port}"):
        session.send_many(items, before_body=results.before_body, done=results.done)

    assert results.statuses == ["not_sent"]
    assert next(items).ordinal == 1


def test_a_session_that_was_closed_while_idle_costs_no_attempt(tmp_path):
    results = Results()
    with SinkThread(SinkSettings(tmp_path / "one")) as first:
        port = first.port
        session = SmtpChannel(
            SmtpConnection(host="127.0.0.1", port=port, security="none", hello="test")
        ).open()
        session.send_many(iter([message(0)]), before_body=results.before_body, done=results.done)
        session._smtp.sock.shutdown(socket.SHUT_RDWR)  # as a server does to an idle client
        session.send_many(iter([message(1)]), before_body=results.before_body, done=results.done)
        session.close()

    assert results.statuses == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("rcpt", "status", "enhanced"),
    [("dörte@x.example", "rejected", "5.6.7"), ("a@x>\r\nRCPT TO:<b@x", "rejected", "5.1.3"),
     ("", "rejected", "5.1.3"), ("a b@x.example", "rejected", "5.1.3")],
)  # fmt: skip
def test_an_address_that_cannot_be_said_stops_only_its_own_message(sink, rcpt, status, enhanced):
    sink.settings.smtputf8 = False

    results = send(sink.port, [message(0), Outgoing(1, "b@s.example", rcpt, b"x\r\n"), message(2)])

    assert results.statuses == ["accepted", status, "accepted"]
    assert results.verdicts[1].enhanced == enhanced


def test_an_international_address_is_sent_where_the_server_takes_it(either):
    results = send(either.port, [message(0, "dörte@x.example")])

    assert results.statuses == ["accepted"]
    assert either.accepted()[0]["rcpt"] == ["dörte@x.example"]


def test_a_message_that_is_larger_than_the_server_takes_is_rejected_here(sink):
    sink.settings.size_limit = 100

    results = send(sink.port, [Outgoing(0, "b@s.example", "a@x.example", b"x" * 200)])

    assert results.verdicts[0].enhanced == "5.3.4"
    assert sink.accepted() == []


FAULTS = st.lists(
    st.builds(
        Fault,
        kind=st.sampled_from(
            ["refuse_sender", "refuse_rcpt", "refuse_data", "close_at_data",
             "drop_before_record", "drop_after_record"]
        ),
        match=st.sampled_from(["person[0-9]*[13579]@", "person[0-9]*[02468]@", "person7@", ""]),
        code=st.sampled_from([421, 450, 550]),
        times=st.integers(1, 3),
    ),
    max_size=3,
)  # fmt: skip


@given(FAULTS, st.sets(st.integers(0, 11)), st.booleans())
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_the_account_agrees_with_the_sink_whatever_happens(tmp_path, faults, cancel, pipelining):
    record = tmp_path / "record"
    record.unlink(missing_ok=True)
    with SinkThread(SinkSettings(record, faults=faults, pipelining=pipelining)) as sink:
        results = send(sink.port, [message(n) for n in range(12)], Results(cancel=cancel))
        accepted = ids(sink)

    assert set(results.verdicts) == set(range(12))
    assert len(accepted) == len(set(accepted))
    for ordinal, verdict in results.verdicts.items():
        is_recorded = f"<m{ordinal}@shop.example>" in accepted
        if verdict.status is not Status.UNKNOWN:
            assert is_recorded == (verdict.status is Status.ACCEPTED)
        if ordinal in cancel:
            assert not is_recorded


# An independent peer: aiosmtpd offers no PIPELINING, so these run in lock-step.


class Refusing:
    """An aiosmtpd handler that refuses by the local part of the address."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone"):
            return "550 5.1.1 no such user"
        if address.startswith("busy"):
            return "450 4.2.1 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("full"):
            return "451 4.3.1 no space"
        self.taken.append(envelope.rcpt_tos[0])
        return "250 OK"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


class OnAnyPort(Controller):
    """A controller that binds port 0 and knows the port it got."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def test_an_independent_server_gets_each_message_and_each_refusal_is_attributed():
    handler = Refusing()
    people = ["ana", "gone", "bo", "busy", "full", "cy"] * 10
    controller = OnAnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        results = send(
            controller.port, [message(n, f"{p}{n}@x.example") for n, p in enumerate(people)]
        )
    finally:
        controller.stop()

    expected = ["accepted", "rejected", "accepted", "deferred", "deferred", "accepted"] * 10
    assert results.statuses == expected
    assert handler.taken == [
        f"{p}{n}@x.example" for n, p in enumerate(people) if p in {"ana", "bo", "cy"}
    ]


@pytest.fixture
def guarded(certificate) -> Iterator[Controller]:
    def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == b"right"
        return AuthResult(success=is_right, handled=False)

    class Guarded(OnAnyPort):
        def factory(self) -> SMTP:
            return SMTP(
                self.handler, require_starttls=True, tls_context=server_context(certificate),
                authenticator=authenticate, auth_required=True,
            )  # fmt: skip

    controller = Guarded(Refusing(), hostname="127.0.0.1", port=0)
    controller.start()
    yield controller
    controller.stop()


def test_a_message_goes_through_starttls_and_a_login(guarded, certificate):
    results = send(
        guarded.port, [message(0)], security="starttls", ca_file=certificate[0],
        username="shop", password="right",
    )  # fmt: skip

    assert results.statuses == ["accepted"]


def test_a_wrong_password_is_a_setting_to_mend_and_is_not_shown(guarded, certificate):
    with pytest.raises(ConfigurationError, match="user name and password") as caught:
        send(
            guarded.port, [message(0)], security="starttls", ca_file=certificate[0],
            username="shop", password="w-r-o-n-g",
        )  # fmt: skip

    assert "w-r-o-n-g" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(guarded):
    with pytest.raises(ConfigurationError, match="not trusted"):
        send(guarded.port, [message(0)], security="starttls")


def test_tls_from_the_first_byte_pipelines_too(tmp_path, certificate):
    settings = SinkSettings(tmp_path / "record", tls=server_context(certificate))
    with SinkThread(settings) as sink:
        results = send(
            sink.port, [message(n) for n in range(20)], security="tls", ca_file=certificate[0]
        )

        assert results.statuses == ["accepted"] * 20
        assert len(sink.accepted()) == 20


def test_starttls_is_never_left_out_because_the_server_lacks_it(sink):
    with pytest.raises(ConfigurationError, match="does not offer"):
        send(sink.port, [message(0)], security="starttls")

    assert sink.accepted() == []


@pytest.mark.parametrize(
    "given",
    [{"security": "none", "username": "u", "password": "p"}, {"username": "u"}, {"port": 0},
     {"connections": 0}, {"surprise": 1}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_early(given):
    with pytest.raises(ValidationError):
        SmtpConnection(host="mail.example", **given)


def test_a_password_does_not_show_in_the_settings():
    settings = SmtpConnection(host="mail.example", username="u", password="p-a-s-s")

    assert "p-a-s-s" not in repr(settings)

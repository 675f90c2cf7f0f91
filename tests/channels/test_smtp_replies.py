import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.channels.base import Status
from campanile.channels.smtp_replies import read_reply, without_addresses

TABLE = [
    # code, reply, status, enhanced, suppress, pause
    (250, "2.0.0 Ok: queued as ABC", "accepted", "2.0.0", False, False),
    (250, "OK", "accepted", "", False, False),
    (421, "4.3.2 shutting down", "deferred", "4.3.2", False, False),
    (421, "5.7.1 go away", "deferred", "5.7.1", False, False),
    (450, "4.7.1 greylisted", "deferred", "4.7.1", False, False),
    (451, "try later", "deferred", "", False, False),
    (452, "5.2.2 mailbox full", "rejected", "5.2.2", False, False),
    (550, "4.2.1 odd but temporary", "deferred", "4.2.1", False, False),
    (550, "5.1.1 no such user", "rejected", "5.1.1", True, False),
    (550, "5.1.10 null MX", "rejected", "5.1.10", True, False),
    (553, "5.1.3 bad syntax", "rejected", "5.1.3", True, False),
    (550, "5.7.1 blocked", "rejected", "5.7.1", False, True),
    (554, "5.7.26 not authenticated", "rejected", "5.7.26", False, True),
    (552, "5.2.2 mailbox full", "rejected", "5.2.2", False, False),
    (550, "mailbox unavailable", "rejected", "", False, False),
    (550, "5.1.100 not in the list", "rejected", "5.1.100", False, False),
    (334, "what", "deferred", "", False, False),
    (-1, "", "deferred", "", False, False),
]


@pytest.mark.parametrize(("code", "reply", "status", "enhanced", "suppress", "pause"), TABLE)
def test_a_reply_means(code, reply, status, enhanced, suppress, pause):
    verdict = read_reply(code, reply.encode())

    assert verdict.status is Status(status)
    assert verdict.code == code
    assert (verdict.enhanced, verdict.suppress, verdict.pause) == (enhanced, suppress, pause)


def test_a_reply_of_several_lines_reads_as_one_sentence():
    verdict = read_reply(550, b"5.1.1 The account\n5.1.1 does not exist")

    assert verdict.text == "The account does not exist"
    assert verdict.enhanced == "5.1.1"


@given(st.emails(), st.sampled_from(["{}", "<{}>", "user {} unknown", "({})", "{}:gone", "x;{};y"]))
def test_no_address_survives_in_the_text(address, form):
    assert address not in without_addresses(form.format(address))


@given(st.integers(-1, 999), st.binary(max_size=400))
def test_any_reply_has_a_verdict_on_one_short_line(code, reply):
    verdict = read_reply(code, reply)

    assert len(verdict.text) <= 200
    assert "\n" not in verdict.text
    assert "\r" not in verdict.text
    assert (verdict.status is Status.ACCEPTED) == (200 <= code < 300)

import email
import email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.content.headers import Mailbox, encode_mailbox, encode_text, one_line
from campanile.errors import DefinitionError

HOSTILE = st.text(
    st.sampled_from('a \r\n\t=?"\\<>@,;:ü€😀\u2028\u202e\x00\x85') | st.characters(), max_size=120
)


def unfolded(header: str) -> str:
    return header.replace("\r\n ", " ")


@given(HOSTILE)
def test_any_text_is_one_header_and_reads_back(text):
    encoded = encode_text(text)
    message = email.message_from_string(f"Subject: {encoded}\r\nX-After: here\r\n\r\nbody")

    assert message.keys() == ["Subject", "X-After"]
    assert message.get_payload() == "body"
    assert encoded.isascii()
    assert str(make_header(decode_header(unfolded(encoded)))) == one_line(text)


@given(HOSTILE)
def test_header_lines_stay_short(text):
    assert all(len(line) <= 76 for line in f"Subject: {encode_text(text)}".split("\r\n"))


@given(HOSTILE)
def test_a_name_cannot_change_the_address(name):
    encoded = encode_mailbox(Mailbox(name, "ana@x.example"))
    message = email.message_from_string(f"To: {encoded}\r\n\r\n", policy=email.policy.default)

    [address] = message["To"].addresses
    assert address.addr_spec == "ana@x.example"
    assert parseaddr(unfolded(encoded))[1] == "ana@x.example"
    assert message.keys() == ["To"]


@pytest.mark.parametrize("name", ["Ana Ruiz", "O'Hara", 'The "Shop", Ltd.', "Zoë", "a\\b", ""])
def test_a_name_reads_back_as_it_was(name):
    message = email.message_from_string(
        f"To: {encode_mailbox(Mailbox(name, 'ana@x.example'))}\r\n\r\n", policy=email.policy.default
    )

    assert message["To"].addresses[0].display_name == name


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@x.example\r\nBcc: b@x", "<ana@x.example>", "a@b@c", "ana@dömäin.example"],
)
def test_what_is_no_address_is_refused_and_not_repeated(address):
    with pytest.raises(DefinitionError) as caught:
        encode_mailbox(Mailbox("Ana", address))

    assert not address or address not in str(caught.value)

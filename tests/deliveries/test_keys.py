"""Keys and addresses: two spellings are one recipient, different messages have different keys."""

from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from campanile.deliveries.addresses import Address, address_hash, read_address
from campanile.deliveries.keys import MessageKeys

LOCALS = st.from_regex(r"[a-zA-Z0-9._%+'-]{1,12}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-zA-Z0-9-]{1,8}(\.[a-zA-Z0-9-]{1,6}){0,2}", fullmatch=True)


@given(local=LOCALS, domain=DOMAINS)
@example(local="ann", domain="shop.example")
@example(local="a..b", domain="shop.example")
@example(local=".a", domain="shop.example")
@example(local="ann", domain="xn--zz.example")
def test_the_quick_reading_agrees_with_the_careful_one(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    found = read_address("email", text)
    try:
        careful = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        # Names reserved for tests and networks are refused there; here a server decides about them.
        reserved = domain.lower().split(".")[-1] in {"local", "test", "arpa", "onion", "invalid"}
        assert found == "invalid_address" or reserved or "localhost" in domain.lower()
        return
    assert isinstance(found, Address)
    assert found.deliver_to == f"{careful.local_part}@{careful.ascii_domain.lower()}"


@given(text=st.text(max_size=30))
def test_any_text_is_an_address_or_a_reason(text: str) -> None:
    for channel in ("email", "sms", "push"):
        found = read_address(channel, text)
        if isinstance(found, Address):
            assert read_address(channel, found.deliver_to) == found
        else:
            assert found in ("no_address", "invalid_address")


def test_spellings_of_a_number_are_one_recipient() -> None:
    assert read_address("sms", "+33 6 12-34.56 78") == read_address("sms", "+33612345678")
    assert read_address("sms", "0612345678") == "invalid_address"


def test_the_hash_of_an_address_never_changes() -> None:
    # Consent and suppression are stored under it: another value would forget every opt-out.
    assert address_hash("ann@shop.example").hex() == "f1d2d010655165e52060fc645aa1aeb3"


WORDS = st.text(max_size=6)
PARTS = st.tuples(WORDS, st.integers(0, 99), WORDS, WORDS, st.none() | WORDS)


@given(one=PARTS, other=PARTS)
@example(one=("a", 1, "bc", "d", None), other=("a", 1, "b", "cd", None))
@example(one=("a", 1, "b", "c", None), other=("a", 1, "b", "c", ""))
def test_keys_are_equal_only_for_equal_messages(one: tuple, other: tuple) -> None:
    keys = [MessageKeys(*parts[:3]).key(*parts[3:]) for parts in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)

"""Addresses: what is written to, and the normal form by which two spellings are one recipient."""

import re
from dataclasses import dataclass
from hashlib import blake2b

from email_validator import EmailNotValidError, validate_email

# The usual address, already in normal form but for letter case; anything else asks
# email-validator (RFC 5321, RFC 6531, IDNA 2008), which takes ten times as long.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_USUAL = re.compile(rf"({_LOCAL})@((?:{_LABEL}\.)+[A-Za-z]{{2,63}})")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = str.maketrans("", "", " \t-./()\u00a0\u2011\u202f")


@dataclass(frozen=True, slots=True)
class Address:
    """`deliver_to` is handed to the provider; `normalised` is compared, hashed, part of the key."""

    deliver_to: str
    normalised: str


def read_address(channel: str, text: str | None) -> Address | str:
    """Return the address, or the exclusion reason `no_address` or `invalid_address`."""
    stripped = (text or "").strip()
    if not stripped:
        return "no_address"
    if channel == "email":
        return _read_email(stripped)
    if channel == "sms":
        number = stripped.translate(_PHONE_PUNCTUATION)
        return Address(number, number) if _PHONE.fullmatch(number) else "invalid_address"
    return Address(stripped, stripped)


def address_hash(normalised: str) -> bytes:
    """16 bytes that stand for an address in consent, suppression and message rows."""
    return blake2b(normalised.encode(), digest_size=16, person=b"address").digest()


def _read_email(text: str) -> Address | str:
    usual = _USUAL.fullmatch(text) if len(text) <= 254 else None
    if usual and len(usual[1]) <= 64 and "--" not in usual[2]:
        domain = usual[2].lower()
        return Address(f"{usual[1]}@{domain}", f"{usual[1].lower()}@{domain}")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return "invalid_address"
    domain = found.ascii_domain.lower()
    return Address(f"{found.local_part}@{domain}", f"{found.local_part.lower()}@{domain}")

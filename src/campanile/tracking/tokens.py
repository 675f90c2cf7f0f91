"""Tokens in links: which message of which delivery, signed, with no person and no address inside.

Layout: key id (1 byte), delivery (4), ordinal (4), MAC (10 bytes of keyed BLAKE2b), written as
unpadded URL-safe base64 of fixed length. The purpose is part of the MAC, so a click token cannot
unsubscribe anybody. Keys rotate by id; tokens of an older key stay valid while that key is kept.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, Literal

from campanile.errors import ConfigurationError, InvalidToken

Purpose = Literal["track", "unsub"]

TOKEN_LENGTH: Final = 26  # characters: 19 bytes in unpadded base64
VALUE_MAC_LENGTH: Final = 14  # characters: 10 bytes in unpadded base64
SECRET_BYTES: Final = 32

_HEAD: Final = struct.Struct(">BII")
_MAC_BYTES: Final = 10
_PERSON: Final[Mapping[str, bytes]] = {"track": b"campanile.track", "unsub": b"campanile.unsub"}
_LINK_PERSON: Final = b"campanile.link"
_LARGEST: Final = 2**32 - 1


class KeyRing:
    """The project's signing secrets by key id (0 to 255), and the id that signs now."""

    def __init__(self, secrets: Mapping[int, bytes], current: int) -> None:
        for kid, secret in secrets.items():
            if not 0 <= kid <= 255:
                raise ConfigurationError(f"signing key id {kid} is not between 0 and 255.")
            if len(secret) != SECRET_BYTES:
                raise ConfigurationError(
                    f"signing key {kid} has {len(secret)} bytes, not {SECRET_BYTES}."
                )
        if current not in secrets:
            raise ConfigurationError(
                f"the current signing key {current} is not among the keys, which are: "
                f"{', '.join(map(str, sorted(secrets))) or 'none'}."
            )
        self._secrets = MappingProxyType(dict(secrets))
        self.current = current

    @classmethod
    def parse(cls, secrets: Mapping[str, str] | Mapping[int, str], current: int | str) -> "KeyRing":
        """Read keys written as 64 hex digits or as base64 (standard or URL-safe) of 32 bytes.

        Raises ConfigurationError, which names the key id and never shows the secret.
        """
        return cls(
            {_key_id(kid): _secret(kid, text) for kid, text in secrets.items()}, _key_id(current)
        )

    def to_text(self) -> dict[int, str]:
        """All secrets as hex digits by key id, for a process of our own; never to be shown."""
        return {kid: secret.hex() for kid, secret in self._secrets.items()}

    def __contains__(self, kid: object) -> bool:
        return kid in self._secrets

    def __repr__(self) -> str:
        return f"KeyRing(ids={sorted(self._secrets)}, current={self.current})"

    def sign(self, purpose: Purpose, delivery: int, ordinal: int, *, kid: int | None = None) -> str:
        """Return the token of message `ordinal` of `delivery`; the same arguments, the same token.

        `kid` is the key that a delivery was frozen with, so that a resend after a rotation carries
        the same Message-ID; without it, the current key signs.
        """
        key_id = self.current if kid is None else kid
        if not (0 <= delivery <= _LARGEST and 0 <= ordinal <= _LARGEST):
            raise ValueError("delivery and ordinal must fit in 32 bits")
        head = _HEAD.pack(key_id, delivery, ordinal)
        mac = blake2b(
            head, digest_size=_MAC_BYTES, key=self._secret(key_id), person=_PERSON[purpose]
        ).digest()
        return base64.urlsafe_b64encode(head + mac)[:TOKEN_LENGTH].decode("ascii")

    def verify(self, purpose: Purpose, token: str) -> tuple[int, int]:
        """Return (delivery, ordinal) of a token that this project made for `purpose`.

        Raises InvalidToken for anything else, without saying which part was wrong.
        """
        raw = _decode(token, TOKEN_LENGTH)
        head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
        kid, delivery, ordinal = _HEAD.unpack(head)
        secret = self._secrets.get(kid)
        if secret is None:
            raise _forged()
        ours = blake2b(head, digest_size=_MAC_BYTES, key=secret, person=_PERSON[purpose]).digest()
        if not hmac.compare_digest(ours, mac):
            raise _forged()
        return delivery, ordinal

    def sign_value(self, token: str, number: int, value: str) -> str:
        """Return the MAC of the personal part `value` of link `number` in the message of `token`.

        The key is the one that signed `token` (its first byte), so old mails outlive a rotation.
        """
        return base64.urlsafe_b64encode(self._value_mac(token, number, value)).decode("ascii")[
            :VALUE_MAC_LENGTH
        ]

    def verify_value(self, token: str, number: int, value: str, mac: str) -> None:
        """Raise InvalidToken unless `mac` was made by `sign_value` for the same arguments."""
        if not hmac.compare_digest(
            _decode(mac, VALUE_MAC_LENGTH), self._value_mac(token, number, value)
        ):
            raise _forged()

    def _value_mac(self, token: str, number: int, value: str) -> bytes:
        secret = self._secrets.get(_decode(token, TOKEN_LENGTH)[0])
        if secret is None:
            raise _forged()
        text = f"{token}/{number}?{value}".encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=_MAC_BYTES, key=secret, person=_LINK_PERSON).digest()

    def _secret(self, kid: int) -> bytes:
        try:
            return self._secrets[kid]
        except KeyError:
            raise ConfigurationError(
                f"signing key {kid} is not among the keys.",
                remedy="Put it back: links that were sent with it depend on it.",
            ) from None


def key_of(token: str) -> int:
    """Return the id of the key that a token says it was signed with; nothing is verified here."""
    return _decode(token, TOKEN_LENGTH)[0]


def _decode(text: str, length: int) -> bytes:
    """Return the bytes of unpadded base64 that has exactly one spelling."""
    if len(text) != length or not text.isascii():
        raise _forged()
    try:
        raw = base64.b64decode(text + "=" * (-length % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _forged() from None
    # The last character has unused bits: without this, several texts would be one token.
    if base64.urlsafe_b64encode(raw)[:length].decode("ascii") != text:
        raise _forged()
    return raw


def _forged() -> InvalidToken:
    return InvalidToken("the link was not made by this project, or not for this use.")


def _key_id(kid: int | str) -> int:
    try:
        return int(kid)
    except ValueError:
        raise ConfigurationError("a signing key id is not a number from 0 to 255.") from None


def _secret(kid: int | str, text: str) -> bytes:
    try:
        if len(text) == 2 * SECRET_BYTES:
            return bytes.fromhex(text)
        standard = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        raise ConfigurationError(
            f"signing key {kid} is neither 64 hex digits nor base64 of {SECRET_BYTES} bytes."
        ) from None

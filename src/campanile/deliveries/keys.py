"""Message keys: what makes two attempts one message, whoever runs them and however often."""

from hashlib import blake2b


class MessageKeys:
    """Makes the keys of one delivery; never from a Dagster run id.

    The key is 16 bytes of BLAKE2b over campaign, execution, activity, normalised address and,
    where one message per row was asked for, the row's key. Each part is preceded by its length,
    so that no two different tuples are one text.
    """

    def __init__(self, campaign: str, execution_id: int, activity: str) -> None:
        self._prefix = blake2b(digest_size=16, person=b"message")
        for part in (campaign, str(execution_id), activity):
            self._prefix.update(_part(part))

    def key(self, normalised: str, row_key: str | None = None) -> bytes:
        """Key of the message to `normalised`; give `row_key` only for `per: row`."""
        digest = self._prefix.copy()
        digest.update(_part(normalised))
        if row_key is not None:
            digest.update(_part(row_key))
        return digest.digest()


def _part(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4, "big") + data

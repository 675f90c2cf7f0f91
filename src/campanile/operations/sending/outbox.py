"""From a claimed message to the bytes that leave: the frozen content, this row, its tokens."""

import json

from campanile.channels.base import Outgoing
from campanile.content.headers import Mailbox
from campanile.content.renderer import Renderer
from campanile.deliveries.delivery import Delivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Claimed
from campanile.tracking.tokens import KeyRing


class Outbox:
    """Makes the messages of one delivery; every attempt of a message is byte for byte the same."""

    def __init__(self, delivery: Delivery, content: FrozenContent, keys: KeyRing) -> None:
        self._delivery = delivery
        self._content = content
        self._keys = keys
        self._key_id = delivery.settings.signing_key
        self._renderers = {
            key: Renderer(compiled, keys.sign_value) for key, compiled in content.contents.items()
        }

    def make(self, claimed: Claimed) -> Outgoing:
        """Render one message; raises PermanentDeliveryError when this row cannot be rendered."""
        key = self._content.choose(claimed.variant, claimed.language)
        token = self._keys.sign("track", self._delivery.id, claimed.ordinal, kid=self._key_id)
        unsub = self._keys.sign("unsub", self._delivery.id, claimed.ordinal, kid=self._key_id)
        body = self._renderers[key].render(
            json.loads(claimed.fields),
            token=token,
            unsub_token=unsub,
            to=Mailbox("", claimed.address),
        )
        sender = self._delivery.settings.return_path.replace("{token}", token)
        return Outgoing(
            ordinal=claimed.ordinal,
            mail_from=sender or self._content.contents[key].sender.address,
            rcpt=claimed.address,
            body=body,
            is_dot_safe=True,
        )

"""The file `channels.yaml`: senders and topics."""

from email.utils import parseaddr
from typing import Literal

from pydantic import Field, field_validator

from campanile.activities.options import Options
from campanile.activities.values import NotBuilt, fault
from campanile.catalog.names import Name


class Sender(Options):
    """Who a message is from, and the connection it leaves by."""

    channel: Literal["email"] = Field(default="email", description="The channel.")
    from_: str = Field(
        alias="from", description='Name and address, such as `"Shop <news@shop.example>"`.'
    )
    connection: Name = Field(description="A connection of `campanile.yaml`.")
    default: bool = Field(default=False, description="Taken where a message names none.")
    reply_to: str | None = Field(default=None, description="No effect yet: where answers go.")

    @field_validator("from_", "reply_to")
    @classmethod
    def _is_an_address(cls, written: str | None) -> str | None:
        if written is not None:
            _, address = parseaddr(written)
            local, at, domain = address.rpartition("@")
            if not (local and at and domain) or "\n" in written or "\r" in written:
                fault("address", 'it is not an address, such as "Shop <news@shop.example>".')
        return written


class Topic(Options):
    """What people may say yes or no to."""

    label: str = Field(default="", description="A title for recipients.")
    default: Literal["opt_in", "opt_out"] = Field(
        default="opt_in",
        description="`opt_in`: only those who said yes; `opt_out`: all who did not say no.",
    )
    description: str = Field(
        default="", description="No effect yet: what recipients are told about it."
    )


class ChannelsFile(Options):
    """Senders and topics; rule sets come later."""

    senders: dict[Name, Sender] = Field(default={}, description="Senders, by name.")
    topics: dict[Name, Topic] = Field(default={}, description="Topics, by name.")
    pressure: NotBuilt = None
    quiet_hours: NotBuilt = None
    seeds: NotBuilt = None

    def default_sender(self, channel: str) -> str | None:
        """The sender of `channel` that is marked, or the only one."""
        of_channel = [name for name, s in self.senders.items() if s.channel == channel]
        marked = [name for name in of_channel if self.senders[name].default]
        return marked[0] if marked else of_channel[0] if len(of_channel) == 1 else None

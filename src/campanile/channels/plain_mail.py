"""A plain mail to a person who runs campaigns: built with the standard library, sent at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from campanile.channels.base import Outgoing, Status, Verdict
from campanile.channels.smtp import SmtpChannel
from campanile.channels.smtp_settings import SmtpConnection
from campanile.content.headers import one_line
from campanile.errors import ConfigurationError, TransientDeliveryError

_SECONDS = 10.0  # the clock waits for this


@dataclass(frozen=True)
class PlainMail:
    """What is said; `key` makes the Message-ID, so that a server may drop a second copy."""

    key: str
    sender: str
    subject: str
    text: str
    at: datetime


def send_plain(
    connection: SmtpConnection, mail: PlainMail, addresses: Sequence[str]
) -> dict[str, Verdict]:
    """Send a mail to each address by itself; those without a verdict were not tried."""
    quick = connection.model_copy(update={"timeout": min(connection.timeout, _SECONDS)})
    verdicts: dict[str, Verdict] = {}
    session = SmtpChannel(quick).open()
    try:
        session.send_many(
            (_outgoing(mail, number, address) for number, address in enumerate(addresses)),
            before_body=lambda _: True,
            done=lambda item, verdict: verdicts.update({item.rcpt: verdict}),
        )
    except (TransientDeliveryError, ConfigurationError) as error:
        for address in addresses:
            verdicts.setdefault(address, Verdict(Status.NOT_SENT, text=error.message))
    finally:
        session.close()
    return verdicts


def _outgoing(mail: PlainMail, number: int, address: str) -> Outgoing:
    _, sender = parseaddr(mail.sender)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = mail.sender, address
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.key}.{number}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    message.set_content(mail.text)
    return Outgoing(number, sender, address, message.as_bytes())

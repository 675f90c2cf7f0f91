"""E-mail over SMTP: a session that reconnects, and the right verdict when things break."""

import smtplib
import ssl
from collections.abc import Iterator

from campanile.channels.base import BeforeBody, Done, Outgoing
from campanile.channels.smtp_pipeline import Backlog, BulkSMTP
from campanile.channels.smtp_replies import ABANDONED, NOT_BEGUN, read_reply, without_addresses
from campanile.channels.smtp_settings import SmtpConnection
from campanile.errors import ConfigurationError, TransientDeliveryError

__all__ = ["SmtpChannel", "SmtpConnection", "SmtpSession"]


class SmtpSession:
    """One thread's connection to the server; opened when needed, and again after it was lost."""

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection
        self._smtp: BulkSMTP | None = None

    def send_many(self, items: Iterator[Outgoing], *, before_body: BeforeBody, done: Done) -> None:
        """Send `items`, as `channels.base.Session` promises."""
        backlog = Backlog(items)
        is_cancelling = False

        def asked(item: Outgoing) -> bool:
            nonlocal is_cancelling
            is_cancelling = not before_body(item)
            return not is_cancelling

        try:
            while (item := backlog.take()) is not None:
                # After one cancelled message more are likely: ask before connecting for them.
                if is_cancelling and not asked(item):
                    done(item, ABANDONED)
                    continue
                backlog.put_back(item)
                smtp, self._smtp = self._connected(), None
                if smtp.send_many(backlog, asked, done):
                    self._smtp = smtp
                    return
        finally:
            if backlog.held is not None:
                done(backlog.held, NOT_BEGUN)

    def close(self) -> None:
        """Say goodbye and end the connection."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def _connected(self) -> BulkSMTP:
        if self._smtp is not None:
            return self._smtp
        smtp = BulkSMTP(self._connection)
        try:
            smtp.begin()
        except smtplib.SMTPAuthenticationError as error:
            smtp.close()
            if 400 <= error.smtp_code < 500:
                raise self._unreachable(error.smtp_code, error.smtp_error) from error
            raise ConfigurationError(
                f"{self._place} refused the user name and password ({error.smtp_code})."
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            smtp.close()
            raise ConfigurationError(
                f"{self._place} does not offer what the connection asks for: "
                f"{without_addresses(str(error))}."
            ) from error
        except smtplib.SMTPResponseException as error:
            smtp.close()
            raise self._unreachable(error.smtp_code, error.smtp_error) from error
        except ssl.SSLCertVerificationError as error:
            smtp.close()
            raise ConfigurationError(
                f"{self._place} shows a certificate that is not trusted: {error.verify_message}.",
                remedy="Name its authority with ca_file, or use the name on the certificate.",
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            raise TransientDeliveryError(
                f"{self._place} cannot be reached ({type(error).__name__}).", enhanced="4.4.1"
            ) from error
        self._smtp = smtp
        return smtp

    @property
    def _place(self) -> str:
        return f"SMTP server {self._connection.host}:{self._connection.port}"

    def _unreachable(self, code: int, reply: bytes | str) -> TransientDeliveryError:
        verdict = read_reply(code, reply)
        return TransientDeliveryError(
            f"{self._place} answered {code}: {verdict.text}",
            code=code,
            enhanced=verdict.enhanced,
        )


class SmtpChannel:
    """An SMTP server as a channel."""

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection

    @property
    def connections(self) -> int:
        """How many sessions one process may use at a time."""
        return self._connection.connections

    def open(self) -> SmtpSession:
        """Return a session for one thread; it connects when it sends."""
        return SmtpSession(self._connection)

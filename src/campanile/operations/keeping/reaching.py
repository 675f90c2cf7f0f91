"""Whether mail servers answer, asked with a limit of time and without sending anything."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing

from campanile.channels.smtp import SmtpConnection
from campanile.operations.keeping.findings import Finding, fail, ok, warn
from campanile.operations.project import Project

_SECONDS = 5.0


def examine_connections(project: Project) -> Iterator[Finding]:
    """Greet each mail server, encrypt and log in as a send would, and leave."""
    for name, connection in project.connections.items():
        yield _examine(f"connection {name}", connection)


def _examine(subject: str, connection: SmtpConnection) -> Finding:
    place = f"{connection.host}:{connection.port}"
    try:
        with closing(_open(connection)) as server:
            if connection.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if connection.username and connection.password:
                server.login(connection.username, connection.password.get_secret_value())
            server.noop()
    except smtplib.SMTPAuthenticationError as error:
        remedy = "Check username and password_variable."
        return fail(subject, f"{place} refuses the login ({error.smtp_code})", remedy)
    except (OSError, smtplib.SMTPException) as error:
        remedy = "Check host, port, security and the firewall."
        return fail(subject, f"{place} does not answer: {type(error).__name__}", remedy)
    if connection.security == "none" and not connection.host.startswith(("127.", "localhost")):
        return warn(subject, f"{place} answers, unencrypted", "Set security: starttls.")
    return ok(subject, f"{place} answers")


def _open(connection: SmtpConnection) -> smtplib.SMTP:
    if connection.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(connection.host, connection.port, timeout=_SECONDS, context=context)
    return smtplib.SMTP(connection.host, connection.port, timeout=_SECONDS)

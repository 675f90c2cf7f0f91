"""How to reach an SMTP server: what a project writes down about it."""

import ipaddress
import ssl
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from campanile.errors import ConfigurationError


class SmtpConnection(BaseModel):
    """How to reach an SMTP server, and how hard to use it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(description="Name or address of the server.")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="Certificates to trust instead of the system's.")
    connections: int = Field(4, ge=1, le=100, description="Connections of one process.")
    hello: str | None = Field(None, description="Our name for EHLO (this host's full name).")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for an answer.")
    rate: float | None = Field(None, gt=0, description="Messages a second, all processes together.")

    @model_validator(mode="after")
    def _password_is_protected(self) -> "SmtpConnection":
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password together, or neither")
        if self.username and self.security == "none" and not _is_loopback(self.host):
            raise ValueError("a password needs security: starttls or tls")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(connection: SmtpConnection) -> ssl.SSLContext:
    """Return the context that checks the server's certificate; there is no way not to check it."""
    try:
        return ssl.create_default_context(cafile=connection.ca_file)
    except OSError as error:
        raise ConfigurationError(
            f"the certificates in {connection.ca_file} cannot be read ({error.strerror})."
        ) from error

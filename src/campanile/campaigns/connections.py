"""Connections of `campanile.yaml`: servers and folders, without secrets."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from campanile.activities.options import Options
from campanile.activities.values import fault


def _require_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        fault("secret", "a secret is named by an environment variable, such as SHOP_SMTP_PASSWORD.")
    return name


def _require_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        fault("url", "a base URL begins with https:// or http:// and a host.")
    return url.rstrip("/")


def _require_root(path: str) -> str:
    if ".." in path.split("/") or re.search(r"[\x00-\x1f\x7f\\]", path):
        fault("root", "a root is a plain path, without `..`.")
    return path


SecretVariable = Annotated[str, AfterValidator(_require_variable)]
BaseUrl = Annotated[str, AfterValidator(_require_url)]
RootPath = Annotated[str, AfterValidator(_require_root)]
Positive = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535)]


class SmtpConnection(Options):
    """A mail server."""

    type: Literal["smtp"] = Field(default="smtp", description="The kind of server.")
    host: str = Field(min_length=1, description="Host name or address.")
    port: Port = Field(default=587, description="Port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted."
    )
    username: str = Field(default="", description="Name to log in with; no login when left out.")
    password_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    connections: Positive = Field(default=4, description="Connections at a time, per process.")
    processes: Positive = Field(default=1, description="Processes that send at a time.")


class FolderConnection(Options):
    """A folder of this machine, or of a network drive, for files."""

    type: Literal["folder"] = Field(description="A folder.")
    path: str = Field(
        min_length=1, description="The folder; a relative path begins at the project."
    )


class SftpConnection(Options):
    """An SFTP server for files."""

    type: Literal["sftp"] = Field(description="An SFTP server.")
    host: str = Field(min_length=1, description="Host name or address.")
    port: Port = Field(default=22, description="Port.")
    username: str = Field(min_length=1, description="Name to log in with.")
    password_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    key_variable: SecretVariable | None = Field(
        default=None,
        description="Environment variable that holds the private key, or the path of its file.",
    )
    passphrase_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the key's passphrase."
    )
    known_hosts: str = Field(
        default="~/.ssh/known_hosts",
        min_length=1,
        description="File with the server's key; a server with another one is refused.",
    )
    root: RootPath = Field(
        default="", description="Folder of the server that paths begin at; the login's."
    )

    @model_validator(mode="after")
    def _has_one_secret(self) -> Self:
        if (self.password_variable is None) == (self.key_variable is None):
            fault("secret", "name one of `password_variable` and `key_variable`.")
        return self


class S3Connection(Options):
    """A bucket of S3, or of a server that speaks like it, for files."""

    type: Literal["s3"] = Field(description="An S3 bucket.")
    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket's name."
    )
    root: RootPath = Field(default="", description="Prefix that paths begin at.")
    endpoint: BaseUrl | None = Field(
        default=None, description="Address of the server; Amazon's when left out."
    )
    region: str | None = Field(default=None, description="Region of the bucket.")
    access_key_variable: SecretVariable | None = Field(
        default=None,
        description="Environment variable that holds the access key; the machine's role when"
        " left out.",
    )
    secret_key_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the secret key."
    )

    @model_validator(mode="after")
    def _has_both_keys(self) -> Self:
        if (self.access_key_variable is None) != (self.secret_key_variable is None):
            fault("secret", "`access_key_variable` and `secret_key_variable` go together.")
        return self


def _kind_of_connection(written: Any) -> str:
    kind = written.get("type", "smtp") if isinstance(written, dict) else written.type
    return str(kind)


FileConnection = FolderConnection | SftpConnection | S3Connection
Connection = Annotated[
    Annotated[SmtpConnection, Tag("smtp")]
    | Annotated[FolderConnection, Tag("folder")]
    | Annotated[SftpConnection, Tag("sftp")]
    | Annotated[S3Connection, Tag("s3")],
    Discriminator(_kind_of_connection),
]

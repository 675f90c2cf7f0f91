"""Secrets, which stand in no file: each is an environment variable that a file names."""

from collections.abc import Mapping

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from campanile.errors import ConfigurationError


def secret(variable: str, what: str, environment: Mapping[str, str]) -> SecretStr:
    """The value of a variable; raises ConfigurationError when it is not set."""
    value = environment.get(variable)
    if not value:
        raise ConfigurationError(
            f"a password or key of {what} is missing.", remedy=f"Set the variable {variable}."
        )
    return SecretStr(value)


def database_url(
    location: str, variable: str | None, what: str, environment: Mapping[str, str]
) -> URL:
    """The URL of a PostgreSQL database with its password; raises ConfigurationError."""
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise ConfigurationError(
            f"the location of {what} is no URL.", remedy="Write postgresql://user@host/database."
        ) from error
    if variable is None:
        return url
    return url.set(password=secret(variable, what, environment).get_secret_value())

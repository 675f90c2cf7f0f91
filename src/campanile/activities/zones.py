"""Time zones as files name them."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from campanile.activities.values import fault


def require_zone(name: str) -> str:
    """Return `name` if it is a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fault("timezone", f"`{name}` is not a time zone, such as Europe/Paris.")
    return name


Zone = Annotated[str, AfterValidator(require_zone)]

"""Asking the Dagster webserver: one GraphQL request over HTTP, in the words of its API."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any


def ask(
    url: str, query: str, variables: Mapping[str, Any] | None = None, *, seconds: float
) -> dict[str, Any]:
    """Return what the webserver at `url` answers, `data` and `errors`.

    Raises OSError (urllib's and time limits among them) when it does not answer, and ValueError
    when the answer is not JSON or a refusal: then with the beginning of its body, the reason.
    """
    request = urllib.request.Request(  # noqa: S310  the URL is the stack's own
        f"{url}/graphql",
        data=json.dumps({"query": query, "variables": variables or {}}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            reply: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refused:
        raise ValueError(refused.read(300).decode(errors="replace")) from refused
    return reply

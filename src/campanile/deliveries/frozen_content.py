"""Frozen content: the compiled contents of one delivery, by variant and language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from campanile.content.compiled import CompiledContent
from campanile.errors import DataError

_FORMAT = 1


@dataclass(frozen=True)
class FrozenContent:
    """Contents by (variant, language); an empty text stands for "any"."""

    contents: Mapping[tuple[str, str], CompiledContent]

    @classmethod
    def of(cls, content: CompiledContent) -> "FrozenContent":
        """One content for everybody."""
        return cls({("", ""): content})

    def choose(self, variant: str | None, language: str | None) -> tuple[str, str]:
        """The key of the content for a message: its variant first, then its language.

        Raises DataError if neither it nor a content for everybody was frozen.
        """
        wished = (variant or "", language or "")
        base = (wished[1] or "").partition("-")[0]
        for key in (wished, (wished[0], base), (wished[0], ""), ("", wished[1]), ("", base)):
            if key in self.contents:
                return key
        if ("", "") in self.contents:
            return ("", "")
        raise DataError("no content of this delivery fits the message's variant and language.")

    def to_json(self) -> str:
        """JSON text; equal contents give equal text."""
        parts = [
            {"variant": variant, "language": language, "content": content.to_json()}
            for (variant, language), content in sorted(
                self.contents.items(), key=lambda item: item[0]
            )
        ]
        return json.dumps({"frozen": _FORMAT, "contents": parts}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "FrozenContent":
        """Read what `to_json` wrote; raises DataError for anything else."""
        try:
            values = json.loads(text)
            if values["frozen"] != _FORMAT:
                raise DataError(
                    "frozen content has a format that this version does not know.",
                    remedy="Send it with the version that planned it, or upgrade.",
                )
            return cls(
                {
                    (part["variant"], part["language"]): CompiledContent.from_json(part["content"])
                    for part in values["contents"]
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"frozen content cannot be read ({type(error).__name__}).") from error

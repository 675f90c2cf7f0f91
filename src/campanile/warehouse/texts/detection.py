"""What a delimited file is written in: encoding and delimiter, found and shown."""

import csv
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from campanile.errors import DataError

_SAMPLE_BYTES = 1 << 20
_FEW_TELLING_BYTES = 200
_LONGEST_LINE = 10_000  # characters of a line that are looked at
_WESTERN = ("cp1252", "iso8859_15", "cp850")
_DELIMITERS = ",;\t|"
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class FileFormat:
    """How to read a file; `found` says how each fact was found, for the person who loads it."""

    encoding: str
    delimiter: str
    found: str


def detect_format(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> FileFormat:
    """Find encoding and delimiter of `path`; what is given is believed.

    Raises:
        DataError: the file is missing, empty or binary, or its encoding cannot be told.
    """
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    if not sample.strip():
        raise DataError(f"{path}: the file is empty.", remedy="Its first line must name columns.")
    encoding_found = encoding or _detect_encoding(path, sample)
    text = _decode_sample(path, sample, encoding_found)
    delimiter_found = delimiter or _detect_delimiter(text)
    how = "given" if encoding and delimiter else "detected"
    shown = {"\t": "tab"}.get(delimiter_found, delimiter_found)
    return FileFormat(encoding_found, delimiter_found, f"{encoding_found}, '{shown}' ({how})")


def _detect_encoding(path: Path, sample: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            return name
    if b"\x00" in sample:
        raise DataError(
            f"{path}: this is a binary file, not delimited text.", remedy="Export it as CSV."
        )
    if _is_utf8(path):
        return "utf-8"
    best = from_bytes(sample, cp_isolation=_usual_encodings(sample)).best()
    if best is None:
        raise DataError(
            f"{path}: the encoding cannot be told.", remedy="Name it: --encoding cp1252"
        )
    return best.encoding


def _usual_encodings(sample: bytes) -> list[str] | None:
    """With few telling bytes only Western encodings are asked; any, where there are many."""
    telling = sum(byte > 127 for byte in sample)
    return list(_WESTERN) if telling < _FEW_TELLING_BYTES else None


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(_SAMPLE_BYTES):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _decode_sample(path: Path, sample: bytes, encoding: str) -> str:
    try:
        return sample.decode(encoding, errors="replace")
    except LookupError as error:
        raise DataError(
            f"{path}: there is no encoding '{encoding}'.", remedy="Try utf-8 or cp1252."
        ) from error


def _detect_delimiter(text: str) -> str:
    """The delimiter that splits the header most and the next lines alike; one column needs none."""
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()[:50] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(next(csv.reader([line], delimiter=delimiter))) for line in lines]
        alike = sum(width == widths[0] for width in widths) / len(widths)
        return (alike if widths[0] > 1 else 0.0, widths[0])

    return max(_DELIMITERS, key=score)

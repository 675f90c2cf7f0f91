"""Records of a file in which every value has its place: so many characters, then the next."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from campanile.warehouse.texts.lines import Block, Lines, Record, Rejected, read_lines


def read_fixed_width(
    path: Path, encoding: str, widths: Sequence[int], *, header: bool = False, skip: int = 0
) -> Iterator[Block]:
    """The rows of `path`, block by block; a header line and `skip` lines at the top are none.

    A line may be shorter than all widths where only blanks of the last value are missing.
    """
    lines = Lines(read_lines(path, encoding))
    lines.pass_over(skip + header)
    ends = list(accumulate(widths))
    places = [slice(end - width, end) for width, end in zip(widths, ends, strict=True)]
    least, most = ends[-1] - widths[-1], ends[-1]
    while block := lines.block():
        first, texts = block
        yield [
            _row(number, text.rstrip("\r\n"), places, least, most)
            for number, text in enumerate(texts, start=first)
            if text.strip()
        ]


def _row(
    number: int, text: str, places: Sequence[slice], least: int, most: int
) -> Record | Rejected:
    if "�" in text:
        return Rejected(number, "characters that are not of this encoding", text)
    if "\0" in text:
        return Rejected(number, "a NUL, which is no character of a text", text)
    if not least <= len(text) <= most:
        return Rejected(number, f"{len(text)} characters where a line has {most}", text)
    return Record(number, [text[place] for place in places], text)

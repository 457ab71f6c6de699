"""What is wrong with a file or its mapping, said in one way: file, row, column, reason, remedy.

Belongs here: the two errors, several of them as one, and the words they use. Does not: finding what
is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from pipelines.connectors.errors import Permanent
from pipelines.lake.personal import scrub_text


class MappingError(Permanent):
    """The mapping cannot be used as it is: each line names one place in it and what to write."""


class FileError(Permanent):
    """A whole file cannot be read; a row that cannot be is quarantined instead.

    `row` counts as a spreadsheet does, the header being row 1.
    """

    def __init__(
        self, path: Path, reason: str, *, remedy: str, row: int | None = None, column: str = ""
    ) -> None:
        # A file without a header has its first person's data where names should be.
        said = scrub_text(f"{place(path, row, column)}: {reason}")
        super().__init__(said, remedy=scrub_text(remedy))
        self.path = path
        self.row = row
        self.column = column


class BrokenFiles:
    """The files that cannot be read, so that a person hears of all of them in one go."""

    def __init__(self) -> None:
        self._errors: list[FileError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the FileError of the block for `tell`."""
        try:
            yield
        except FileError as error:
            self._errors.append(error)

    def tell(self) -> None:
        """Raise what was kept: one FileError as it is, several as one Permanent."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            *others, last = self._errors
            raise Permanent(" ".join([*map(str, others), last.reason]), remedy=last.remedy)


def place(path: Path, row: int | None = None, column: str = "") -> str:
    """Where something is, for a person: `orders.csv row 17, column 'Total'`."""
    where = path.name if row is None else f"{path.name} row {row}"
    return f"{where}, column {column!r}" if column else where


def listed(names: Iterable[object]) -> str:
    """Names as a person lists them, or `none`."""
    return ", ".join(str(name) for name in names) or "none"


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?` where a known name is near, else nothing. Case does not matter."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""

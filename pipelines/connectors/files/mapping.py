"""The mapping: a YAML file that says which exports there are and how their columns are named.

Belongs here: what a mapping may hold, checked as a whole before any file is opened, and which files
a path means. Does not: reading a format (`formats`), understanding a cell (`values`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines.connectors.files.errors import FileError, MappingError, listed, nearest
from pipelines.connectors.files.kinds import STREAMS
from pipelines.connectors.stream import Stream
from pipelines.lake import schema as lake

KINDS: Mapping[str, Stream] = {stream.name: stream for stream in STREAMS}
FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "xlsx")
# Those of strptime that both parse and print without a locale: a date that does not print as it was
# written (31/02) is impossible, and that is how it is found.
DIRECTIVES = frozenset("YymdHIMSpbBjz%")
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
DATE_IN_PATH = re.compile(r"\{date(?::([^{}]+))?\}")
PATH_DIGITS = {"%Y": 4, "%m": 2, "%d": 2}


def _as_text(value: object) -> object:
    """A number that YAML read from a plain word, as the text it was; other types are refused."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


Text = Annotated[str, BeforeValidator(_as_text)]
DecimalMark = Literal[".", ","]
ThousandsMark = Literal["", ".", ",", " ", "'"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnMapping(_Strict):
    """Where one field of the stream comes from: exactly one of the first four, and its notation.

    - `column`: a column of the file; in JSON lines and Parquet it may be dotted (`geo.city`).
    - `value`: the same text in every row.
    - `template`: text with columns in braces, such as `2014-{Month}-01`.
    - `row_number`: the number of the row in its file, 1 being the first below the header.
    - `format`: how a date or time is written, in strptime's directives. ISO 8601 needs none.
    - `type`: `integer_text` is an id that a spreadsheet wrote as a number, such as `17850.0`.
    - `timezone`: where it is not the data set's.
    """

    column: Text | None = None
    value: Text | None = None
    template: str | None = None
    row_number: bool = False
    format: str | None = None
    type: Literal["integer_text"] | None = None
    timezone: str | None = None

    @field_validator("format")
    @classmethod
    def _known_directives(cls, value: str | None) -> str | None:
        if value is None:
            return None
        unknown = [d for d in re.findall(r"%(.)", value) if d not in DIRECTIVES]
        if unknown:
            known = listed(f"%{directive}" for directive in sorted(DIRECTIVES))
            raise ValueError(f"unknown directive %{unknown[0]}; known: {known}")
        if "%z" in value and not value.endswith("%z"):
            raise ValueError("%z must be the last directive")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        return None if value is None else _timezone(value)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        origins = (self.column, self.value, self.template, self.row_number or None)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("write exactly one of column, value, template, row_number")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that this field is made of."""
        if self.column is not None:
            return (self.column,)
        return tuple(PLACEHOLDER.findall(self.template or ""))


class Dataset(_Strict):
    """One export: what it is, where it is, how it is written, which column is which field."""

    kind: str
    path: str
    format: str = ""
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: DecimalMark = "."
    thousands: ThousandsMark = ""
    timezone: str = ""
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    null_values: tuple[Text, ...] = ("",)
    sheet: str = ""
    # What the mapping does not name lands in `_extra`, unless it is told to be ignored.
    unmapped: Literal["keep", "ignore"] = "keep"
    columns: dict[str, ColumnMapping] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """`order_id: Order No` means `order_id: {column: Order No}`."""
        if not isinstance(value, dict):
            return value
        return {
            str(field): {"column": origin} if isinstance(_as_text(origin), str) else origin
            for field, origin in value.items()
        }

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        if value not in KINDS:
            near = nearest(value, list(KINDS))
            raise ValueError(f"unknown kind {value!r}{near}; known: {listed(KINDS)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(
                f"unknown encoding {value!r}; common ones: utf-8, cp1252, latin-1, utf-16"
            ) from error

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        return value and _timezone(value)

    @field_validator("path")
    @classmethod
    def _known_path_date(cls, value: str) -> str:
        for found in DATE_IN_PATH.finditer(value):
            parts = re.findall(r"%.", found[1] or "%Y%m%d")
            if sorted(parts) != sorted(PATH_DIGITS):
                raise ValueError("{date:…} needs %Y, %m and %d, once each, and no other directive")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Dataset:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        if self.format not in ("", *FORMATS) or not self.file_format:
            named = self.format or self.path
            raise ValueError(f"unknown format {named!r}; known: {listed(FORMATS)}")
        self._check_fields()
        if not self.timezone and self._tells_time():
            raise ValueError(
                "timezone is missing: the IANA zone in which this export's days and times are, "
                "such as Asia/Jakarta"
            )
        return self

    def _check_fields(self) -> None:
        fields = {field.name: field for field in self.fields}
        for name, origin in self.columns.items():
            if name not in fields:
                known = list(fields)
                raise ValueError(
                    f"unknown field {name!r} under columns{nearest(name, known)}; "
                    f"fields of {self.kind}: {listed(known)}"
                )
            if origin.format and fields[name].kind not in ("date", "timestamp"):
                raise ValueError(f"columns.{name}: format is for dates and times only")
            if origin.type and fields[name].kind != "text":
                raise ValueError(f"columns.{name}: integer_text is for ids, which are text")
        lacking = [
            field.name for field in self.fields if field.required and self.origin(field) is None
        ]
        if lacking:
            raise ValueError(
                f"no column for {listed(lacking)}, which every row of {self.kind} must have; "
                "add it under columns"
            )

    def _tells_time(self) -> bool:
        return bool(self.stream.day) or any(
            self.origin(field) for field in self.fields if field.kind == "timestamp"
        )

    @property
    def stream(self) -> Stream:
        """The stream that this export fills."""
        return KINDS[self.kind]

    @property
    def fields(self) -> tuple[lake.Field, ...]:
        """The stream's fields, without the one that names the data set."""
        return tuple(f for f in self.stream.schema.fields if not f.path.startswith("@"))

    def origin(self, field: lake.Field) -> ColumnMapping | None:
        """Where that field comes from, or None where the export does not have it.

        Without `columns`, the export has the names that the kind itself has (a GA4 export does).
        """
        if field.name == "currency" and self.currency and field.name not in self.columns:
            return ColumnMapping(value=self.currency)
        if not self.columns:
            return ColumnMapping(column=".".join(field.steps))
        return self.columns.get(field.name)

    @property
    def file_format(self) -> str:
        """The declared format, or the one that the path ends with; empty if neither is known."""
        if self.format:
            return self.format
        return next((name for name in FORMATS if self.path.lower().endswith(f".{name}")), "")

    @property
    def dated(self) -> bool:
        """Whether the path picks files by day."""
        return DATE_IN_PATH.search(self.path) is not None


class _Document(_Strict):
    datasets: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w-]*$")], Dataset]


@dataclass(frozen=True)
class DatedFile:
    """One file, and its day where the path has `{date}`."""

    path: Path
    day: date | None


@dataclass(frozen=True)
class FilesMapping:
    """A checked mapping and the folder that its paths start from."""

    path: Path
    datasets: Mapping[str, Dataset]

    @cached_property
    def folder(self) -> Path:
        """The folder of the mapping."""
        return self.path.resolve().parent

    def files(self, name: str) -> list[DatedFile]:
        """The files of a data set by name, oldest day first. Raises FileError if there is none."""
        dataset = self.datasets[name]
        pattern = Path(dataset.path)
        root = Path(pattern.anchor) if pattern.is_absolute() else self.folder
        below = pattern.relative_to(pattern.anchor).as_posix()
        shape = _as_regex(below)
        found = (path for path in root.glob(_as_glob(below)) if path.is_file())
        files = [_dated(path, path.relative_to(root), shape) for path in found]
        if not files:
            raise FileError(
                Path(dataset.path),
                f"no file matches {dataset.path!r} under {self.folder}",
                remedy=f"Put the export there, or correct datasets.{name}.path in "
                f"{self.path.name}.",
            )
        return sorted(files, key=lambda file: (file.day or date.min, file.path))


def _dated(path: Path, below: Path, shape: re.Pattern[str]) -> DatedFile:
    match = shape.fullmatch(below.as_posix())
    parts = match.groupdict() if match else {}
    if not parts:
        return DatedFile(path, None)
    try:
        day = date(int(parts["Y"]), int(parts["m"]), int(parts["d"]))
    except ValueError as error:
        raise FileError(
            path, "its name holds an impossible date", remedy="Rename the file."
        ) from error
    return DatedFile(path, day)


def load(path: Path) -> FilesMapping:
    """Read and check a mapping. Raises MappingError, whose text names every place to correct."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MappingError(
            f"there is no mapping {path}", remedy="Set SMM_FILES to the mapping's path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(
            f"{path.name} is not YAML: {' '.join(str(error).split())}",
            remedy="Correct it at that line.",
        ) from error
    try:
        checked = _Document.model_validate(document if document is not None else {})
    except ValidationError as error:
        raise MappingError(f"{path.name}: {_said(error)}", remedy="Correct the mapping.") from error
    return FilesMapping(path, checked.datasets)


def _said(error: ValidationError) -> str:
    """Every complaint as `place: what`, without pydantic's own vocabulary."""
    return "; ".join(_complaint(each) for each in error.errors())


def _complaint(error: Any) -> str:
    where = ".".join(str(step) for step in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = _options(error["loc"])
        message = f"unknown option{nearest(str(error['loc'][-1]), known)}; known: {listed(known)}"
    elif error["type"] == "missing":
        message = "is missing"
    elif error["loc"][-1:] == ("[key]",):
        message = "a data set's name holds letters, digits, - and _ only"
    elif not message.startswith(("unknown", "write")) and error["type"] != "value_error":
        message = f"{message}, not {error['input']!r}"
    return f"{where}: {message}" if where else message


def _options(place: tuple[int | str, ...]) -> list[str]:
    """The options that a mapping has at that place."""
    if len(place) == 1:
        return list(_Document.model_fields)
    return list((Dataset if len(place) == 3 else ColumnMapping).model_fields)


def _timezone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"unknown time zone {name!r}; write an IANA name such as Asia/Jakarta or Europe/London"
        ) from error


def _as_glob(path: str) -> str:
    def digits(match: re.Match[str]) -> str:
        return re.sub(r"%.", lambda part: "[0-9]" * PATH_DIGITS[part[0]], match[1] or "%Y%m%d")

    return DATE_IN_PATH.sub(digits, path)


def _as_regex(path: str) -> re.Pattern[str]:
    """The path as an expression whose groups Y, m and d are the day in a file's name."""
    expression, end = "", 0
    seen: set[str] = set()
    for match in DATE_IN_PATH.finditer(path):
        expression += _literal(path[end : match.start()])
        for part in re.split(r"(%.)", match[1] or "%Y%m%d"):
            expression += _group(part[1], seen) if part in PATH_DIGITS else re.escape(part)
        end = match.end()
    return re.compile(expression + _literal(path[end:]))


def _group(directive: str, seen: set[str]) -> str:
    if directive in seen:
        return f"(?P={directive})"
    seen.add(directive)
    return f"(?P<{directive}>\\d{{{PATH_DIGITS[f'%{directive}']}}})"


def _literal(part: str) -> str:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", part)
    return "".join(wild.get(t, t if t.startswith("[") else re.escape(t)) for t in tokens)

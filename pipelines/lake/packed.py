"""Records that are still JSON text, as rows: read into structs made for their stream, not dicts.

Belongs here: the struct of a stream's records, and what to do where records do not fit it. Does
not: what a field's value becomes (`convert`, `cast`).

The outcome is that of `convert_records` on the decoded records: a page with a record that fits no
row goes there. JSON fields and what no field names are never decoded: their text is kept as the
platform wrote it, where the general way writes it anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, filterfalse, islice
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from pipelines.lake.batch import Batch
from pipelines.lake.cast import Values
from pipelines.lake.convert import (
    Elements,
    Extras,
    Leftovers,
    Misfits,
    convert_records,
    json_lines,
    rows_of,
)
from pipelines.lake.schema import Field, Schema
from pipelines.lake.shape import UNSET, Type, can_be_named, struct, written

# How often a stream's struct grows. Each time costs some milliseconds.
MOST_LESSONS = 200
# Records that are objects at once: what they take fits into a processor's second cache.
AT_ONCE = 64

_ENCODER = msgspec.json.Encoder()
_ANY = msgspec.json.Decoder()
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

Objects = list[Any]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Packed:
    """A page: its records, and where it was, as `convert_records` is told.

    Each record is JSON in valid UTF-8 without line breaks, since what is kept of it is not decoded.
    """

    records: Sequence[msgspec.Raw]
    place: str


def convert_packed(
    schema: Schema,
    pages: Sequence[Packed],
    context: Mapping[str, str],
    *,
    drop: Mapping[str, str] | None = None,
) -> Batch:
    """Pages of JSON records as one batch, as `convert_records` makes it page after page.

    - `drop`: dotted paths, through lists too, of what is no part of a record and not kept: of a
      path to "" always, of a path to a sibling's name where both have the same value.

    Raises msgspec.DecodeError where a record is not JSON.
    """
    records = _records(schema.fields, tuple((drop or {}).items()))
    texts = list(chain.from_iterable(page.records for page in pages))
    found = records.read(texts)
    # One record mostly tells all unknown keys, so that few have to be looked at.
    for most in (1, len(texts)):
        if found is None and records.learn(texts, most):
            found = records.read(texts)
    batch = None if found is None else rows_of(schema, found, context)
    if batch is not None:
        return batch
    if len(pages) > 1:
        alone = [convert_packed(schema, [page], context, drop=drop) for page in pages]
        return Batch(
            pa.concat_tables([each.rows for each in alone]),
            tuple(chain.from_iterable(each.rejected for each in alone)),
        )
    return convert_records(schema, records.decoded(texts), context, place=pages[0].place)


@lru_cache(maxsize=256)
def _records(fields: tuple[Field, ...], drop: tuple[tuple[str, str], ...]) -> _Records:
    return _Records(fields, dict(drop))


class _Records:
    """The records of one stream: the struct that they are read into, and what it learned."""

    def __init__(self, fields: tuple[Field, ...], drop: Mapping[str, str]) -> None:
        self._drop = drop
        self._level = _level(fields)
        for path, twin in drop.items():
            self._level.drop(tuple(path.split(".")), twin)
        self._lessons = 0
        self._lock = threading.Lock()
        self._made = _Made(self._level) if self._level.simple else None

    def read(self, texts: Sequence[msgspec.Raw]) -> _Rows | None:
        """Those records; None where one does not fit."""
        made = self._made
        if made is None:
            return None
        rows = _Rows(made)
        try:
            for start in range(0, len(texts), AT_ONCE):
                rows.add(list(map(made.decoder.decode, texts[start : start + AT_ONCE])))
        except msgspec.ValidationError:
            return None
        return rows

    def decoded(self, texts: Sequence[msgspec.Raw]) -> Sequence[Any]:
        """Those records in the general way."""
        return without(list(map(msgspec.json.decode, texts)), self._drop)

    def learn(self, texts: Sequence[msgspec.Raw], most: int) -> bool:
        """Let the struct have what keys so many of the records that do not fit have beside its own.

        Whether there were any.
        """
        with self._lock:
            if self._made is None or self._lessons == MOST_LESSONS:
                return False
            odd = list(islice(filterfalse(self._made.fits, texts), most))
            new = list(map(self._level.learn, self.decoded(odd)))
            if any(new):
                self._lessons += 1
                self._made = _Made(self._level)
            return any(new)


def without(records: Sequence[Any], drop: Mapping[str, str]) -> Sequence[Any]:
    """Decoded records without what `convert_packed` would drop; they are changed in place."""
    for path, twin in drop.items():
        for record in records:
            _remove(record, tuple(path.split(".")), twin)
    return records


def _remove(value: Any, path: tuple[str, ...], twin: str) -> None:
    """Take what the path leads to out of a value, through lists too."""
    if isinstance(value, list):
        for item in value:
            _remove(item, path, twin)
    elif isinstance(value, dict):
        key, *rest = path
        if rest:
            _remove(value.get(key), tuple(rest), twin)
        elif not twin or value.get(key) == value.get(twin):
            value.pop(key, None)


# --- what an object's keys are


@dataclass
class _Level:
    """The keys of one kind of object: a record, what a path leads through, an element of a list.

    `order` has all of them, as they mostly follow one another: a decoder that meets them in another
    order searches for each. `texts` are those of JSON fields and those that no field names: what
    stands there stays text.
    """

    order: dict[str, None] = field(default_factory=dict)

    leaves: set[str] = field(default_factory=set)
    branches: dict[str, _Level] = field(default_factory=dict)
    lists: dict[str, _Level] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    @property
    def simple(self) -> bool:
        """Whether each key is found in one way only: taken whole, led through, or gone through."""
        ways = [*self.leaves, *self.branches, *self.lists]
        below = [*self.branches.values(), *self.lists.values()]
        return len(set(ways)) == len(ways) and all(level.simple for level in below)

    def drop(self, path: tuple[str, ...], twin: str) -> None:
        """Let the key at that path be no part of a record."""
        key, *rest = path
        if rest:
            below = self.branches.get(key) or self.lists.get(key)
            if below is None:
                raise ValueError(f"{key!r} of what is dropped leads to no field")
            below.drop(tuple(rest), twin)
        elif key in self.leaves or (twin and (twin not in self.leaves or twin in self.texts)):
            raise ValueError(
                f"{key!r} cannot be dropped: it or {twin!r} is the wrong kind of field"
            )
        else:
            self.dropped[key] = twin
            self.order.setdefault(key)

    def learn(self, value: Any) -> bool:
        """Take note of the object's unknown keys; whether any was new."""
        if not isinstance(value, dict):
            return False
        new = False
        for key, inner in value.items():
            if key in self.branches:
                new |= self.branches[key].learn(inner)
            elif key in self.lists:
                new |= sum(map(self.lists[key].learn, _items(inner))) > 0
            elif key not in self.leaves | self.texts | self.dropped.keys() and self._can_have(key):
                self.texts.add(key)
                self.order.setdefault(key)
                new = True
        return new

    def _can_have(self, key: str) -> bool:
        """Whether the key can be kept under its dotted path, which no other then has."""
        return can_be_named(key) and key.partition(".")[0] not in self.branches


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _level(fields: Iterable[Field]) -> _Level:
    root = _Level()
    for each in fields:
        if each.path.startswith("@"):
            continue
        *branches, leaf = each.steps
        level = root
        for step in branches:
            level.order.setdefault(step)
            level = level.branches.setdefault(step, _Level())
        level.order.setdefault(leaf)
        if each.kind == "list":
            # Two fields of one list: as if one of them took it whole.
            level.leaves |= {leaf} & level.lists.keys()
            level.lists[leaf] = _level(each.fields)
        else:
            level.leaves.add(leaf)
            if each.kind == "json":
                level.texts.add(leaf)
    return root


class _Made:
    """The struct of a level, and how to get at what lies in it, through the levels that lead there.

    `leaves`, `lists`, `unnamed` and `twins` are by path from this level's objects.
    """

    struct: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[Any]

    def __init__(self, level: _Level) -> None:
        branches = {key: _Made(below) for key, below in level.branches.items()}
        lists = {key: _Made(below) for key, below in level.lists.items()}
        twins = {key: twin for key, twin in level.dropped.items() if twin}
        types: dict[str, Type] = {key: made.struct | None for key, made in branches.items()}
        types |= {key: list[made.struct] | None for key, made in lists.items()}  # type: ignore[name-defined] # made at run time
        types |= dict.fromkeys(sorted({*level.leaves, *level.texts, *level.dropped}), msgspec.Raw)
        # What is compared is decoded.
        types |= dict.fromkeys([*twins, *twins.values()], Any)
        types = {key: types[key] for key in level.order}
        # Text that is not there is None, and null is text.
        defaults = {key: UNSET if key in twins else None for key in types}
        self.struct = struct(types, defaults)
        self.decoder = msgspec.json.Decoder(self.struct)
        self.leaves: list[Path] = [(key,) for key in sorted(level.leaves)]
        self.lists: dict[Path, _Made] = {(key,): made for key, made in lists.items()}
        self.unnamed: list[Path] = [(key,) for key in sorted(level.texts - level.leaves)]
        self.twins: dict[Path, Path] = {(key,): (twin,) for key, twin in twins.items()}
        self._numbers: dict[Path, tuple[int, ...]] = {(key,): (n,) for n, key in enumerate(types)}
        for key, made in branches.items():
            self._include(key, made)

    def _include(self, key: str, below: _Made) -> None:
        """Let the paths of a level below lead on from here."""
        (number,) = self._numbers[key,]
        self.leaves += [(key, *path) for path in below.leaves]
        self.lists |= {(key, *path): made for path, made in below.lists.items()}
        self.unnamed += [(key, *path) for path in below.unnamed]
        self.twins |= {(key, *path): (key, *twin) for path, twin in below.twins.items()}
        self._numbers |= {
            (key, *path): (number, *numbers) for path, numbers in below._numbers.items()
        }

    @cached_property
    def get(self) -> dict[Path, Callable[[Objects], Objects]]:
        """What gives the values at a path in many objects."""
        used = (*self.leaves, *self.lists, *self.unnamed, *self.twins, *self.twins.values())
        return {path: _getter(self._numbers[path]) for path in used}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The dotted paths of what no field names, in order."""
        return tuple(sorted(map(".".join, (*self.unnamed, *self.twins))))

    def fits(self, text: msgspec.Raw) -> bool:
        """Whether that JSON is such an object."""
        try:
            self.decoder.decode(text)
        except msgspec.MsgspecError:
            return False
        return True


def _getter(numbers: tuple[int, ...]) -> Callable[[Objects], Objects]:
    """What gives the values of a struct's n-th field in many objects, or of a struct's within.

    A comprehension of its own for each field of each struct: the interpreter learns where the field
    lies, and takes a third of the time of `attrgetter`. A struct that is absent has no values.
    """
    steps, value = "for each in objects", f"each.f{numbers[0]}"
    for number in numbers[1:]:
        # An assignment, to the interpreter.
        steps += f" for inner in ({value},)"
        value = f"None if inner is None else inner.f{number}"
    getter: Callable[[Objects], Objects] = eval(  # noqa: S307 - no text from outside
        f"lambda objects: [{value} {steps}]"
    )
    return getter


# --- where convert finds values


class _Rows:
    """Records as lines of JSON, a column for each field, collected a few records at a time.

    So a record's objects are gone before they leave the processor's caches: kept until all are
    read, they cost twice as much. What an absent object would have is null.
    """

    def __init__(self, made: _Made) -> None:
        self.misfits: Misfits = {}
        self._made = made
        self._size = 0
        self._columns: dict[Path, list[bytes]] = {path: [] for path in made.leaves}
        self._lists = {path: _Lists(below) for path, below in made.lists.items()}
        self._leftovers: list[bytes] = []

    def __len__(self) -> int:
        return self._size

    def add(self, objects: Objects) -> None:
        """Takes more records."""
        get = self._made.get
        self._size += len(objects)
        for path, column in self._columns.items():
            column.append(_ENCODER.encode_lines(get[path](objects)))
        for path, lists in self._lists.items():
            lists.add(get[path](objects))
        if self._made.names:
            self._leftovers.append(_ENCODER.encode_lines(self._unnamed(objects)))

    def _unnamed(self, objects: Objects) -> Objects:
        """What no field names of these records, as what is written as an object for each."""
        get = self._made.get
        columns = {".".join(path): get[path](objects) for path in self._made.unnamed}
        for path, twin in self._made.twins.items():
            columns[".".join(path)] = list(map(_differing, get[path](objects), get[twin](objects)))
        names = self._made.names
        return list(map(written(names), *(columns[name] for name in names)))

    def values(self, field: Field) -> Values:
        return _values(self._lines(field))

    def json(self, field: Field, country: str) -> pa.Array:
        return json_lines(self._lines(field), country)

    def elements(self, field: Field) -> Elements:
        return self._lists[field.steps].elements()

    def leftovers(self, _fields: tuple[Field, ...]) -> Leftovers:
        return _Leftovers(b"".join(self._leftovers), self._size, frozenset(self._made.names))

    def _lines(self, field: Field) -> bytes:
        return b"".join(self._columns[field.steps])


class _Lists:
    """The lists of one field: how long each is, and the elements of all."""

    def __init__(self, made: _Made) -> None:
        self._items = _Rows(made)
        self._lengths: list[int] = []
        self._missing: list[bool] = []

    def add(self, lists: Objects) -> None:
        """Takes the lists of more records; None where there is none."""
        present = [each or () for each in lists]
        self._lengths.extend(map(len, present))
        self._missing.extend([each is None for each in lists])
        self._items.add(list(chain.from_iterable(present)))

    def elements(self) -> Elements:
        """All of them."""
        offsets = np.cumsum([0, *self._lengths], dtype=np.int32)
        return Elements(offsets, np.array(self._missing, np.bool_), self._items)


@dataclass(frozen=True)
class _Leftovers:
    """What no field names, as a line of JSON for each row; none at all where nothing can be."""

    lines: bytes
    size: int
    names: frozenset[str]

    def by_row(self) -> Extras:
        lines = enumerate(self.lines.split(b"\n"))
        return {row: _OBJECT.decode(line) for row, line in lines if line not in (b"", b"{}")}

    def texts(self, country: str) -> pa.Array:
        return json_lines(self.lines, country) if self.lines else pa.nulls(self.size, pa.string())


def _differing(value: Any, other: Any) -> Any:
    """A value that is not what it mostly repeats, as JSON text; None where it does."""
    return None if value is UNSET or value == other else msgspec.Raw(msgspec.json.encode(value))


def _values(lines: bytes) -> Values:
    """JSON values, one a line: as Arrow where all are text as it stands, else decoded."""
    found = _plain_texts(lines)
    return _ANY.decode_lines(lines) if found is None else found


def _plain_texts(lines: bytes) -> pa.Array | None:
    """Lines of which each is text without escapes, or null; None where one is not."""
    if b"\\" in lines or not lines:
        return None
    codes = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    first = codes[starts]
    quoted = first == ord('"')
    if not (quoted | (first == ord("n"))).all():
        return None
    lengths = ends - starts - 2 * quoted
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    present = np.packbits(quoted, bitorder="little")
    buffers = (offsets, lines.translate(None, b'"\n'), present)
    return pa.StringArray.from_buffers(len(ends), *map(pa.py_buffer, buffers))

"""Records that are still JSON text, as rows: read into structs made for their stream, not dicts.

Belongs here: the struct of a stream's records, and what to do where records do not fit it. Does
not: what a field's value becomes (`convert`, `cast`).

The outcome is that of `convert_records` on the decoded records: a page with a record that fits no
row goes there. JSON fields and what no field names are never decoded: their text is kept as the
platform wrote it, where the general way writes it anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from pipelines.lake.batch import Batch
from pipelines.lake.convert import (
    Elements,
    Extras,
    Leftovers,
    Misfits,
    convert_records,
    json_array,
    rows_of,
)
from pipelines.lake.schema import Field, Schema
from pipelines.lake.shape import SCALAR, UNSET, Type, can_be_named, struct, written

# How often a stream's struct grows. Each time costs about a millisecond, and the page a decoding.
MOST_LESSONS = 200

_SPLIT = msgspec.json.Decoder(list[msgspec.Raw])

Objects = list[Any]


@dataclass(frozen=True)
class Packed:
    """A page: its records as a JSON array, and where it was, as `convert_records` is told."""

    records: bytes | msgspec.Raw
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

    Raises msgspec.DecodeError where a page is not JSON.
    """
    records = _records(schema.fields, tuple((drop or {}).items()))
    texts = [_compact(page.records) for page in pages]
    found = records.read(texts)
    if found is None and records.learn(texts):
        found = records.read(texts)
    rows = None if found is None else rows_of(schema, found, context)
    if rows is not None:
        return Batch(rows)
    if len(pages) > 1:
        alone = [convert_packed(schema, [page], context, drop=drop) for page in pages]
        return Batch(
            pa.concat_tables([each.rows for each in alone]),
            tuple(chain.from_iterable(each.rejected for each in alone)),
        )
    return convert_records(schema, records.decoded(texts[0]), context, place=pages[0].place)


def _compact(page: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    """The page without line breaks, which some platforms write for people.

    Text that is kept undecoded must be valid too: raises msgspec.DecodeError where it is not UTF-8.
    """
    view = memoryview(page)
    try:
        broken = "\n" in str(view, "utf-8")
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
    return msgspec.json.format(view, indent=-1) if broken else page


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

    def read(self, pages: Sequence[bytes | msgspec.Raw]) -> _Structs | None:
        """The records of those pages; None where one does not fit."""
        made = self._made
        if made is None:
            return None
        try:
            objects = list(chain.from_iterable(map(made.decoder.decode, pages)))
        except msgspec.MsgspecError:
            return None
        return _Structs(objects, made)

    def decoded(self, page: bytes | msgspec.Raw) -> list[Any]:
        """The records of a page in the general way."""
        records: list[Any] = msgspec.json.decode(page, type=list)
        without(records, self._drop)
        return records

    def learn(self, pages: Sequence[bytes | msgspec.Raw]) -> bool:
        """Let the struct have the pages' unknown keys; whether there were any.

        One record tells most of them, so that few others have to be decoded in the general way.
        """
        with self._lock:
            texts = list(chain.from_iterable(map(_SPLIT.decode, pages)))
            return any([self._learn(texts, most) for most in (1, len(texts))])

    def _learn(self, texts: Sequence[msgspec.Raw], most: int) -> bool:
        """Learn from so many of the records that do not fit."""
        if self._made is None or self._lessons == MOST_LESSONS:
            return False
        odd = [text for text in texts if not self._made.fits(text)][:most]
        records = without(list(map(msgspec.json.decode, odd)), self._drop)
        new = list(map(self._level.learn, records))
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

    `texts` are those of JSON fields and those that no field names: what stands there stays text.
    """

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
            elif key not in self.leaves | self.texts | self.dropped.keys() and can_be_named(key):
                self.texts.add(key)
                new = True
        return new


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
            level = level.branches.setdefault(step, _Level())
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
    """The struct of a level, how to get at its fields, and the same of the levels below."""

    struct: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[list[Any]]

    def __init__(self, level: _Level) -> None:
        self.branches = {key: _Made(below) for key, below in level.branches.items()}
        self.lists = {key: _Made(below) for key, below in level.lists.items()}
        self.twins = {key: twin for key, twin in level.dropped.items() if twin}
        self.unnamed = sorted(level.texts - level.leaves)
        types: dict[str, Type] = {key: made.struct | None for key, made in self.branches.items()}
        types |= {key: list[made.struct] | None for key, made in self.lists.items()}  # type: ignore[name-defined] # made at run time
        types |= dict.fromkeys(sorted(level.texts), msgspec.Raw)
        types |= {key: Any for key in level.leaves if key not in level.texts}
        types |= {key: SCALAR if twin else msgspec.Raw for key, twin in level.dropped.items()}
        # Text that is not there is None, and null is text.
        defaults = {key: UNSET if key in self.twins else None for key in types}
        self.struct = struct(types, defaults)
        self.empty = self.struct()
        self.get = {key: _getter(n) for n, key in enumerate(types)}
        self.decoder = msgspec.json.Decoder(list[self.struct])  # type: ignore[name-defined] # made at run time
        self._single = msgspec.json.Decoder(self.struct)

    def fits(self, text: msgspec.Raw) -> bool:
        """Whether that JSON is such an object."""
        try:
            self._single.decode(text)
        except msgspec.MsgspecError:
            return False
        return True


def _getter(number: int) -> Callable[[Objects], Objects]:
    """What gives the values of a struct's n-th field in many objects.

    A comprehension of its own for each field of each struct: the interpreter learns where the field
    lies, and takes a third of the time of `attrgetter`.
    """
    getter: Callable[[Objects], Objects] = eval(  # noqa: S307 - no text from outside
        f"lambda objects: [each.f{number} for each in objects]"
    )
    return getter


# --- where convert finds values


class _Structs:
    """Records as structs. An object that is absent is empty: its fields are absent too."""

    def __init__(self, objects: Objects, made: _Made) -> None:
        self.misfits: Misfits = {}
        self._found: dict[tuple[str, ...], tuple[Objects, _Made]] = {(): (objects, made)}

    def __len__(self) -> int:
        return len(self._found[()][0])

    def values(self, field: Field) -> list[Any]:
        objects, made, leaf = self._at(field)
        return made.get[leaf](objects)

    def json(self, field: Field, country: str) -> pa.Array:
        return json_array(self.values(field), country)

    def elements(self, field: Field) -> Elements:
        _, made, leaf = self._at(field)
        lists = self.values(field)
        present = [each or () for each in lists]
        ends = np.cumsum(list(map(len, present)), dtype=np.int32)
        return Elements(
            np.concatenate((np.zeros(1, np.int32), ends)),
            np.array([each is None for each in lists], np.bool_),
            _Structs(list(chain.from_iterable(present)), made.lists[leaf]),
        )

    def leftovers(self, _fields: tuple[Field, ...]) -> Leftovers:
        return _Columns(dict(sorted(self._unnamed(()))), len(self))

    def _unnamed(self, path: tuple[str, ...]) -> Iterator[tuple[str, list[Any]]]:
        """What no field names, by dotted path: a value for each row, None where there is none."""
        objects, made = self._under(path)
        prefix = ".".join((*path, ""))
        for key in made.unnamed:
            yield prefix + key, made.get[key](objects)
        for key, twin in made.twins.items():
            values, others = (made.get[name](objects) for name in (key, twin))
            if values != others:
                yield prefix + key, list(map(_differing, values, others))
        for key in made.branches:
            yield from self._unnamed((*path, key))

    def _at(self, field: Field) -> tuple[Objects, _Made, str]:
        *branches, leaf = field.steps
        return *self._under(tuple(branches)), leaf

    def _under(self, path: tuple[str, ...]) -> tuple[Objects, _Made]:
        found = self._found.get(path)
        if found is None:
            objects, made = self._under(path[:-1])
            below = made.branches[path[-1]]
            absent = below.empty
            found = self._found[path] = (
                [absent if each is None else each for each in made.get[path[-1]](objects)],
                below,
            )
        return found


def _differing(value: Any, other: Any) -> Any:
    """A value that is not what it mostly repeats, as JSON text; None where it does."""
    return None if value is UNSET or value == other else msgspec.Raw(msgspec.json.encode(value))


@dataclass(frozen=True)
class _Columns:
    """Leftovers by name: a value for each row, None where there is none."""

    values: dict[str, list[Any]]
    size: int

    def by_row(self) -> Extras:
        extras: Extras = {}
        for name, values in self.values.items():
            for row, value in enumerate(values):
                if value is not None:
                    extras.setdefault(row, {})[name] = value
        return extras

    def objects(self) -> list[Any]:
        if not self.values:
            return [None] * self.size
        return list(map(written(tuple(self.values)), *self.values.values()))

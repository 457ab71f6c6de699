"""Records of a platform, or columns of a file, as rows of a stream's Arrow schema.

Belongs here: finding a field's value in a record, `_extra`, and setting misfits apart. Does not:
what a value of a kind may look like (`cast`), hashing (`personal`), files.

A record either becomes exactly one row or exactly one `Rejected`: rows + rejected = records in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake import personal
from pipelines.lake.batch import Batch, Rejected
from pipelines.lake.cast import Values, cast, shown
from pipelines.lake.schema import HASH_NORMS, Field, Schema

Objects = list[dict[str, Any]]
# The first misfit of each row: the field's path and the reason.
Misfits = dict[int, tuple[str, str]]
# What no field names, by row and dotted path.
Extras = dict[int, dict[str, Any]]
Offsets: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]

_EMPTY: dict[str, Any] = {}
_NONE = type(None)
_ENCODER = msgspec.json.Encoder()
_LINE_BREAK = ord("\n")

_REMEDIES = {
    "money": "Correct the amount at its source (or the mapping's decimal sign)",
    "integer": "Correct the number at its source (or the field's kind)",
    "number": "Correct the number at its source (or the field's kind)",
    "timestamp": "Write times as ISO 8601 (or give the mapping a format)",
    "date": "Write dates as yyyy-mm-dd (or give the mapping a format)",
    "boolean": "Write true or false (or correct the field's kind)",
}
_REMEDY = "Correct the value at its source, or the field's kind and path in its stream"
_AGAIN = "; then read the day again, or replay the quarantine."
MISSING = "missing"


def convert_records(
    schema: Schema, records: Sequence[Any], context: Mapping[str, str], *, place: str
) -> Batch:
    """Decoded JSON records as a batch of that schema.

    - `schema`: the stream's schema; each field is looked up by its path.
    - `records`: objects as `msgspec.json.decode` gives them.
    - `context`: what the account knows and a record does not: `account_id`, `timezone` (IANA; zone
      of times without an offset), `currency`, and optionally `country` (ISO 3166 alpha-2; tells how
      to read a local phone number). Fields whose path begins with `@` come from it.
    - `place`: where the records were, for the reader of a misfit: "page 3" becomes
      "page 3, record 17".

    A field that asks the context for something that it does not have raises KeyError.
    """
    objects = [record if isinstance(record, dict) else _EMPTY for record in records]
    part = _build(schema.fields, _Records(objects), context)
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            part.misfits[row] = ("", f"{shown(record)} is not an object")
    return _batch(
        schema,
        part,
        context,
        place=lambda row: f"{place}, record {row + 1}",
        record=lambda row: records[row],
    )


def convert_columns(
    schema: Schema,
    columns: pa.Table,
    context: Mapping[str, str],
    *,
    place: Callable[[int], str],
) -> Batch:
    """A table of text, or of a typed file's own types, as a batch of that schema.

    A column named like a field holds that field's values; otherwise, and where that column is a
    struct, the field's path is followed through struct columns (as in GA4's export). Text is cast
    by the same rules as JSON values, so a CSV reader may hand over strings only. Columns that no
    field names go to `_extra`.
    `place(i)` says where row `i` of the table was ("orders.csv row 17").
    """
    source = _Columns(_as_struct(columns), schema.fields)
    part = _build(schema.fields, source, context)
    return _batch(
        schema,
        part,
        context,
        place=place,
        record=lambda row: _record_of_row(schema, columns.slice(row, 1).to_pylist()[0]),
    )


def records_of(schema: Schema, rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as records again: `convert_records` makes the same rows of them.

    Personal data stays hashed; what was in `_extra` returns under its dotted path.
    """
    return [_record_of_fields(schema.fields, row) for row in rows.to_pylist()]


def json_text(value: Any, country: str = "") -> str:
    """Compact JSON of a value with personal data hashed; keys stay in their order."""
    return _ENCODER.encode(personal.scrub(value, country)).decode()


# --- where values come from


class Source(Protocol):
    """Something that fields can be looked up in: decoded objects, or Arrow columns."""

    misfits: Misfits

    def __len__(self) -> int: ...

    def values(self, field: Field) -> Values:
        """The field's value in every row."""

    def json(self, field: Field, country: str) -> pa.Array:
        """The field's value in every row as JSON text with personal data hashed."""

    def elements(self, field: Field) -> Elements:
        """The elements of a list field in every row."""

    def leftovers(self, fields: tuple[Field, ...]) -> Leftovers:
        """What the fields do not name."""


class Leftovers(Protocol):
    """What no field names, of every row; names in order."""

    @property
    def names(self) -> Set[str]:
        """The names in it, at most."""

    def by_row(self) -> Extras:
        """It by row, for those that have any."""

    def texts(self, country: str) -> pa.Array:
        """It as a JSON object for each row; an empty one or NULL where there is nothing."""


@dataclass(frozen=True)
class Elements:
    """The lists of one column: where each row's elements begin, which rows have none, and all."""

    offsets: Offsets
    missing: np.ndarray[Any, np.dtype[np.bool_]]
    items: Source


@dataclass
class _Tree:
    """The keys under which fields are found: whole (`leaves`) or deeper (`branches`)."""

    branches: dict[str, _Tree] = field(default_factory=dict)
    leaves: set[str] = field(default_factory=set)


@lru_cache(maxsize=256)
def _tree(fields: tuple[Field, ...]) -> _Tree:
    root = _Tree()
    for each in fields:
        if each.path.startswith("@"):
            continue
        *branches, leaf = each.steps
        node = root
        for step in branches:
            node = node.branches.setdefault(step, _Tree())
        node.leaves.add(leaf)
    return root


def _known(node: _Tree) -> Iterator[tuple[str, _Tree]]:
    """The branches that must be looked into: those that no field takes whole."""
    return ((key, child) for key, child in node.branches.items() if key not in node.leaves)


class _Records:
    """Decoded JSON objects. An object that is absent is empty: its fields are absent too."""

    def __init__(self, objects: Objects) -> None:
        self.misfits: Misfits = {}
        self._objects: dict[tuple[str, ...], Objects] = {(): objects}

    def __len__(self) -> int:
        return len(self._objects[()])

    def values(self, field: Field) -> list[Any]:
        *branches, leaf = field.steps
        return [each.get(leaf) for each in self._under(tuple(branches))]

    def json(self, field: Field, country: str) -> pa.Array:
        return json_array(self.values(field), country)

    def elements(self, field: Field) -> Elements:
        return _list_elements(self.values(field), ".".join(field.steps), self.misfits)

    def leftovers(self, fields: tuple[Field, ...]) -> Leftovers:
        extras: Extras = {}
        self._collect(_tree(fields), (), extras)
        return _Sparse(_in_order(extras), len(self))

    def _collect(self, node: _Tree, path: tuple[str, ...], extras: Extras) -> None:
        known = node.leaves.union(node.branches)
        prefix = ".".join((*path, ""))
        for row, each in enumerate(self._under(path)):
            if not known.issuperset(each):
                extra = extras.setdefault(row, {})
                for key in each.keys() - known:
                    extra[prefix + key] = each[key]
        for key, child in _known(node):
            self._collect(child, (*path, key), extras)

    def _under(self, path: tuple[str, ...]) -> Objects:
        found = self._objects.get(path)
        if found is None:
            values = [each.get(path[-1]) for each in self._under(path[:-1])]
            found = self._objects[path] = self._objects_only(values, ".".join(path))
        return found

    def _objects_only(self, values: list[Any], path: str) -> Objects:
        if not set(map(type, values)) <= {dict, _NONE}:
            for row, value in enumerate(values):
                if value is not None and not isinstance(value, dict):
                    self.misfits.setdefault(row, (path, f"{shown(value)} is not an object"))
                    values[row] = None
        return [_EMPTY if value is None else value for value in values]


class _Columns:
    """Arrow columns: those of a file (found by a field's name or path), or of nested structs."""

    def __init__(self, columns: pa.StructArray, named: tuple[Field, ...]) -> None:
        self.misfits: Misfits = {}
        self._columns = columns
        types = {each.name: each.type for each in columns.type}
        # A struct is the value of a JSON field only; any other field is looked up inside it.
        self._named = {
            each.name
            for each in named
            if each.name in types
            and (each.kind == "json" or not pa.types.is_struct(types[each.name]))
        }

    def __len__(self) -> int:
        return len(self._columns)

    def values(self, field: Field) -> Values:
        array = self._array(field)
        if array is None:
            return pa.nulls(len(self))
        if field.kind == "json" and pa.types.is_string(array.type):
            return [None if text is None else _decoded(text) for text in array.to_pylist()]
        return array

    def json(self, field: Field, country: str) -> pa.Array:
        values = self.values(field)
        values = values.to_pylist() if isinstance(values, pa.Array) else values
        return json_array(values, country)

    def elements(self, field: Field) -> Elements:
        array = self._array(field)
        if array is not None and pa.types.is_list(array.type):
            items = array.type.value_type
            if pa.types.is_struct(items):
                return _arrow_elements(array)
        values: list[Any] = [None] * len(self) if array is None else array.to_pylist()
        values = [_decoded(value) if isinstance(value, str) else value for value in values]
        return _list_elements(values, field.name, self.misfits)

    def leftovers(self, fields: tuple[Field, ...]) -> Leftovers:
        extras: Extras = {}
        unnamed = tuple(each for each in fields if each.name not in self._named)
        self._collect(_tree(unnamed), self._columns, "", self._named, extras)
        return _Sparse(_in_order(extras), len(self))

    def _array(self, field: Field) -> pa.Array | None:
        array = self._columns
        for step in (field.name,) if field.name in self._named else field.steps:
            if not pa.types.is_struct(array.type) or array.type.get_field_index(step) < 0:
                return None
            array = pc.struct_field(array, step)
        return array

    def _collect(
        self, node: _Tree, array: pa.StructArray, prefix: str, taken: set[str], extras: Extras
    ) -> None:
        branches = dict(_known(node))
        for name in (each.name for each in array.type):
            if name in taken or name in node.leaves:
                continue
            child = pc.struct_field(array, name)
            if name in branches and pa.types.is_struct(child.type):
                self._collect(branches[name], child, f"{prefix}{name}.", set(), extras)
            elif child.null_count < len(child):
                for row, value in enumerate(child.to_pylist()):
                    if value is not None:
                        extras.setdefault(row, {})[prefix + name] = value


def _as_struct(columns: pa.Table) -> pa.StructArray:
    arrays = [
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks)
        if column.num_chunks
        else pa.array([], column.type)
        for column in columns.columns
    ]
    if not arrays:
        return pa.array([{}] * columns.num_rows, pa.struct([]))
    return pa.StructArray.from_arrays(arrays, names=columns.column_names)


def _decoded(text: str) -> Any:
    """A cell of JSON text as its value; text that is no JSON stays text. Blank is no value."""
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError):
        return text


def _list_elements(values: list[Any], path: str, misfits: Misfits) -> Elements:
    for row, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, list | tuple):
            misfits.setdefault(row, (path, f"{shown(value)} is not a list"))
            values[row] = None
        elif not all(isinstance(item, dict) for item in value):
            misfits.setdefault(row, (path, "an element is not an object"))
            values[row] = None
    lengths = np.fromiter((len(value or ()) for value in values), np.int64, len(values))
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    missing = np.fromiter((value is None for value in values), np.bool_, len(values))
    return Elements(
        offsets, missing, _Records([item for value in values if value for item in value])
    )


def _arrow_elements(array: pa.ListArray) -> Elements:
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return Elements(offsets, missing, _Columns(array.flatten(), ()))


@dataclass(frozen=True)
class _Sparse:
    """Leftovers of few rows, or with ever other names."""

    extras: Extras
    size: int

    @property
    def names(self) -> Set[str]:
        return {name for extra in self.extras.values() for name in extra}

    def by_row(self) -> Extras:
        return self.extras

    def texts(self, country: str) -> pa.Array:
        if not self.extras:
            return pa.nulls(self.size, pa.string())
        return json_array([self.extras.get(row) for row in range(self.size)], country)


# --- from values to columns


@dataclass
class _Part:
    """The columns of some fields, with what did not fit and what no field names.

    `more` is what no column has room for: an unreadable address, what a list's elements have.
    """

    leftovers: Leftovers
    arrays: list[pa.Array] = field(default_factory=list)
    misfits: Misfits = field(default_factory=dict)
    more: Extras = field(default_factory=dict)

    def misfit(self, row: int, path: str, reason: str) -> None:
        self.misfits.setdefault(row, (path, reason))

    def keep(self, row: int, path: str, value: Any) -> None:
        self.more.setdefault(row, {})[path] = value

    def unnamed(self) -> Extras:
        """All of it, by row."""
        extras = self.leftovers.by_row()
        return {**extras, **self._merged(extras)}

    def texts(self, country: str) -> pa.Array:
        """All of it as a JSON object for each row; NULL where there is none."""
        texts = self.leftovers.texts(country)
        if self.more:
            merged = self._merged(self.leftovers.by_row())
            rows = np.isin(np.arange(len(texts)), list(merged))
            written = json_array(list(merged.values()), country)
            texts = pc.replace_with_mask(texts, pa.array(rows), written)
        return _null_where(texts, "{}")

    def _merged(self, extras: Extras) -> Extras:
        """What rows with more than their leftovers have, in the order of rows."""
        return _in_order(
            {row: {**extras.get(row, {}), **self.more[row]} for row in sorted(self.more)}
        )


def _in_order(extras: Extras) -> Extras:
    """The same with each row's names in order."""
    return {row: {name: extra[name] for name in sorted(extra)} for row, extra in extras.items()}


def _build(fields: tuple[Field, ...], source: Source, context: Mapping[str, str]) -> _Part:
    part = _Part(source.leftovers(fields))
    for each in fields:
        arrays = _arrays(each, source, context, part)
        if each.required:
            _require(each, arrays[0], part)
        part.arrays.extend(arrays)
    # What has the wrong shape is why what lies within it is missing.
    part.misfits = {**part.misfits, **source.misfits}
    return part


def _arrays(
    field: Field, source: Source, context: Mapping[str, str], part: _Part
) -> list[pa.Array]:
    """The Arrow column or columns of one field."""
    if field.path.startswith("@"):
        return [pa.repeat(pa.scalar(_from_context(field, context), pa.string()), len(source))]
    if field.kind == "list":
        return [_list_array(field, source, context, part)]
    if field.kind == "json":
        return [source.json(field, personal.country_of(context))]
    values = source.values(field)
    if field.kind in ("email", "phone"):
        return _hash_arrays(field, values, personal.country_of(context), part)
    column = cast(field.kind, values, context.get("timezone", "UTC"), scale=field.scale)
    for row, reason in column.misfits.items():
        part.misfit(row, ".".join(field.steps), reason)
    return [column.array]


def _from_context(field: Field, context: Mapping[str, str]) -> str:
    name = field.path[1:]
    if name not in context:
        known = ", ".join(sorted(context)) or "nothing"
        raise KeyError(f"field {field.name!r} needs {name!r} of the account; known: {known}")
    return context[name]


def _require(field: Field, array: pa.Array, part: _Part) -> None:
    if array.null_count:
        for row in np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)):
            part.misfit(int(row), ".".join(field.steps), MISSING)


def json_array(values: Sequence[Any], country: str) -> pa.Array:
    """Each value as JSON text, keys in their order; otherwise as `json_lines`."""
    try:
        lines = _ENCODER.encode_lines(values)
    except (TypeError, ValueError):
        texts = pa.array([json_text(value, country) for value in values], pa.string())
        return _null_where(texts, "null")
    return json_lines(lines, country)


def json_lines(lines: bytes, country: str) -> pa.Array:
    """Lines of JSON as texts with personal data hashed; NULL for JSON's null."""
    texts = _split(lines)
    found = personal.may_be_personal(texts)
    if pc.any(found).as_py():
        looked_at = map(msgspec.json.decode, texts.filter(found).to_pylist())
        hashed = [json_text(value, country) for value in looked_at]
        texts = pc.replace_with_mask(texts, found, pa.array(hashed, pa.string()))
    return _null_where(texts, "null")


def _split(lines: bytes) -> pa.Array:
    """Lines, each with its line break, as an array of them."""
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == _LINE_BREAK)
    # Those before a line are taken out.
    offsets = np.concatenate(([0], ends - np.arange(len(ends)))).astype(np.int32)
    text = pa.py_buffer(lines.replace(b"\n", b""))
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), text)


def _null_where(texts: pa.Array, nothing: str) -> pa.Array:
    """The texts, NULL where they say that there is nothing."""
    found = pc.equal(texts, nothing)
    if not pc.any(found).as_py():
        return texts
    return pc.if_else(found, pa.scalar(None, pa.string()), texts)


def _hash_arrays(field: Field, values: Values, country: str, part: _Part) -> list[pa.Array]:
    """One column of hashes per norm. What is no address at all is NULL, and opaque in `_extra`."""
    texts = cast_personal(values)
    plain = {text for text in texts if text is not None}
    known = {text: _hashes(field, text, country) for text in plain}
    if None in known.values():
        for row, text in enumerate(texts):
            if text is not None and known[text] is None:
                part.keep(row, ".".join(field.steps), personal.opaque(text))
    found = [None if text is None else known[text] for text in texts]
    return [
        pa.array([hashes and hashes[norm] for hashes in found], pa.string())
        for norm in range(len(HASH_NORMS))
    ]


def cast_personal(values: Values) -> list[str | None]:
    """Personal values as trimmed text, whatever they came as; blank is None."""
    plain = values.to_pylist() if isinstance(values, pa.Array) else values
    return [None if value is None else str(value).strip() or None for value in plain]


def _hashes(field: Field, text: str, country: str) -> personal.Hashes | None:
    if field.kind == "email":
        return personal.email_hashes(text)
    return personal.phone_hashes(text, country)


def _list_array(
    field: Field, source: Source, context: Mapping[str, str], part: _Part
) -> pa.ListArray:
    """A list of structs: its elements are built as rows are, and told which row they belong to."""
    elements = source.elements(field)
    child = _build(field.fields, elements.items, context)
    _hand_up(child, elements.offsets, ".".join(field.steps), part)
    columns = [column for each in field.fields for column in each.columns]
    items = pa.StructArray.from_arrays(child.arrays, fields=columns)
    return pa.ListArray.from_arrays(
        pa.array(elements.offsets, pa.int32()),
        items,
        type=field.columns[0].type,
        mask=pa.array(elements.missing),
    )


def _hand_up(child: _Part, offsets: Offsets, path: str, part: _Part) -> None:
    """Tell each row what became of its elements: misfits, and what no column has room for."""
    unnamed = child.unnamed()
    if not child.misfits and not unnamed:
        return
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)).tolist()
    for item, (name, reason) in child.misfits.items():
        part.misfit(owners[item], f"{path}.{name}", reason)
    for item, extra in unnamed.items():
        row = owners[item]
        for name, value in extra.items():
            part.keep(row, f"{path}[{item - int(offsets[row])}].{name}", value)


# --- from columns to a batch


def rows_of(schema: Schema, source: Source, context: Mapping[str, str]) -> Batch | None:
    """The rows of a source, if each of its records becomes one."""
    part = _build(schema.fields, source, context)
    if part.misfits:
        return None
    names = set(part.leftovers.names).union(*part.more.values())
    rows = _table(schema, part, personal.country_of(context))
    return Batch(rows, extra_names=frozenset(names))


def _table(schema: Schema, part: _Part, country: str) -> pa.Table:
    return pa.Table.from_arrays([*part.arrays, part.texts(country)], schema=schema.arrow)


def _batch(
    schema: Schema,
    part: _Part,
    context: Mapping[str, str],
    *,
    place: Callable[[int], str],
    record: Callable[[int], Any],
) -> Batch:
    country = personal.country_of(context)
    rows = _table(schema, part, country)
    size = rows.num_rows
    if not part.misfits:
        return Batch(rows)
    fits = np.ones(size, np.bool_)
    fits[list(part.misfits)] = False
    kinds = _kinds(schema.fields)
    rejected = tuple(
        Rejected(
            field=path,
            reason=reason,
            remedy=_remedy(kinds.get(path, ""), reason),
            place=place(row),
            record=rejected_text(schema, record(row), country),
        )
        for row, (path, reason) in sorted(part.misfits.items())
    )
    return Batch(rows.filter(pa.array(fits)), rejected)


def _remedy(kind: str, reason: str) -> str:
    if reason == MISSING:
        return "Give the field a value at its source, or make it optional in its stream" + _AGAIN
    return _REMEDIES.get(kind, _REMEDY) + _AGAIN


def _kinds(fields: tuple[Field, ...], prefix: str = "") -> dict[str, str]:
    kinds: dict[str, str] = {}
    for each in fields:
        path = prefix + ".".join(each.steps)
        kinds[path] = each.kind
        kinds.update(_kinds(each.fields, f"{path}."))
    return kinds


def rejected_text(schema: Schema, record: Any, country: str) -> str:
    """A record's JSON text for quarantine: what is or looks like personal data is hashed."""
    hidden = _hide(schema.fields, record, country) if isinstance(record, dict) else record
    return _ENCODER.encode(personal.scrub(hidden, country)).decode()


def _hide(fields: tuple[Field, ...], record: dict[str, Any], country: str) -> dict[str, Any]:
    """The record with the fields that are declared personal hashed; nothing else is touched."""
    for each in fields:
        if each.kind in ("email", "phone") or (each.kind == "list" and each.fields):
            record = _replaced(record, each.steps, partial(_hidden, each, country))
    return record


def _hidden(field: Field, country: str, value: Any) -> Any:
    """The value of a personal field hashed, or of a list field with the elements' fields hashed."""
    if field.kind == "list":
        if not isinstance(value, list | tuple):
            return value
        return [
            _hide(field.fields, item, country) if isinstance(item, dict) else item for item in value
        ]
    text = str(value).strip()
    if not text:
        return value
    hashes = _hashes(field, text, country)
    return personal.as_text(hashes) if hashes else personal.opaque(text)


def _replaced(
    record: dict[str, Any], steps: tuple[str, ...], change: Callable[[Any], Any]
) -> dict[str, Any]:
    """A copy of the record in which the value at that path, if there is one, is changed."""
    value = record.get(steps[0])
    if value is None:
        return record
    if len(steps) == 1:
        return {**record, steps[0]: change(value)}
    if not isinstance(value, dict):
        return record
    return {**record, steps[0]: _replaced(value, steps[1:], change)}


# --- from rows back to records


def _record_of_row(schema: Schema, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a file as a record: columns named like a field move to that field's path."""
    named = [
        each
        for each in schema.fields
        if each.name in row and (each.kind == "json" or not isinstance(row[each.name], dict))
    ]
    record = {name: value for name, value in row.items() if name not in {f.name for f in named}}
    for each in named:
        value = row[each.name]
        if isinstance(value, str) and each.kind in ("json", "list"):
            value = _decoded(value)
        if value is not None and not each.path.startswith("@"):
            _put(record, each.steps, value)
    return record


def _record_of_fields(fields: tuple[Field, ...], row: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for each in fields:
        if each.path.startswith("@"):
            continue
        value = _value_of(each, row)
        if value is not None:
            _put(record, each.steps, value)
    extra = row.get("_extra")
    for name, value in (msgspec.json.decode(extra) if extra else {}).items():
        record.setdefault(name, value)
    return record


def _value_of(field: Field, row: Mapping[str, Any]) -> Any:
    if field.kind in ("email", "phone"):
        hashes = [row[column.name] for column in field.columns]
        return None if None in hashes else personal.as_text((hashes[0], hashes[1]))
    value = row[field.name]
    if value is None:
        return None
    if field.kind == "list":
        return [_record_of_fields(field.fields, item) for item in value]
    if field.kind == "json":
        return msgspec.json.decode(value)
    if field.kind == "timestamp":
        return value.isoformat() + "Z"
    return format(value.scaleb(field.scale), "f") if field.kind == "money" else value


def _put(record: dict[str, Any], steps: Sequence[str], value: Any) -> None:
    for step in steps[:-1]:
        inner = record.get(step)
        if not isinstance(inner, dict):
            inner = record[step] = {}
        record = inner
    record[steps[-1]] = value

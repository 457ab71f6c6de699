"""The column kinds of the lake and the schemas built of them.

Belongs here: what a column is called, what it means, which Arrow type it has, and where in a
platform's record it is found. Does not: turning values into that type (`convert`), or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

Kind = Literal[
    "text",
    "integer",
    "number",
    "money",
    "boolean",
    "timestamp",
    "date",
    "json",
    "email",
    "phone",
    "list",
]

# Six places hold the micro-units in which X and Google bill; 18 digits stay one machine word in
# DuckDB, and leave room for a trillion rupiah in one row.
MONEY = pa.decimal128(18, 6)
# Instants are stored in UTC without a zone, so that DuckDB, Spark and BI tools read the same value.
INSTANT = pa.timestamp("us")

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "money": MONEY,
    "boolean": pa.bool_(),
    "timestamp": INSTANT,
    "date": pa.date32(),
    "json": pa.string(),
}

# The two norms that advertising platforms ask of a hashed address differ (dots in Gmail names, the
# plus of a phone number), so each personal field becomes two columns.
HASH_NORMS = ("meta", "google")


@dataclass(frozen=True)
class Field:
    """One column: its name, kind, meaning and place in a platform's record.

    `path` is dotted (`totalPriceSet.shopMoney.amount`). A path that begins with `@` is not looked
    up in the record but filled from its account: `@account_id`, `@currency`, `@timezone`.
    An `email` or `phone` field becomes one SHA-256 column per norm of `HASH_NORMS`
    (`email` -> `email_sha256_meta`, `email_sha256_google`); its plain text never leaves `convert`.
    A `list` field holds one struct of `fields` per element. A `required` field must not be NULL: a
    record without it goes to quarantine. `scale` is how many decimal places a `money` field's
    values are shifted by.
    """

    name: str
    kind: Kind
    description: str
    path: str = ""
    required: bool = False
    fields: tuple[Field, ...] = ()
    scale: int = 0

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The path as the keys to follow, one after another."""
        return tuple((self.path or self.name).split("."))

    @cached_property
    def columns(self) -> tuple[pa.Field, ...]:
        """The Arrow column or columns that this field becomes."""
        metadata = {"description": self.description}
        if self.kind in ("email", "phone"):
            return tuple(
                pa.field(f"{self.name}_sha256_{norm}", pa.string(), metadata=metadata)
                for norm in HASH_NORMS
            )
        if self.kind == "list":
            item = pa.struct([column for field in self.fields for column in field.columns])
            return (pa.field(self.name, pa.list_(item), metadata=metadata),)
        return (pa.field(self.name, ARROW_TYPES[self.kind], metadata=metadata),)


@dataclass(frozen=True)
class Schema:
    """The columns of one stream, in order, with `_extra` last.

    `_extra` is a JSON object of every key that the record had and no field names, or NULL.
    """

    fields: tuple[Field, ...]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of a stream's files; descriptions are in each column's metadata."""
        columns = [column for field in self.fields for column in field.columns]
        extra = pa.field(
            "_extra", pa.string(), metadata={"description": "Fields not yet modelled, as JSON."}
        )
        return pa.schema([*columns, extra])

    def __getitem__(self, name: str) -> Field:
        """The field of that name; KeyError names the known ones."""
        for field in self.fields:
            if field.name == name:
                return field
        known = ", ".join(field.name for field in self.fields)
        raise KeyError(f"no field {name!r}; known: {known}")


def schema(*fields: Field) -> Schema:
    """A schema of these fields."""
    return Schema(fields)


def text(name: str, description: str, path: str = "", *, required: bool = False) -> Field:
    """Text. Ids are text too: numbers become their digits, so none loses precision."""
    return Field(name, "text", description, path, required)


def integer(name: str, description: str, path: str = "", *, required: bool = False) -> Field:
    """A 64-bit whole number; numeric strings are read."""
    return Field(name, "integer", description, path, required)


def number(name: str, description: str, path: str = "") -> Field:
    """A double, for what is not money and not counted."""
    return Field(name, "number", description, path)


def money(
    name: str, description: str, path: str = "", *, required: bool = False, scale: int = 0
) -> Field:
    """An exact amount in major units of the row's currency.

    A platform that counts in smaller units gives their size as `scale`: 6 for micros, 2 for cents.
    """
    return Field(name, "money", description, path, required, scale=scale)


def boolean(name: str, description: str, path: str = "") -> Field:
    """True, false or unknown."""
    return Field(name, "boolean", description, path)


def timestamp(name: str, description: str, path: str = "", *, required: bool = False) -> Field:
    """An instant in UTC. Offsets are honoured; text without one is in the account's zone."""
    return Field(name, "timestamp", description, path, required)


def day(name: str, description: str, path: str = "", *, required: bool = False) -> Field:
    """A calendar day on the basis that the description names."""
    return Field(name, "date", description, path, required)


def json(name: str, description: str, path: str = "") -> Field:
    """A part of the record kept as its JSON text."""
    return Field(name, "json", description, path)


def email(name: str, description: str, path: str = "") -> Field:
    """An e-mail address, landed only as its hashes."""
    return Field(name, "email", description, path)


def phone(name: str, description: str, path: str = "") -> Field:
    """A phone number, landed only as its hashes."""
    return Field(name, "phone", description, path)


def nested(name: str, description: str, path: str = "", *fields: Field) -> Field:
    """A list of structs, such as the lines of an order. `path` leads to the list."""
    return Field(name, "list", description, path, fields=fields)

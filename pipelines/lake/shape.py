"""What a platform's JSON looks like, learned from what came: types to decode the next page by.

Belongs here: what was seen at a place, and the type that admits exactly that. Does not: which
places are fields of a stream (`packed`).

Decoding into a type costs a quarter of decoding into dicts, since no key is made an object and no
dict is filled. The type decides nothing about the outcome: what does not fit it is decoded in the
general way, and learned from.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import msgspec

from pipelines.lake import personal

Type: TypeAlias = Any

SCALAR: Type = str | int | float | bool | None
# An object with more keys is a map (of dates, of ids): every page would bring new ones.
MOST_KEYS = 64
DEEPEST = 8
_UNNAMEABLE = re.compile(r"[\x00-\x1f\"\\]")
# How unknown fields are told from those that are null.
UNSET = msgspec.UNSET


class Shape:
    """The values that one place has had."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._scalar = False
        self._items: Shape | None = None
        self._keys: dict[str, Shape] | None = None

    def learn(self, value: Any) -> bool:
        """Take note of one more value; whether that changes what the type admits."""
        before = self._scalar, self._items is None, self._keys is None
        new = False
        if isinstance(value, dict):
            self._keys = keys = {} if self._keys is None else self._keys
            for key, inner in value.items():
                new |= self._learn_key(keys, key, inner)
        elif isinstance(value, list):
            self._items = self._items or Shape(self._depth + 1)
            if self._depth < DEEPEST:
                new = sum(map(self._items.learn, value)) > 0
        elif value is not None:
            self._scalar = True
        return new or before != (self._scalar, self._items is None, self._keys is None)

    def _learn_key(self, keys: dict[str, Shape], key: str, value: Any) -> bool:
        if key in keys:
            return keys[key].learn(value)
        if not can_be_named(key):
            # Of two sorts at once: only Any admits that.
            self._scalar = True
            return False
        if len(keys) > MOST_KEYS or self._depth >= DEEPEST:
            return False
        shape = keys[key] = Shape(self._depth + 1)
        shape.learn(value)
        return True

    @property
    def known(self) -> bool:
        """True where the type names every key: nothing that it admits has another."""
        sorts = self._scalar + (self._items is not None) + (self._keys is not None)
        return sorts <= 1 and self._depth < DEEPEST and len(self._keys or ()) <= MOST_KEYS

    @property
    def sorts(self) -> bool:
        """True where every key is known, so that all are encoded in order."""
        return self.known and all(shape.sorts for shape in self._below())

    @property
    def plain(self) -> bool:
        """True where every key is known and none sounds like personal data."""
        named = not any(map(personal.is_personal_key, self._keys or ()))
        return self.known and named and all(shape.plain for shape in self._below())

    def _below(self) -> list[Shape]:
        return [*(self._keys or {}).values(), *([self._items] if self._items else [])]

    def type(self) -> Type:
        """A type that admits what came so far, and null."""
        if not self.known:
            return Any
        if self._keys is not None:
            # Sorted, so that encoding writes them so.
            fields = {key: self._keys[key].type() for key in sorted(self._keys)}
            return struct(fields, dict.fromkeys(fields, UNSET)) | None
        if self._items is not None:
            return list[self._items.type()] | None  # type: ignore[misc] # made at run time
        return SCALAR if self._scalar else None


def can_be_named(key: str) -> bool:
    """Whether a struct can have a field of that name: no quote, backslash or control in it."""
    return _UNNAMEABLE.search(key) is None


def struct(types: dict[str, Type], defaults: dict[str, Any]) -> type[msgspec.Struct]:
    """A struct with those keys and no other; its fields are `f0`, `f1`… in that order."""
    names = {f"f{n}": key for n, key in enumerate(types)}
    return msgspec.defstruct(
        "Object",
        [
            (
                name,
                types[key] | msgspec.UnsetType if defaults[key] is UNSET else types[key],
                defaults[key],
            )
            for name, key in names.items()
        ],
        rename=names,
        forbid_unknown_fields=True,
        # No value that is decoded refers back to what holds it.
        gc=False,
    )

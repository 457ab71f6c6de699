"""Types made at run time to decode and write JSON by: objects with certain keys and no other.

Belongs here: making such a type. Does not: which keys a stream's objects have (`packed`), which an
answer has (`connectors.envelope`).

Decoding into a type costs a quarter of decoding into dicts, since no key is made an object and no
dict is filled. The type decides nothing about the outcome: what does not fit it is decoded in the
general way, and learned from.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

Type: TypeAlias = Any

# An object with more keys is a map (of dates, of ids): every page would bring new ones.
MOST_KEYS = 64
_UNNAMEABLE = re.compile(r"[\x00-\x1f\"\\]")
# How fields that are not there are told from those that are null.
UNSET = msgspec.UNSET


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


@lru_cache(maxsize=256)
def written(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A struct that is written as an object with those names, less those that are None."""
    return msgspec.defstruct(
        "Object",
        [(f"f{n}", Any, None) for n in range(len(names))],
        rename={f"f{n}": name for n, name in enumerate(names)},
        omit_defaults=True,
        gc=False,
    )

"""Answers of which the records stay JSON text: what is around them is decoded, they are skipped.

Belongs here: taking an answer apart. Does not: what is in it (`read`, `pipelines.lake.packed`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from pipelines.lake.shape import MOST_KEYS, UNSET, Type, can_be_named, struct

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@lru_cache(maxsize=256)
def envelope(path: tuple[str, ...]) -> Envelope:
    """The envelope of answers with records at that path."""
    return Envelope(path)


def _compact(content: bytes) -> bytes:
    """The answer without line breaks, which some platforms write for people.

    Text that is kept undecoded must be valid too: raises msgspec.DecodeError where it is not UTF-8.
    """
    if not content.isascii():
        try:
            str(content, "utf-8")
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError(str(error)) from error
    return msgspec.json.format(content, indent=-1) if b"\n" in content else content


class Envelope:
    """Decodes answers to dicts with a list at `path`, of which each item is left `msgspec.Raw`.

    What stands beside the path is learned from answers, so that one with anything new is decoded
    in the general way; then, and where there is no list at the path, the outcome is what
    `msgspec.json.decode` gives.
    """

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._beside: list[set[str]] = [set() for _ in path]
        self._lock = threading.Lock()
        self._made = self._make()

    def decode(self, content: bytes) -> Any:
        """The answer, items without line breaks; raises msgspec.DecodeError where it is no JSON."""
        content = _compact(content)
        body, fits = self._typed(content)
        if not fits and self._learn(content):
            body, fits = self._typed(content)
        return body if fits else msgspec.json.decode(content)

    def _typed(self, content: bytes) -> tuple[Any, bool]:
        decoder, keys = self._made
        try:
            found = decoder.decode(content)
        except msgspec.ValidationError:
            return None, False
        return self._as_dict(found, keys, 0), True

    def _as_dict(self, found: Any, keys: list[list[str]], depth: int) -> Any:
        if depth == len(keys) or found is None:
            return found
        values = (getattr(found, name) for name in found.__struct_fields__)
        body = {
            key: value for key, value in zip(keys[depth], values, strict=True) if value is not UNSET
        }
        step = self._path[depth]
        if step in body:
            body[step] = self._as_dict(body[step], keys, depth + 1)
        return body

    def _learn(self, content: bytes) -> bool:
        """Take note of what stands beside the path; whether anything was new."""
        new = False
        with self._lock:
            for (key, level), known in zip(self._levels(content), self._beside, strict=False):
                found = {name for name in level if name != key and can_be_named(name)} - known
                if len(known) + len(found) <= MOST_KEYS:
                    known |= found
                    new |= bool(found)
            if new:
                self._made = self._make()
        return new

    def _levels(self, content: bytes | msgspec.Raw) -> Iterator[tuple[str, dict[str, msgspec.Raw]]]:
        """The objects along the path, each with the key that leads on, as far as there are any."""
        for step in self._path:
            try:
                level = _OBJECT.decode(content)
            except msgspec.ValidationError:
                return
            yield step, level
            if step not in level:
                return
            content = level[step]

    def _make(self) -> tuple[msgspec.json.Decoder[Any], list[list[str]]]:
        made: Type = list[msgspec.Raw] | None
        keys: list[list[str]] = []
        for step, beside in reversed(list(zip(self._path, self._beside, strict=True))):
            types: dict[str, Type] = {step: made, **dict.fromkeys(sorted(beside), Any)}
            made = struct(types, dict.fromkeys(types, UNSET)) | None
            keys.insert(0, list(types))
        return msgspec.json.Decoder(made), keys

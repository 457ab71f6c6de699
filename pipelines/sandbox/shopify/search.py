"""Shopify's search syntax, as far as the sandbox's lists need it, over columns of arrays.

`updated_at:>='2026-01-01T00:00:00Z' AND (test:false OR name:SL*) NOT status:cancelled`

Belongs here: the grammar and its evaluation. Does not: which fields a list has (`catalogue`).
"""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
# A column that a query may name: its values, and what turns the query's text into such a value.
Column = tuple[npt.NDArray[Any], Callable[[str], Any]]

TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\()|(?P<close>\))|
        (?P<term>-?[A-Za-z_][\w.]*:(?:>=|<=|>|<|=)?(?:'[^']*'|"[^"]*"|[^\s()]+))|
        (?P<word>'[^']*'|"[^"]*"|[^\s()]+)
    )""",
    re.VERBOSE,
)
TERM = re.compile(r"(?P<field>[\w.]+):(?P<operator>>=|<=|>|<|=)?(?P<value>.*)", re.DOTALL)

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def instant(text: str) -> np.datetime64:
    """A query's point in time as naive UTC; text without an offset is taken to be UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "us")


def whole(text: str) -> int:
    """An id or a count; a global id gives its number."""
    return int(text.rpartition("/")[2])


def flag(text: str) -> bool:
    """True or false, in any case."""
    return text.lower() == "true"


def words(text: str) -> str:
    """Text as it is written."""
    return text


@dataclass
class Search:
    """A query over the columns of one list. `warnings` names the fields that it does not know."""

    columns: Mapping[str, Column]
    size: int
    warnings: list[str] = field(default_factory=list)

    def mask(self, query: str) -> Mask:
        """Which rows the query keeps. An unknown field is ignored with a warning, as there."""
        self._tokens = [match for match in TOKEN.finditer(query) if match.lastgroup]
        self._at = 0
        return self._either() if self._tokens else np.ones(self.size, dtype=bool)

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        match = self._tokens[self._at]
        return match.group(match.lastgroup or 0)

    def _next(self) -> str:
        text = self._peek()
        self._at += 1
        return text

    def _either(self) -> Mask:
        mask = self._both()
        while self._peek() == "OR":
            self._next()
            mask = mask | self._both()
        return mask

    def _both(self) -> Mask:
        mask = self._one()
        while self._peek() not in ("", "OR", ")"):
            if self._peek() == "AND":
                self._next()
            mask = mask & self._one()
        return mask

    def _one(self) -> Mask:
        text = self._next()
        if text == "NOT":
            return ~self._one()
        if text == "(":
            mask = self._either()
            self._next()
            return mask
        if text.startswith("-"):
            return ~self._term(text[1:])
        return self._term(text)

    def _term(self, text: str) -> Mask:
        match = TERM.fullmatch(text)
        column = self.columns.get(match["field"]) if match else None
        if match is None or column is None:
            self.warnings.append(match["field"] if match else text)
            return np.ones(self.size, dtype=bool)
        value = match["value"].strip("'\"")
        return _compared(column, match["operator"] or "=", value)


def _compared(column: Column, comparison: str, text: str) -> Mask:
    values, read = column
    if comparison in COMPARISONS:
        return np.asarray(COMPARISONS[comparison](values, read(text)), dtype=bool)
    choices = text.split(",")
    if "*" in text:
        patterns = [choice.lower() for choice in choices]
        return np.array([_like(str(value).lower(), patterns) for value in values], dtype=bool)
    return np.isin(values, np.array([read(choice) for choice in choices], dtype=values.dtype))


def _like(value: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)

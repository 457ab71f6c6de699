"""The part of the Google Ads query language that reads: select, from, where, order, limit.

Belongs here: the words of a query. Does not: which fields there are, or rows (`google_ads`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

QUERY = re.compile(
    r"(?is)\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<resource>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?"
    r"(?:\s+LIMIT\s+(?P<limit>\d+))?"
    r"(?:\s+PARAMETERS\s+.+)?\s*"
)
CONDITION = re.compile(
    r"(?is)\s*(?P<field>[\w.]+)\s*"
    r"(?:BETWEEN\s+(?P<low>'[^']*')\s+AND\s+(?P<high>'[^']*')"
    r"|IN\s*\((?P<values>[^)]*)\)"
    r"|(?P<operator>=|!=|>=|<=|>|<)\s*(?P<value>'[^']*'|[\w.]+))\s*"
)


class GaqlError(Exception):
    """A text that is no query."""


@dataclass(frozen=True)
class Condition:
    """A field and what it may be: one of `values`, or between them for `between`."""

    field: str
    operator: str
    values: tuple[str, ...]

    def holds(self, found: str) -> bool:
        """Whether a value, written as the query writes it, fulfils the condition."""
        match self.operator:
            case "between":
                return self.values[0] <= found <= self.values[1]
            case "in" | "=":
                return found in self.values
            case "!=":
                return found not in self.values
            case ">=":
                return found >= self.values[0]
            case "<=":
                return found <= self.values[0]
            case ">":
                return found > self.values[0]
        return found < self.values[0]


@dataclass(frozen=True)
class Query:
    """A query that was read."""

    fields: tuple[str, ...]
    resource: str
    conditions: tuple[Condition, ...]
    limit: int | None

    def of(self, field: str) -> tuple[Condition, ...]:
        """The conditions on that field."""
        return tuple(each for each in self.conditions if each.field == field)


def read(text: str) -> Query:
    """The query of that text; raises GaqlError where it is none."""
    found = QUERY.fullmatch(text)
    if found is None:
        raise GaqlError(f"unexpected input {text[:40]}.")
    fields = tuple(part.strip() for part in found["fields"].split(","))
    limit = int(found["limit"]) if found["limit"] else None
    return Query(fields, found["resource"].lower(), _conditions(found["where"] or ""), limit)


def _conditions(text: str) -> tuple[Condition, ...]:
    conditions: list[Condition] = []
    at = 0
    while at < len(text):
        found = CONDITION.match(text, at)
        if found is None:
            raise GaqlError(f"unexpected input {text[at : at + 40]}.")
        conditions.append(_condition(found))
        at = found.end()
        if joined := re.compile(r"(?i)AND\s+").match(text, at):
            at = joined.end()
        elif at < len(text):
            raise GaqlError(f"expecting AND, got {text[at : at + 20]}.")
    return tuple(conditions)


def _condition(found: re.Match[str]) -> Condition:
    if found["low"]:
        return Condition(found["field"], "between", (_bare(found["low"]), _bare(found["high"])))
    if found["values"] is not None:
        values = tuple(_bare(value) for value in found["values"].split(","))
        return Condition(found["field"], "in", values)
    return Condition(found["field"], found["operator"], (_bare(found["value"]),))


def _bare(text: str) -> str:
    return text.strip().strip("'")

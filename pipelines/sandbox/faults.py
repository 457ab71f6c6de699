"""What goes wrong, and when: seeded rules that are matched against each call.

Belongs here: the kinds of fault, which calls a rule fires on, and the change of a payload. Does
not: how a platform words a refusal (its module), or how bytes are cut on the socket (`app`).

A rule is a JSON object, posted to `/__sandbox__/faults` in a list:

- `kind`: one of `KINDS`.
- `platform`: the name of a source, or oauth; absent for all.
- `endpoint`: a pattern (`*`, `?`) over the endpoint's name, such as `GET act/insights`.
- `contains`: text that the call's query or body must contain.
- `after`: how many matching calls pass first. `times`: how often it fires (absent: for ever).
  `every`: only each so-many-th of the remaining matches. `chance`, `seed`: a seeded coin.
- whatever the kind takes besides (`FaultRule`).
"""

from __future__ import annotations

import fnmatch
import random
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

import msgspec

Kind = Literal[
    "too_many_requests",
    "throttled",
    "quota_spent",
    "server_error",
    "unavailable",
    "dead_token",
    "access_denied",
    "expired_cursor",
    "truncated",
    "short_page",
    "slow",
    "hold",
    "mutate",
    "retired_metric",
    "async_stuck",
    "async_fail",
    "restate",
    "delete",
]
KINDS: tuple[str, ...] = get_args(Kind)

# Answers that take the place of the platform's own.
REFUSALS = (
    "too_many_requests",
    "throttled",
    "quota_spent",
    "server_error",
    "unavailable",
    "dead_token",
    "access_denied",
    "expired_cursor",
)
# What shows that a call goes on from an earlier page by a cursor; numbers of pages do not expire,
# and WooCommerce's `after` is a day.
CURSOR = re.compile(
    r"""(?x)
    (?:^|[?&\n])after=(?!\d{4}-\d\d-)[^&]
    | (?:^|[?&\n])(?:page_info|__paging_token|pagination_token|next_token|pageToken|page_token
        |starting_after)=[^&]
    | (?:^|[?&\n])cursor=(?!0(?:&|\n|$))[^&]
    | "(?:after|page_token|pageToken)":\ ?"[^"]
    | "cursor":\ ?"?[1-9]"""
)
# What platforms call the number of rows that a page should have.
PAGE_SIZES = frozenset(
    [
        "limit",
        "max_results",
        "maxResults",
        "page_size",
        "pageSize",
        "per_page",
        "first",
        "count",
        "max_count",
    ]
)
# Facts that a platform looks up while it answers: they do not fire on a call by themselves.
STANDING = ("retired_metric", "async_stuck", "async_fail", "restate", "delete")


class FaultRule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One rule, as posted; an unknown name is refused.

    - `retry_after`: seconds for too_many_requests; absent for an answer without the header.
    - `code`, `status`: the platform's error code and the HTTP status, in place of the kind's own.
    - `rows`: of short_page: how many rows a page has, however many were asked for.
    - `seconds`: delay of slow. `at`: whether slow, hold and truncated come before the answer or
      within its body. `mode`: truncated by a length that promises more, or by a broken chunk.
    - `name`: of a hold, for its release.
    - `op`, `key`, `beside`, `value`, `rows`: of mutate: add `key` to each object that has `beside`,
      drop `key`, or give it the changed `value` (absent: its text, or an object for text), in the
      first `rows` objects.
    - `metric`: of retired_metric. `polls`: how long a report stays at 100 % without being done.
    - `account`, `ad_id`, `date`, `changes`: of restate: what is added to that ad's day, by column.
    - `id`: of delete: the post or comment that vanished.
    """

    kind: Kind
    platform: str = ""
    endpoint: str = "*"
    contains: str = ""
    after: int = 0
    times: int | None = None
    every: int = 1
    chance: float = 1.0
    seed: int = 0

    retry_after: float | None = None
    code: int | None = None
    status: int | None = None
    seconds: float = 0.0
    at: Literal["request", "body"] = "request"
    mode: Literal["length", "chunk"] = "length"
    name: str = "hold"
    op: Literal["add", "drop", "type"] = "add"
    key: str = ""
    beside: str = "id"
    value: Any = None
    rows: int | None = None
    metric: str = ""
    polls: int = 3
    account: str = ""
    ad_id: str = ""
    date: str = ""
    changes: dict[str, int] = {}
    id: str = ""


# What a platform needs to know to refuse a call in its own words is the rule itself.
Refusal = FaultRule


class Fault:
    """A rule with the count of calls that it saw and fired on."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self._coin = random.Random(rule.seed)

    def fires(self, platform: str, endpoint: str, text: str) -> bool:
        """Whether the rule fires on this call; counts it if it matches."""
        if not self.matches(platform, endpoint, text):
            return False
        self.seen += 1
        past = self.seen - self.rule.after
        if past <= 0 or past % self.rule.every or self.spent:
            return False
        if self.rule.chance < 1 and self._coin.random() >= self.rule.chance:
            return False
        self.fired += 1
        return True

    def matches(self, platform: str, endpoint: str, text: str) -> bool:
        """Whether the call is one that the rule is about."""
        rule = self.rule
        return (
            rule.platform in ("", platform)
            and fnmatch.fnmatchcase(endpoint, rule.endpoint)
            and rule.contains in text
            and (rule.kind != "expired_cursor" or CURSOR.search(text) is not None)
        )

    @property
    def spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self.rule.times is not None and self.fired >= self.rule.times


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.version = 0

    def replace(self, rules: Iterable[FaultRule]) -> None:
        """Put these rules in the place of all others, with fresh counts."""
        self._faults = [Fault(rule) for rule in rules]
        self.version += 1

    def firing(self, platform: str, endpoint: str, text: str) -> list[FaultRule]:
        """The rules that fire on this call, in the order in which they were given."""
        return [
            fault.rule
            for fault in self._faults
            if fault.rule.kind not in STANDING and fault.fires(platform, endpoint, text)
        ]

    def standing(self, kind: Kind, platform: str) -> Iterator[FaultRule]:
        """The rules of a standing kind that are in force for a platform."""
        for fault in self._faults:
            if fault.rule.kind == kind and fault.rule.platform in ("", platform):
                yield fault.rule

    def take(self, kind: Kind, platform: str, endpoint: str, text: str) -> FaultRule | None:
        """The first rule of a standing kind that fires on this call, counted."""
        for fault in self._faults:
            if fault.rule.kind == kind and fault.fires(platform, endpoint, text):
                return fault.rule
        return None

    def report(self) -> list[dict[str, Any]]:
        """Each rule with how often it was seen and fired."""
        return [
            {"rule": msgspec.to_builtins(fault.rule), "seen": fault.seen, "fired": fault.fired}
            for fault in self._faults
        ]


def mutated(payload: Any, rule: FaultRule) -> Any:
    """A payload with the rule's key added, dropped or changed in every object that it is about."""
    left = [rule.rows if rule.rows is not None else -1]
    return _mutated(payload, rule, left)


def _mutated(value: Any, rule: FaultRule, left: list[int]) -> Any:
    if isinstance(value, list):
        return [_mutated(item, rule, left) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _mutated(item, rule, left) for key, item in value.items()}
    mark = rule.beside if rule.op == "add" else rule.key
    if mark not in changed or left[0] == 0:
        return changed
    left[0] -= 1
    if rule.op == "drop":
        del changed[rule.key]
    elif rule.op == "add":
        changed[rule.key] = rule.value
    else:
        changed[rule.key] = _another_type(changed[rule.key]) if rule.value is None else rule.value
    return changed


def _another_type(value: Any) -> Any:
    if isinstance(value, str):
        return {"text": value}
    return f"about {value}"


def shortened(parameters: Any, rows: int) -> Any:
    """Parameters, nested ones too, with every page size cut down to so many rows."""
    if isinstance(parameters, list):
        return [shortened(item, rows) for item in parameters]
    if not isinstance(parameters, dict):
        return parameters
    return {
        name: _smaller(value, rows) if name in PAGE_SIZES else shortened(value, rows)
        for name, value in parameters.items()
    }


def _smaller(size: Any, rows: int) -> Any:
    if isinstance(size, int):
        return min(size, rows)
    return str(min(int(size), rows)) if isinstance(size, str) and size.isdigit() else size


# What a platform does on a bad day, and how often: each by itself is healed by asking again.
BAD_DAY: tuple[tuple[Kind, float, dict[str, Any]], ...] = (
    ("too_many_requests", 0.02, {"retry_after": 1.5}),
    ("throttled", 0.01, {}),
    ("server_error", 0.02, {}),
    ("unavailable", 0.01, {}),
    ("truncated", 0.01, {"mode": "length"}),
    ("truncated", 0.01, {"mode": "chunk"}),
    ("slow", 0.02, {"seconds": 0.2}),
    ("expired_cursor", 0.01, {}),
    ("async_stuck", 0.2, {"polls": 3}),
    ("async_fail", 0.1, {}),
)


def bad_day(seed: int) -> list[FaultRule]:
    """Rules under which every platform has a bad day, the same one for the same seed."""
    return [
        FaultRule(kind=kind, chance=chance, seed=seed * len(BAD_DAY) + place, **options)
        for place, (kind, chance, options) in enumerate(BAD_DAY)
    ]

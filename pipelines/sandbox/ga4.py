"""Google Analytics 4 of the sandbox: `runReport` and `getMetadata` of the Data API.

Belongs here: dimensions, metrics and the report's shape. Does not: persons' events, which leave the
world as export files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox import google
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import GA4_TOKEN
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.tables import decimal, of_market
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import MARKETS, Market

Whole = npt.NDArray[np.int64]
Text = npt.NDArray[Any]
# A row of a report: its labels and its figures.
Line = tuple[list[str], list[str]]

MAX_DIMENSIONS, MAX_METRICS = 9, 10
DEFAULT_LIMIT, MAX_LIMIT = 10_000, 250_000
DOCS = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
NOT_SET = "(not set)"

PATH = re.compile(r"v1(?:alpha|beta)/properties/(?P<property>\d+)(?P<verb>:runReport|/metadata)")
CHANNELS = {
    "paid_social": "Paid Social",
    "social": "Organic Social",
    "organic": "Organic Search",
    "email": "Email",
    "referral": "Referral",
    "(none)": "Direct",
}


class ReportError(Exception):
    """A report that the API refuses as INVALID_ARGUMENT."""


class Visits:
    """One property's sessions as columns, with what each of them bought.

    A row of `views` is one path within a session and how often it was viewed there.
    """

    def __init__(self, scene: Scene, market: Market) -> None:
        sessions = of_market(scene.world.sessions, market.code)
        self._table = sessions
        self._orders = of_market(scene.world.orders, market.code)
        local = pc.assume_timezone(sessions["started_at"], "UTC").cast(
            pa.timestamp("us", market.timezone)
        )
        self.day: Whole = _ordinals(pc.local_timestamp(local))
        self.hour: Whole = pc.hour(local).to_numpy().astype(np.int64)

    def text(self, name: str, missing: str = NOT_SET) -> Text:
        """A column of text, with what stands for NULL."""
        return np.array(self._table[name].fill_null(missing).to_pylist(), dtype=object)

    def whole(self, name: str) -> Whole:
        """A column of whole numbers or flags."""
        values: Whole = self._table[name].cast(pa.int64()).to_numpy()
        return values

    @cached_property
    def user(self) -> Whole:
        """A number for each browser."""
        encoded = pc.dictionary_encode(self._table["user_pseudo_id"].combine_chunks())
        codes: Whole = encoded.indices.to_numpy().astype(np.int64)
        return codes

    @cached_property
    def _order_row(self) -> Whole:
        """The row of the order that each session placed; -1 without one."""
        ids = self._orders["order_id"].to_numpy()
        wanted = self._table["order_id"].fill_null(-1).to_numpy()
        if not len(ids):
            return np.full(len(wanted), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
        return np.where(ids[places] == wanted, places, -1)

    @cached_property
    def bought(self) -> Whole:
        """1 for a session that placed an order."""
        return (self._order_row >= 0).astype(np.int64)

    @cached_property
    def revenue(self) -> Whole:
        """What the order came to when it was placed, minor units."""
        if not len(self._orders):
            return np.zeros(len(self._order_row), dtype=np.int64)
        totals = self._orders["total"].to_numpy()
        return np.where(self._order_row >= 0, totals[self._order_row], 0)

    @cached_property
    def transaction(self) -> Text:
        """The order's name; (not set) without one."""
        names = np.array([*self._orders["name"].to_pylist(), NOT_SET], dtype=object)
        return names[self._order_row]

    @cached_property
    def landing_path(self) -> Text:
        """Path of the first page."""
        return np.array(
            [urlsplit(url).path or "/" for url in self.text("landing_page", "")], object
        )


def _ordinals(column: pa.ChunkedArray) -> Whole:
    days: Whole = column.cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def _day(ordinal: int) -> date:
    return date(1970, 1, 1) + timedelta(days=ordinal)


def _days(visits: Visits, pattern: str) -> Text:
    labels = {day: _day(day).strftime(pattern) for day in np.unique(visits.day).tolist()}
    return np.array([labels[day] for day in visits.day.tolist()], dtype=object)


def _joined(*columns: Text) -> Text:
    return np.array([" / ".join(parts) for parts in zip(*columns, strict=True)], dtype=object)


DIMENSIONS: dict[str, Callable[[Visits], Text]] = {
    "date": lambda visits: _days(visits, "%Y%m%d"),
    "year": lambda visits: _days(visits, "%Y"),
    "month": lambda visits: _days(visits, "%m"),
    "yearMonth": lambda visits: _days(visits, "%Y%m"),
    "hour": lambda visits: np.array([f"{hour:02d}" for hour in visits.hour.tolist()], dtype=object),
    "sessionSource": lambda visits: visits.text("source"),
    "sessionMedium": lambda visits: visits.text("medium"),
    "sessionCampaignName": lambda visits: visits.text("campaign"),
    "sessionManualAdContent": lambda visits: visits.text("content"),
    "sessionSourceMedium": lambda v: _joined(v.text("source"), v.text("medium")),
    "sessionDefaultChannelGroup": lambda visits: np.array(
        [CHANNELS.get(medium, "Unassigned") for medium in visits.text("medium")], dtype=object
    ),
    "country": lambda visits: visits.text("country"),
    "region": lambda visits: visits.text("region"),
    "city": lambda visits: visits.text("city"),
    "deviceCategory": lambda visits: visits.text("device"),
    "newVsReturning": lambda visits: np.where(
        visits.whole("session_number") == 1, "new", "returning"
    ).astype(object),
    "landingPage": lambda visits: visits.landing_path,
    "transactionId": lambda visits: visits.transaction,
    "pagePath": lambda visits: visits.landing_path,
}


@dataclass(frozen=True)
class Group:
    """The sessions of a report, and which row of it each of them counts in."""

    visits: Visits
    chosen: Whole
    where: Whole
    size: int

    def sum(self, values: Whole) -> Whole:
        """Exact sums by row."""
        total = np.zeros(self.size, dtype=np.int64)
        np.add.at(total, self.where, values[self.chosen])
        return total

    def distinct(self, values: Whole, counted: npt.NDArray[np.bool_] | None = None) -> Whole:
        """How many different values each row has, over the counted sessions."""
        kept = slice(None) if counted is None else counted[self.chosen]
        pairs = np.unique(np.stack([self.where[kept], values[self.chosen][kept]]), axis=1)
        return np.bincount(pairs[0], minlength=self.size)

    @property
    def sessions(self) -> Whole:
        """Sessions by row."""
        return np.bincount(self.where, minlength=self.size)


def _ratio(over: Whole, under: Whole) -> list[str]:
    return [repr(o / u) if u else "0" for o, u in zip(over.tolist(), under.tolist(), strict=True)]


def _counts(read: Callable[[Group], Whole]) -> tuple[str, Callable[[Group], list[str]]]:
    return "TYPE_INTEGER", lambda group: [str(value) for value in read(group).tolist()]


def _amounts(read: Callable[[Group], Whole]) -> tuple[str, Callable[[Group], list[str]]]:
    return "TYPE_CURRENCY", lambda group: [decimal(v, places=0) for v in read(group).tolist()]


def _rates(
    over: Callable[[Group], Whole], under: Callable[[Group], Whole]
) -> tuple[str, Callable[[Group], list[str]]]:
    return "TYPE_FLOAT", lambda group: _ratio(over(group), under(group))


def _engaged(group: Group) -> Whole:
    return group.sum(group.visits.whole("engaged"))


def _users(group: Group) -> Whole:
    return group.distinct(group.visits.user)


def _active_users(group: Group) -> Whole:
    first = group.visits.whole("session_number") == 1
    return group.distinct(group.visits.user, (group.visits.whole("engaged") == 1) | first)


def _bought(group: Group) -> Whole:
    return group.sum(group.visits.bought)


def _revenue(group: Group) -> Whole:
    return group.sum(group.visits.revenue)


METRICS: dict[str, tuple[str, Callable[[Group], list[str]]]] = {
    "sessions": _counts(lambda group: group.sessions),
    "engagedSessions": _counts(_engaged),
    "engagementRate": _rates(_engaged, lambda group: group.sessions),
    "bounceRate": _rates(lambda group: group.sessions - _engaged(group), lambda g: g.sessions),
    "totalUsers": _counts(_users),
    "activeUsers": _counts(_active_users),
    "newUsers": _counts(
        lambda group: group.distinct(group.visits.user, group.visits.whole("session_number") == 1)
    ),
    "screenPageViews": _counts(lambda group: group.sum(group.visits.whole("page_views"))),
    "userEngagementDuration": _counts(
        lambda group: group.sum(group.visits.whole("engagement_msec")) // 1000
    ),
    "keyEvents": _counts(_bought),
    "transactions": _counts(_bought),
    "ecommercePurchases": _counts(_bought),
    "totalPurchasers": _counts(
        lambda group: group.distinct(group.visits.user, group.visits.bought == 1)
    ),
    "purchaseRevenue": _amounts(_revenue),
    "totalRevenue": _amounts(_revenue),
    "averagePurchaseRevenue": (
        "TYPE_CURRENCY",
        lambda group: [
            decimal(revenue // count, places=0) if count else "0"
            for revenue, count in zip(
                _revenue(group).tolist(), _bought(group).tolist(), strict=True
            )
        ],
    ),
}


class Name(msgspec.Struct):
    """A dimension or a metric that is asked for."""

    name: str


class Days(msgspec.Struct, rename="camel"):
    """A range of days, both included."""

    start_date: str
    end_date: str
    name: str = ""


class Order(msgspec.Struct):
    """One entry of orderBys."""

    dimension: dict[str, Any] | None = None
    metric: dict[str, Any] | None = None
    desc: bool = False


class ReportRequest(msgspec.Struct, rename="camel"):
    """The body of runReport. Whole numbers may come as text, as Google's JSON has int64."""

    date_ranges: list[Days] = []
    dimensions: list[Name] = []
    metrics: list[Name] = []
    dimension_filter: dict[str, Any] | None = None
    order_bys: list[Order] = []
    offset: int | str = 0
    limit: int | str = DEFAULT_LIMIT
    keep_empty_rows: bool = False
    return_property_quota: bool = False


@dataclass(frozen=True)
class Table:
    """A report before paging: rows of texts, dimensions first."""

    rows: list[Line]


class Ga4:
    """The Data API of both properties."""

    name = "ga4"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {market.ga4_property: market for market in MARKETS}

    def endpoint(self, call: Call) -> str:
        """`POST runReport` or `GET metadata`."""
        match = PATH.fullmatch(call.path)
        return f"{call.method} {match['verb'][1:] if match else call.path}"

    def answer(self, call: Call) -> Answer:
        """A report, the metadata, or Google's error."""
        if call.headers.get("authorization") != f"Bearer {GA4_TOKEN}":
            return unauthenticated()
        match = PATH.fullmatch(call.path)
        if match is None:
            return google.error(404, "NOT_FOUND", f"The requested URL /{call.path} was not found.")
        market = self._markets.get(match["property"])
        if market is None:
            return _forbidden()
        if match["verb"] == "/metadata":
            return Answer(_metadata(match["property"]))
        try:
            request = msgspec.json.decode(call.body, type=ReportRequest)
            return Answer(self._run(market, request))
        except (ReportError, msgspec.DecodeError) as error:
            return google.error(400, "INVALID_ARGUMENT", str(error))

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """Google's words for a fault."""
        match refusal.kind:
            case "dead_token":
                return unauthenticated()
            case "access_denied":
                return _forbidden()
            case "expired_cursor":
                return google.error(400, "INVALID_ARGUMENT", "The offset is out of range.")
            case "throttled" | "too_many_requests":
                message = (
                    "Exhausted property tokens per project per hour. These quota tokens will "
                    "return in under an hour. To learn more, see "
                    "https://developers.google.com/analytics/devguides/reporting/data/v1/quotas"
                )
                answer = google.error(429, "RESOURCE_EXHAUSTED", message)
                if refusal.retry_after is not None:
                    answer.headers["retry-after"] = f"{refusal.retry_after:g}"
                return answer
            case "unavailable":
                html = b"<!DOCTYPE html><title>Error 503 (Service Unavailable)!!1</title>"
                return Answer(html, 503, media_type="text/html; charset=UTF-8")
        message = "Internal error encountered."
        return google.error(refusal.status or 500, "INTERNAL", message)

    def _run(self, market: Market, request: ReportRequest) -> dict[str, Any]:
        dimensions = [item.name for item in request.dimensions]
        metrics = [item.name for item in request.metrics]
        self._check(dimensions, metrics)
        # Everything but the page decides what the whole report is.
        key = msgspec.json.encode(msgspec.structs.replace(request, offset=0, limit=0))
        table = self._scene.memo.get(
            ("ga4", market.code, key), lambda: self._table(market, request, dimensions, metrics)
        )
        offset, limit = int(request.offset), min(int(request.limit), MAX_LIMIT)
        body: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in _with_range(dimensions, request)],
            "metricHeaders": [{"name": name, "type": METRICS[name][0]} for name in metrics],
        }
        page = table.rows[offset : offset + limit]
        if page:
            body["rows"] = [
                {
                    "dimensionValues": [{"value": value} for value in labels],
                    "metricValues": [{"value": value} for value in values],
                }
                for labels, values in page
            ]
        if table.rows:
            body["rowCount"] = len(table.rows)
        body["metadata"] = {"currencyCode": market.currency, "timeZone": market.timezone}
        if request.return_property_quota:
            body["propertyQuota"] = PROPERTY_QUOTA
        body["kind"] = "analyticsData#runReport"
        return body

    def _check(self, dimensions: Sequence[str], metrics: Sequence[str]) -> None:
        if len(dimensions) > MAX_DIMENSIONS or len(metrics) > MAX_METRICS:
            raise ReportError(
                f"Requests are limited to {MAX_DIMENSIONS} dimensions and {MAX_METRICS} metrics."
            )
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for kind, names, known in (
            ("dimension", dimensions, DIMENSIONS),
            ("metric", metrics, METRICS),
        ):
            for name in names:
                if name not in known or name in retired:
                    raise ReportError(
                        f"Field {name} is not a valid {kind}. For a list of valid dimensions and "
                        f"metrics, see {DOCS}"
                    )
        if not dimensions and not metrics:
            raise ReportError("A report must have at least one dimension or metric.")

    def _table(
        self, market: Market, request: ReportRequest, dimensions: list[str], metrics: list[str]
    ) -> Table:
        visits = self._scene.memo.get(("visits", market.code), lambda: Visits(self._scene, market))
        today = self._scene.today(market.timezone)
        rows: list[Line] = []
        for number, days in enumerate(request.date_ranges):
            label = days.name or f"date_range_{number}"
            first, last = _date(days.start_date, today), _date(days.end_date, today)
            rows += self._rows(visits, request, dimensions, metrics, first, last, label)
        return Table(_sorted(rows, request.order_bys, _with_range(dimensions, request), metrics))

    def _rows(
        self,
        visits: Visits,
        request: ReportRequest,
        dimensions: list[str],
        metrics: list[str],
        first: date,
        last: date,
        label: str,
    ) -> list[Line]:
        epoch = date(1970, 1, 1)
        inside = (visits.day >= (first - epoch).days) & (visits.day <= (last - epoch).days)
        if request.dimension_filter:
            inside &= _matching(request.dimension_filter, self._dimension, visits)
        chosen = np.flatnonzero(inside)
        labels, where = _distinct(
            [self._dimension(visits, name)[chosen] for name in dimensions], chosen
        )
        group = Group(visits, chosen, where, len(labels))
        columns = [METRICS[name][1](group) for name in metrics]
        extra = [label] if len(request.date_ranges) > 1 else []
        rows = []
        for place, values in enumerate(labels):
            figures = [column[place] for column in columns]
            if request.keep_empty_rows or not figures or any(figure != "0" for figure in figures):
                rows.append(([*values, *extra], figures))
        return rows

    def _dimension(self, visits: Visits, name: str) -> Text:
        return self._scene.memo.get(
            ("dimension", id(visits), name), lambda: DIMENSIONS[name](visits)
        )


def _distinct(columns: list[Text], chosen: Whole) -> tuple[list[list[str]], Whole]:
    """The distinct combinations of labels, and the place of each chosen session among them."""
    if not len(chosen):
        return [], np.zeros(0, dtype=np.int64)
    combined = np.zeros(len(chosen), dtype=np.int64)
    known: list[tuple[list[str], int]] = []
    for column in columns:
        names: dict[str, int] = {}
        codes = np.array([names.setdefault(value, len(names)) for value in column], dtype=np.int64)
        known.append((list(names), len(names)))
        combined = combined * len(names) + codes
    distinct, where = np.unique(combined, return_inverse=True)
    labels: list[list[str]] = [[] for _ in distinct]
    for names_of, size in reversed(known):
        for place, code in enumerate((distinct % size).tolist()):
            labels[place].insert(0, names_of[code])
        distinct = distinct // size
    return labels, where


def _with_range(dimensions: list[str], request: ReportRequest) -> list[str]:
    return [*dimensions, "dateRange"] if len(request.date_ranges) > 1 else dimensions


def _date(text: str, today: date) -> date:
    words = {"today": 0, "yesterday": 1}
    if text in words:
        return today - timedelta(days=words[text])
    if match := re.fullmatch(r"(\d+)daysAgo", text):
        return today - timedelta(days=int(match[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ReportError(f"Invalid date: {text}.") from None


def _matching(
    wanted: Mapping[str, Any], dimension: Callable[[Visits, str], Text], visits: Visits
) -> npt.NDArray[np.bool_]:
    """Which sessions a dimensionFilter keeps."""
    if "andGroup" in wanted or "orGroup" in wanted:
        group = wanted.get("andGroup") or wanted["orGroup"]
        masks = [_matching(part, dimension, visits) for part in group["expressions"]]
        combine = np.logical_and if "andGroup" in wanted else np.logical_or
        combined: npt.NDArray[np.bool_] = combine.reduce(masks)
        return combined
    if "notExpression" in wanted:
        return ~_matching(wanted["notExpression"], dimension, visits)
    asked = wanted["filter"]
    if asked["fieldName"] not in DIMENSIONS:
        raise ReportError(f"Field {asked['fieldName']} is not a valid dimension. See {DOCS}")
    test = _test(asked)
    return np.array([test(value) for value in dimension(visits, asked["fieldName"])], dtype=bool)


def _test(asked: Mapping[str, Any]) -> Callable[[str], bool]:
    if "inListFilter" in asked:
        values = set(asked["inListFilter"]["values"])
        return lambda value: value in values
    wanted = asked.get("stringFilter", {}).get("value", "")
    kind = asked.get("stringFilter", {}).get("matchType", "EXACT")
    tests: dict[str, Callable[[str], bool]] = {
        "EXACT": lambda value: value == wanted,
        "BEGINS_WITH": lambda value: value.startswith(wanted),
        "ENDS_WITH": lambda value: value.endswith(wanted),
        "CONTAINS": lambda value: wanted in value,
        "FULL_REGEXP": lambda value: re.fullmatch(wanted, value) is not None,
    }
    if kind not in tests:
        raise ReportError(f"Unsupported matchType: {kind}.")
    return tests[kind]


def _sorted(
    rows: list[Line],
    orders: Sequence[Order],
    dimensions: Sequence[str],
    metrics: Sequence[str],
) -> list[Line]:
    """As orderBys says; by the first metric, the greatest first, where it says nothing."""
    if not orders:
        return sorted(rows, key=lambda row: (-float(row[1][0]) if row[1] else 0.0, row[0]))
    ordered = sorted(rows)
    for order in reversed(orders):
        if order.dimension:
            ordered.sort(key=_label(order.dimension, dimensions), reverse=order.desc)
        elif order.metric:
            ordered.sort(key=_figure(order.metric, metrics), reverse=order.desc)
    return ordered


def _label(wanted: Mapping[str, Any], dimensions: Sequence[str]) -> Callable[[Line], str]:
    at = _place(wanted["dimensionName"], dimensions)
    return lambda row: row[0][at]


def _figure(wanted: Mapping[str, Any], metrics: Sequence[str]) -> Callable[[Line], float]:
    at = _place(wanted["metricName"], metrics)
    return lambda row: float(row[1][at])


def _place(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ReportError(f"Field {name} in orderBys is not in the report.")
    return list(names).index(name)


PROPERTY_QUOTA = {
    "tokensPerDay": {"consumed": 1, "remaining": 199_999},
    "tokensPerHour": {"consumed": 1, "remaining": 39_999},
    "concurrentRequests": {"consumed": 0, "remaining": 10},
    "serverErrorsPerProjectPerHour": {"consumed": 0, "remaining": 10},
    "potentiallyThresholdedRequestsPerHour": {"consumed": 0, "remaining": 120},
    "tokensPerProjectPerHour": {"consumed": 1, "remaining": 13_999},
}


def unauthenticated() -> Answer:
    """A wrong, missing or expired token."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential."
    )
    return google.error(401, "UNAUTHENTICATED", message)


def _forbidden() -> Answer:
    message = (
        "User does not have sufficient permissions for this property. To learn more about Property "
        "ID, see https://developers.google.com/analytics/devguides/reporting/data/v1/property-id."
    )
    return google.error(403, "PERMISSION_DENIED", message)


def _metadata(number: str) -> dict[str, Any]:
    return {
        "name": f"properties/{number}/metadata",
        "dimensions": [{"apiName": name, "uiName": name} for name in DIMENSIONS],
        "metrics": [
            {"apiName": name, "uiName": name, "type": kind} for name, (kind, _) in METRICS.items()
        ],
    }

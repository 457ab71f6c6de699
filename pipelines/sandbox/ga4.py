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
from pipelines.sandbox.world.catalogue import PRODUCTS, handle

Whole = npt.NDArray[np.integer[Any]]
# A row of a report: its labels and its figures.
Line = tuple[list[str], list[str]]

MAX_DIMENSIONS, MAX_METRICS = 9, 10
DEFAULT_LIMIT, MAX_LIMIT = 10_000, 250_000
DOCS = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
NOT_SET = "(not set)"

PATH = re.compile(r"v1(?:alpha|beta)/properties/(?P<property>\d+)(?P<verb>:runReport|/metadata)")
CHANNELS = {
    "paid_social": "Paid Social",
    "cpc": "Paid Search",
    "social": "Organic Social",
    # Links are shared on social networks only, and Google goes by the source.
    "share": "Organic Social",
    "organic": "Organic Search",
    "email": "Email",
    "referral": "Referral",
    "(none)": "Direct",
}


class ReportError(Exception):
    """A report that the API refuses as INVALID_ARGUMENT."""


@dataclass(frozen=True)
class Labels:
    """A dimension: each row's code, and the name of each code, all different."""

    codes: Whole
    names: list[str]

    @classmethod
    def of(cls, column: pa.ChunkedArray, missing: str = NOT_SET) -> Labels:
        """The labels of a column of text, with what stands for NULL."""
        encoded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
        names = [missing if name is None else name for name in encoded.dictionary.to_pylist()]
        return cls(encoded.indices.to_numpy(), names).named(str)

    def named(self, name: Callable[[str], str]) -> Labels:
        """The labels under other names; those that come to the same name become one."""
        codes: dict[str, int] = {}
        places = [codes.setdefault(name(old), len(codes)) for old in self.names]
        if not places:
            return self
        return Labels(np.array(places, dtype=np.int32)[self.codes], list(codes))

    def at(self, rows: Whole) -> Labels:
        """The labels of those rows."""
        return Labels(self.codes[rows], self.names)

    def kept(self, keep: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
        """Which rows have a name that is to be kept."""
        return np.array([*map(keep, self.names)], dtype=bool)[self.codes]

    def joined(self, other: Labels) -> Labels:
        """Both names of each row, as Google joins source and medium."""
        pairs, codes = np.unique(
            self.codes.astype(np.int64) * len(other.names) + other.codes, return_inverse=True
        )
        size = len(other.names)
        names = [f"{self.names[p // size]} / {other.names[p % size]}" for p in pairs.tolist()]
        return Labels(codes, names)


LATER_PATHS = ("/collections/all", "/cart", *(f"/products/{handle(row[0])}" for row in PRODUCTS))


class Visits:
    """One property's sessions as columns, with what each of them bought."""

    def __init__(self, scene: Scene, market: Market) -> None:
        self._table = of_market(scene.world.sessions, market.code)
        self._orders = of_market(scene.world.orders, market.code)
        local = pc.assume_timezone(self._table["started_at"], "UTC").cast(
            pa.timestamp("us", market.timezone)
        )
        self.day: Whole = _ordinals(pc.local_timestamp(local))
        self.hour: Whole = pc.hour(local).to_numpy()

    def labels(self, name: str) -> Labels:
        """A column of text."""
        return Labels.of(self._table[name])

    def whole(self, name: str) -> Whole:
        """A column of whole numbers or flags."""
        values: Whole = self._table[name].cast(pa.int64()).to_numpy()
        return values

    def days(self, pattern: str) -> Labels:
        """The days, written by that pattern."""
        ordinals, codes = np.unique(self.day, return_inverse=True)
        names = [str(ordinal) for ordinal in ordinals.tolist()]
        return Labels(codes, names).named(lambda name: _day(int(name)).strftime(pattern))

    @cached_property
    def user(self) -> Whole:
        """A number for each browser."""
        return self.labels("user_pseudo_id").codes

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
        totals = np.append(self._orders["total"].to_numpy(), 0)
        return totals[self._order_row]

    @property
    def transactions(self) -> Labels:
        """The orders' names; (not set) without an order."""
        names = self._orders["name"].to_pylist()
        return Labels(np.where(self._order_row < 0, len(names), self._order_row), [*names, NOT_SET])

    @property
    def landing_paths(self) -> Labels:
        """Paths of the first pages."""
        return self.labels("landing_page").named(lambda url: urlsplit(url).path or "/")

    def views(self, chosen: Whole) -> tuple[Whole, Labels]:
        """The page views of some sessions: the row of each one's session, and its path.

        The first page is the landing page; the exported events say where a visitor goes on to.
        """
        counts = self.whole("page_views")[chosen]
        rows = np.repeat(chosen, counts)
        number = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        landing = self.landing_paths
        later = (self.whole("session_id")[rows] + number) % len(LATER_PATHS) + len(landing.names)
        codes = np.where(number == 0, landing.codes[rows], later)
        return rows, Labels(codes, [*landing.names, *LATER_PATHS]).named(str)


def _ordinals(column: pa.ChunkedArray) -> Whole:
    days: Whole = column.cast(pa.date32()).cast(pa.int32()).to_numpy()
    return days


def _day(ordinal: int) -> date:
    return date(1970, 1, 1) + timedelta(days=ordinal)


def _new_or_returning(visits: Visits) -> Labels:
    again = (visits.whole("session_number") > 1).astype(np.int64)
    return Labels(again, ["new", "returning"])


DIMENSIONS: dict[str, Callable[[Visits], Labels]] = {
    "date": lambda visits: visits.days("%Y%m%d"),
    "year": lambda visits: visits.days("%Y"),
    "month": lambda visits: visits.days("%m"),
    "yearMonth": lambda visits: visits.days("%Y%m"),
    "hour": lambda visits: Labels(visits.hour, [f"{hour:02d}" for hour in range(24)]),
    "sessionSource": lambda visits: visits.labels("source"),
    "sessionMedium": lambda visits: visits.labels("medium"),
    "sessionCampaignName": lambda visits: visits.labels("campaign"),
    "sessionManualAdContent": lambda visits: visits.labels("content"),
    "sessionSourceMedium": lambda visits: visits.labels("source").joined(visits.labels("medium")),
    "sessionDefaultChannelGroup": lambda visits: visits.labels("medium").named(
        lambda medium: CHANNELS.get(medium, "Unassigned")
    ),
    "country": lambda visits: visits.labels("country"),
    "region": lambda visits: visits.labels("region"),
    "city": lambda visits: visits.labels("city"),
    "deviceCategory": lambda visits: visits.labels("device"),
    "newVsReturning": _new_or_returning,
    "landingPage": lambda visits: visits.landing_paths,
    "transactionId": lambda visits: visits.transactions,
}
# The one dimension that is told for each page view, and not for each session.
PAGE_PATH = "pagePath"


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
    def count(self) -> Whole:
        """What is grouped, by row: sessions, or page views in a report by page."""
        return np.bincount(self.where, minlength=self.size)

    @property
    def sessions(self) -> Whole:
        """Sessions by row."""
        pairs = np.unique(np.stack([self.where, self.chosen]), axis=1)
        return np.bincount(pairs[0], minlength=self.size)


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
    "sessions": _counts(lambda group: group.count),
    "engagedSessions": _counts(_engaged),
    "engagementRate": _rates(_engaged, lambda group: group.count),
    "bounceRate": _rates(lambda group: group.count - _engaged(group), lambda g: g.count),
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


# What a report by page can tell.
VIEW_METRICS: dict[str, tuple[str, Callable[[Group], list[str]]]] = {
    **{name: METRICS[name] for name in ("totalUsers", "activeUsers", "newUsers")},
    "screenPageViews": _counts(lambda group: group.count),
    "sessions": _counts(lambda group: group.sessions),
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
            case "throttled" | "too_many_requests" | "quota_spent":
                spent, returns = (
                    ("tokens per day", "after midnight Pacific Time")
                    if refusal.kind == "quota_spent"
                    else ("tokens per project per hour", "in under an hour")
                )
                message = (
                    f"Exhausted property {spent}. These quota tokens will return {returns}. To "
                    "learn more, see "
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
            ("dimension", dimensions, {*DIMENSIONS, PAGE_PATH}),
            ("metric", metrics, METRICS),
        ):
            for name in names:
                if name not in known or name in retired:
                    raise ReportError(
                        f"Field {name} is not a valid {kind}. For a list of valid dimensions and "
                        f"metrics, see {DOCS}"
                    )
        if PAGE_PATH in dimensions and (odd := set(metrics) - set(VIEW_METRICS)):
            raise ReportError(
                f"Please remove {', '.join(sorted(odd))} to make the request compatible. The "
                "request's dimensions & metrics are incompatible."
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
        group, labels = self._group(visits, dimensions, np.flatnonzero(inside))
        told = VIEW_METRICS if PAGE_PATH in dimensions else METRICS
        columns = [told[name][1](group) for name in metrics]
        extra = [label] if len(request.date_ranges) > 1 else []
        lines = []
        for place, values in enumerate(labels):
            figures = [column[place] for column in columns]
            if request.keep_empty_rows or not figures or any(figure != "0" for figure in figures):
                lines.append(([*values, *extra], figures))
        return lines

    def _group(
        self, visits: Visits, dimensions: list[str], chosen: Whole
    ) -> tuple[Group, list[list[str]]]:
        """The chosen sessions, or in a report by page their views, by row; and the rows' labels."""
        rows, paths = chosen, Labels(chosen, [])
        if PAGE_PATH in dimensions:
            rows, paths = visits.views(chosen)
        columns = [
            paths if name == PAGE_PATH else self._dimension(visits, name).at(rows)
            for name in dimensions
        ]
        labels, where = _distinct(columns, len(rows))
        return Group(visits, rows, where, len(labels)), labels

    def _dimension(self, visits: Visits, name: str) -> Labels:
        return self._scene.memo.get(
            ("dimension", id(visits), name), lambda: DIMENSIONS[name](visits)
        )


def _distinct(columns: list[Labels], size: int) -> tuple[list[list[str]], Whole]:
    """The distinct combinations of labels, and the place of each of `size` rows among them."""
    if not size:
        return [], np.zeros(0, dtype=np.int64)
    combined = np.zeros(size, dtype=np.int64)
    for column in columns:
        combined = combined * len(column.names) + column.codes
    distinct, where = np.unique(combined, return_inverse=True)
    labels: list[list[str]] = [[] for _ in distinct]
    for column in reversed(columns):
        for place, code in enumerate((distinct % len(column.names)).tolist()):
            labels[place].insert(0, column.names[code])
        distinct = distinct // len(column.names)
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
    wanted: Mapping[str, Any], dimension: Callable[[Visits, str], Labels], visits: Visits
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
    return dimension(visits, asked["fieldName"]).kept(_test(asked))


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
        "dimensions": [{"apiName": name, "uiName": name} for name in (*DIMENSIONS, PAGE_PATH)],
        "metrics": [
            {"apiName": name, "uiName": name, "type": kind} for name, (kind, _) in METRICS.items()
        ],
    }

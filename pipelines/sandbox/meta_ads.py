"""Meta's Marketing API of the sandbox: accounts, their structure, and insights, sync and async.

Belongs here: nodes, edges and reports of advertising. Does not: what all of Graph shares (`meta`),
or sums (`insights`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from pipelines.sandbox import meta
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.insights import Cells, Report, rows
from pipelines.sandbox.meta import ABSENT, Asked, GraphError, Read, shaped
from pipelines.sandbox.tables import decimal, of_market
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import MARKETS, META, Market, served_cells, served_extra, served_reach

Row = dict[str, Any]

LEVELS = ("account", "campaign", "adset", "ad")
HIDDEN = ("DELETED", "ARCHIVED")
MAX_ROWS = 5000
RETENTION = timedelta(days=37 * 31)
BREAKDOWNS = ({"age"}, {"gender"}, {"age", "gender"}, {"region"})
WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")
# The names under which Meta reports the same purchases; omni_purchase is not on every row.
PURCHASES = (
    "purchase",
    "omni_purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "web_in_store_purchase",
)
# What a report goes through, one step a poll: at 100 % it is not yet complete.
STEPS = (("Job Running", 100),)


class Account:
    """One advertising account as it stands at the scene's instant."""

    def __init__(self, scene: Scene, market: Market) -> None:
        world = scene.world
        self.market = market
        self.now = scene.now
        self.campaigns = _by_id(self._rows(world.campaigns), "campaign_id")
        self.adsets = _by_id(self._rows(world.adsets), "adset_id")
        self.ads = _by_id(self._rows(world.ads), "ad_id")
        for row in self.campaigns.values():
            row["effective_status"] = row["status"]
        for row in self.adsets.values():
            row["effective_status"] = _effective(row, self.campaigns[row["campaign_id"]], None)
        for row in self.ads.values():
            campaign, adset = self.campaigns[row["campaign_id"]], self.adsets[row["adset_id"]]
            row["effective_status"] = _effective(row, campaign, adset)

    def _rows(self, table: pa.Table) -> list[Row]:
        return list(of_market(table, self.market.code, META.name).to_pylist())

    def objects(self, level: str) -> dict[str, Row]:
        """The campaigns, ad sets or ads by id."""
        return {"campaign": self.campaigns, "adset": self.adsets, "ad": self.ads}[level]

    def local(self, moment: datetime) -> str:
        """An instant (naive UTC) in the account's zone, as Graph writes it there."""
        return (
            moment.replace(tzinfo=UTC).astimezone(self.market.zone).strftime("%Y-%m-%dT%H:%M:%S%z")
        )

    def minor(self, amount: int) -> str:
        """A budget: whole rupiah for IDR, cents for USD, as text."""
        return str(amount // self.market.unit)

    @property
    def today(self) -> date:
        """The account's day now."""
        return self.now.astimezone(self.market.zone).date()


def _by_id(found: Iterable[Row], name: str) -> dict[str, Row]:
    return {row[name]: {**row, "id": row[name]} for row in found}


def _effective(row: Row, campaign: Row, adset: Row | None) -> str:
    """The status that Meta applies: a removed or paused parent shows through."""
    for owner in (row, adset, campaign):
        if owner is not None and owner["status"] in HIDDEN:
            return str(owner["status"])
    if row["status"] != "ACTIVE":
        return str(row["status"])
    if campaign["status"] != "ACTIVE":
        return "CAMPAIGN_PAUSED"
    return "ADSET_PAUSED" if adset is not None and adset["status"] != "ACTIVE" else "ACTIVE"


@dataclass
class Run:
    """An asynchronous report: what it found when it was asked for, and how far it has come."""

    id: str
    account: Account
    request: Request
    steps: list[tuple[str, int]]
    polls: int = 0

    @property
    def done(self) -> bool:
        """Whether it may be downloaded."""
        return self.polls > len(self.steps) and self.steps[-1][0] != "Job Failed"


@dataclass(frozen=True)
class Request:
    """A report that was asked for, and its rows."""

    fields: tuple[str, ...]
    breakdowns: tuple[str, ...]
    windows: tuple[str, ...]
    report: Report


class MetaAds:
    """Graph's side of advertising."""

    name = "meta_ads"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {market.ad_account: market for market in MARKETS}
        self._runs: dict[str, Run] = {}

    def knows(self, call: Call) -> bool:
        """Whether a call to Graph is about advertising."""
        steps = meta.unversioned(call.path)
        if not steps:
            return False
        if steps[0] == "me":
            return steps[1:] == ["adaccounts"]
        return steps[0].startswith("act_") or steps[0] in self._runs or bool(self._owner(steps[0]))

    def endpoint(self, call: Call) -> str:
        """`GET act/insights`, `GET run`, `GET run/insights`, `GET campaign` and the like."""
        first, *rest = meta.unversioned(call.path)
        owner = self._owner(first)
        kind = "act" if first.startswith("act_") else "run" if first in self._runs else first
        return f"{call.method} {'/'.join([owner[1] if owner else kind, *rest])}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """Graph's words for a fault."""
        return meta.refused(refusal, call)

    def answer(self, call: Call) -> Answer:
        """A node, an edge, or a report."""
        try:
            _for_ads(meta.authorized(call))
            body = self._answer(call, meta.unversioned(call.path))
        except GraphError as error:
            return error.answer
        return Answer(body, headers=meta.usage(call))

    def account(self, number: str) -> Account:
        """An account of the scene by its number; raises GraphError for an unknown one."""
        market = self._markets.get(number)
        if market is None:
            raise meta.missing(f"act_{number}")
        return self._scene.memo.get(("account", number), lambda: Account(self._scene, market))

    def _owner(self, identifier: str) -> tuple[Account, str] | None:
        """The account and level of a campaign, ad set or ad."""
        for number in self._markets:
            account = self.account(number)
            for level in LEVELS[1:]:
                if identifier in account.objects(level):
                    return account, level
        return None

    def _answer(self, call: Call, steps: list[str]) -> dict[str, Any]:
        parameters = call.parameters
        first = steps[0]
        if first == "me":
            accounts = [self.account(number) for number in self._markets]
            fields = meta.asked_fields(parameters.get("fields") or "account_id,id")
            data = [shaped(account, fields, ACCOUNT_FIELDS, "AdAccount") for account in accounts]
            return _page(call, data)
        if first in self._runs:
            return self._run(call, self._runs[first], steps[1:])
        if first.startswith("act_"):
            return self._account(call, self.account(first.removeprefix("act_")), steps[1:])
        owner = self._owner(first)
        if owner is None:
            raise meta.missing(first)
        return self._object(call, *owner, first, steps[1:])

    def _account(self, call: Call, account: Account, steps: list[str]) -> dict[str, Any]:
        parameters = call.parameters
        match steps:
            case []:
                fields = meta.asked_fields(parameters.get("fields") or "account_id,id")
                return shaped(account, fields, ACCOUNT_FIELDS, "AdAccount")
            case ["insights"] if call.method == "POST":
                return self._start(call, account, self._request(account, parameters, "account", {}))
            case ["insights"]:
                return _report_page(
                    call, account, self._request(account, parameters, "account", {})
                )
            case [("campaigns" | "adsets" | "ads") as edge]:
                return self._objects(call, account, edge.removesuffix("s"), {})
        raise GraphError(
            f"(#100) Tried accessing nonexisting field ({'/'.join(steps)}) on node type (AdAccount)"
        )

    def _object(
        self, call: Call, account: Account, level: str, identifier: str, steps: list[str]
    ) -> dict[str, Any]:
        parameters = call.parameters
        within = {f"{level}_id": {identifier}}
        match steps:
            case []:
                row = account.objects(level)[identifier]
                fields = meta.asked_fields(parameters.get("fields") or "id")
                return shaped((account, row), fields, OBJECT_FIELDS[level], level.capitalize())
            case ["insights"] if call.method == "POST":
                return self._start(call, account, self._request(account, parameters, level, within))
            case ["insights"]:
                return _report_page(
                    call, account, self._request(account, parameters, level, within)
                )
            case [("adsets" | "ads") as edge]:
                return self._objects(call, account, edge.removesuffix("s"), within)
        raise meta.missing(identifier)

    def _objects(
        self, call: Call, account: Account, level: str, within: Mapping[str, set[str]]
    ) -> dict[str, Any]:
        """Campaigns, ad sets or ads; deleted and archived ones only when they are asked for."""
        parameters = call.parameters
        filters = _filters(parameters)
        if "effective_status" in parameters:
            statuses = meta.strings(parameters["effective_status"], "effective_status")
            filters.append(Filter(f"{level}.effective_status", "IN", statuses))
        kept = _kept_ids(account, level, filters)
        found = [
            row
            for identifier, row in account.objects(level).items()
            if identifier in kept and all(row[name] in values for name, values in within.items())
        ]
        fields = meta.asked_fields(parameters.get("fields") or "id")
        return _page(
            call,
            found,
            lambda row: shaped((account, row), fields, OBJECT_FIELDS[level], level.capitalize()),
        )

    def _request(
        self, account: Account, parameters: Mapping[str, str], own: str, within: dict[str, set[str]]
    ) -> Request:
        ignored = ("access_token", "limit", "after", "before")
        key = frozenset((k, v) for k, v in parameters.items() if k not in ignored)
        number = account.market.ad_account
        return self._scene.memo.get(
            ("report", number, own, str(within), self._faults.version, key),
            lambda: self._report(account, parameters, own, within),
        )

    def _report(
        self, account: Account, parameters: Mapping[str, str], own: str, within: dict[str, set[str]]
    ) -> Request:
        level = parameters.get("level", own)
        if level not in LEVELS:
            raise GraphError(
                f"(#100) level must be one of the following values: {', '.join(LEVELS)}"
            )
        fields = self._fields(parameters)
        breakdowns = _breakdowns(parameters)
        first, last = _range(parameters, account)
        filters = _filters(parameters)
        kept = dict(within)
        for one in LEVELS[1:]:
            asked = [item for item in filters if item.field.startswith(f"{one}.")]
            # A removed object's history shows only at its own level, and only if it is asked for.
            if asked or one == level:
                kept[f"{one}_id"] = kept.get(f"{one}_id", _all(account, one)) & _kept_ids(
                    account, one, asked
                )
        step = _step(parameters.get("time_increment", "all_days"))
        report = self._cells(account).report(level, breakdowns, first, last, step, kept)
        windows = meta.strings(parameters.get("action_attribution_windows", "[]"), "windows")
        for window in windows:
            if window not in (*WINDOWS, "default"):
                raise GraphError(
                    f"(#100) {window} is not a valid value for action_attribution_windows"
                )
        return Request(fields, breakdowns, tuple(windows), report)

    def _fields(self, parameters: Mapping[str, str]) -> tuple[str, ...]:
        text = parameters.get("fields") or "impressions,spend"
        fields = tuple(asked.name for asked in meta.asked_fields(text))
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in fields:
            if name not in INSIGHT_FIELDS or name in retired:
                raise GraphError(
                    f"(#100) {name} is not valid for fields param. please check "
                    "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ "
                    "for all valid values"
                )
        return (
            *(name for name in fields if name not in ("date_start", "date_stop")),
            "date_start",
            "date_stop",
        )

    def _cells(self, account: Account) -> Cells:
        number = account.market.ad_account
        return self._scene.memo.get(
            ("cells", number, self._faults.version), lambda: self._build_cells(account)
        )

    def _build_cells(self, account: Account) -> Cells:
        code, world = account.market.code, self._scene.world
        cells = Cells(
            served_cells(world, code), served_extra(world, code), served_reach(world, code)
        )
        for rule in self._faults.standing("restate", self.name):
            if rule.account in ("", account.market.ad_account):
                cells.adjust(rule.ad_id, date.fromisoformat(rule.date), rule.changes)
        return cells

    def _start(self, call: Call, account: Account, request: Request) -> dict[str, str]:
        endpoint, text = self.endpoint(call), call.body.decode(errors="replace")
        steps = list(STEPS)
        stuck = self._faults.take("async_stuck", self.name, endpoint, text)
        if stuck is not None:
            steps += [("Job Running", 100)] * stuck.polls
        if self._faults.take("async_fail", self.name, endpoint, text) is not None:
            steps.append(("Job Failed", 100))
        run = Run(f"6{len(self._runs) + 1:015d}", account, request, steps)
        self._runs[run.id] = run
        return {"report_run_id": run.id}

    def _run(self, call: Call, run: Run, steps: list[str]) -> dict[str, Any]:
        if steps == ["insights"]:
            if not run.done:
                raise GraphError(
                    "(#2601) Error accessing adreport job.", 2601, subcode=1815107, transient=True
                )
            return _report_page(call, run.account, run.request)
        run.polls += 1
        failed = run.steps[-1][0] == "Job Failed"
        last = run.steps[-1] if failed else ("Job Completed", 100)
        status, percent = run.steps[run.polls - 1] if run.polls <= len(run.steps) else last
        body: dict[str, Any] = {
            "id": run.id,
            "account_id": run.account.market.ad_account,
            "time_ref": int(run.account.now.timestamp()),
            "async_status": status,
            "async_percent_completion": percent,
        }
        if status == "Job Failed":
            body["error_code"] = 2
            body["error_subcode"] = 1504018
            body["error_message"] = (
                "An unexpected error has occurred. Please retry your request later."
            )
        return body


def _for_ads(token: str) -> None:
    """Raise GraphError for a page's token, which opens no advertising."""
    if token in meta.PAGE_TOKENS:
        message = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
        raise GraphError(message, 200, status=403)


@dataclass(frozen=True)
class Filter:
    """One entry of `filtering`."""

    field: str
    operator: str
    value: Any


OPERATORS: dict[str, Callable[[str, Any], bool]] = {
    "IN": lambda found, value: found in value,
    "NOT_IN": lambda found, value: found not in value,
    "EQUAL": lambda found, value: found == str(value),
    "NOT_EQUAL": lambda found, value: found != str(value),
    "CONTAIN": lambda found, value: str(value).lower() in found.lower(),
    "NOT_CONTAIN": lambda found, value: str(value).lower() not in found.lower(),
}


def _filters(parameters: Mapping[str, str]) -> list[Filter]:
    try:
        filters = msgspec.json.decode(parameters.get("filtering") or "[]", type=list[Filter])
    except msgspec.DecodeError as error:
        raise GraphError(f"(#100) Param filtering is invalid: {error}") from None
    for item in filters:
        if item.operator not in OPERATORS:
            raise GraphError(f"(#100) Filtering operator {item.operator} is not supported")
    return filters


def _all(account: Account, level: str) -> set[str]:
    return set(account.objects(level))


def _kept_ids(account: Account, level: str, filters: Sequence[Filter]) -> set[str]:
    """The objects that the filters keep; removed ones only where a filter names their status."""
    own = [item for item in filters if item.field.startswith(f"{level}.")]
    by_status = any(item.field == f"{level}.effective_status" for item in own)
    return {
        identifier
        for identifier, row in account.objects(level).items()
        if (by_status or row["effective_status"] not in HIDDEN)
        and all(
            OPERATORS[item.operator](str(row.get(item.field.partition(".")[2], "")), item.value)
            for item in own
        )
    }


def _breakdowns(parameters: Mapping[str, str]) -> tuple[str, ...]:
    text = parameters.get("breakdowns", "")
    names = meta.strings(text, "breakdowns") if text.startswith("[") else text.split(",")
    names = [name for name in names if name]
    if names and set(names) not in BREAKDOWNS:
        raise GraphError(
            f"(#100) Current combination of data breakdown columns ({', '.join(names)}) is invalid"
        )
    return tuple(names)


PRESETS = {
    "today": (0, 0),
    "yesterday": (1, 1),
    "last_7d": (7, 1),
    "last_30d": (30, 1),
    "last_90d": (90, 1),
    "maximum": (37 * 30, 0),
}


def _range(parameters: Mapping[str, str], account: Account) -> tuple[date, date]:
    today = account.today
    try:
        if "time_range" in parameters:
            asked = msgspec.json.decode(parameters["time_range"], type=dict[str, date])
            first, last = asked["since"], asked["until"]
        else:
            before, until = PRESETS[parameters.get("date_preset", "last_30d")]
            first, last = today - timedelta(days=before), today - timedelta(days=until)
    except (KeyError, msgspec.DecodeError):
        raise GraphError("(#100) Param time_range or date_preset is invalid") from None
    if last < first:
        raise GraphError("(#100) Param time_range['since'] must be before time_range['until']")
    if first < today - RETENTION:
        raise GraphError(
            "(#3018) The start date of the time range cannot be beyond 37 months from the current "
            "date",
            3018,
        )
    return first, min(last, today)


def _step(text: str) -> int | None:
    if text == "all_days":
        return None
    if text.isdigit() and 1 <= int(text) <= 90:
        return int(text)
    raise GraphError("(#100) time_increment must be all_days or a number of days from 1 to 90")


def _page(
    call: Call, items: Sequence[Any], build: Callable[[Any], Any] = lambda item: item
) -> dict[str, Any]:
    """One page of a list by place. The last one has cursors too, but no `next`."""
    parameters = call.parameters
    size = meta.limit_of(parameters, MAX_ROWS)
    start = int(meta.place_of(parameters["after"])[0]) if parameters.get("after") else 0
    part = items[start : start + size]
    if not len(part):
        return {"data": []}
    end = start + len(part)
    place = meta.cursors([start], [end])
    paging: dict[str, Any] = {"cursors": place}
    if end < len(items):
        following: dict[str, str | None] = {**parameters, "after": place["after"], "before": None}
        following.pop("access_token", None)
        paging["next"] = meta.link(call, **following)
    return {"data": [build(item) for item in part], "paging": paging}


def _report_page(call: Call, account: Account, request: Request) -> dict[str, Any]:
    page = _page(call, range(len(request.report)))
    places: list[int] = page["data"]
    page["data"] = [_insight(account, request, row) for row in rows(request.report, places)]
    return page


def _insight(account: Account, request: Request, row: Row) -> dict[str, Any]:
    """One row as it goes out: text everywhere, and nothing for what there is nothing of."""
    record: dict[str, Any] = {}
    for name in request.fields:
        value = INSIGHT_FIELDS[name](account, row, request.windows)
        if value is not None:
            record[name] = value
    for name in request.breakdowns:
        record[name] = row[name]
    return record


InsightRead = Callable[[Account, Row, tuple[str, ...]], Any]


def _whole(name: str) -> InsightRead:
    return lambda _, row, __: str(row[name])


def _money(name: str) -> InsightRead:
    return lambda account, row, _: _amount(row[name], account)


def _amount(minor: int, account: Account) -> str:
    """An amount in major units: rupiah have no decimals, dollars have two."""
    return decimal(minor, places=0 if account.market.unit == 100 else 2)


def _named(level: str, name: str) -> InsightRead:
    def read(account: Account, row: Row, _: tuple[str, ...]) -> str | None:
        identifier = row.get(f"{level}_id")
        return None if identifier is None else str(account.objects(level)[identifier][name])

    return read


def _ratio(over: str, under: str, scale: float) -> InsightRead:
    def read(_: Account, row: Row, __: tuple[str, ...]) -> str | None:
        return f"{row[over] * scale / row[under]:.6f}" if row[under] else None

    return read


def _windowed(value: int, clicked: int, viewed: int, windows: Sequence[str]) -> dict[str, int]:
    """The value in each asked window; a window in which nothing fell has no key."""
    by_window = {
        "1d_click": clicked * 3 // 4,
        "7d_click": clicked,
        "28d_click": clicked,
        "1d_view": viewed,
        "default": value,
    }
    return {name: by_window[name] for name in windows if by_window[name]}


def _purchase_types(purchases: int) -> tuple[str, ...]:
    return PURCHASES if purchases % 5 != 3 else tuple(n for n in PURCHASES if n != "omni_purchase")


def _actions(_: Account, row: Row, windows: tuple[str, ...]) -> list[dict[str, str]] | None:
    actions = []
    for kind, count in (
        ("link_click", row["link_clicks"]),
        ("post_engagement", row["clicks"]),
        ("page_engagement", row["clicks"]),
    ):
        if count:
            # Clicks count in every click window alike.
            shares = {name: str(count) for name in windows if name.endswith("_click")}
            actions.append({"action_type": kind, "value": str(count), **shares})
    clicked, viewed = row["purchases_claimed_7d_click"], row["purchases_claimed_1d_view"]
    purchases = clicked + viewed
    if purchases:
        shares = {n: str(v) for n, v in _windowed(purchases, clicked, viewed, windows).items()}
        actions += [
            {"action_type": kind, "value": str(purchases), **shares}
            for kind in _purchase_types(purchases)
        ]
    return actions or None


def _action_values(
    account: Account, row: Row, windows: tuple[str, ...]
) -> list[dict[str, str]] | None:
    value, clicked = row["value_claimed"], row["purchases_claimed_7d_click"]
    purchases = clicked + row["purchases_claimed_1d_view"]
    if not value or not purchases:
        return None
    by_click = value * clicked // purchases
    windowed = _windowed(value, by_click, value - by_click, windows)
    shares = {name: _amount(part, account) for name, part in windowed.items()}
    return [
        {"action_type": kind, "value": _amount(value, account), **shares}
        for kind in _purchase_types(purchases)
    ]


def _roas(_: Account, row: Row, __: tuple[str, ...]) -> list[dict[str, str]] | None:
    if not row["value_claimed"] or not row["spend"]:
        return None
    return [{"action_type": "omni_purchase", "value": f"{row['value_claimed'] / row['spend']:.6f}"}]


def _of_level(level: str) -> dict[str, InsightRead]:
    return {
        f"{level}_id": lambda _, row, __: row.get(f"{level}_id"),
        f"{level}_name": _named(level, "name"),
    }


INSIGHT_FIELDS: dict[str, InsightRead] = {
    "account_id": lambda account, *_: account.market.ad_account,
    "account_name": lambda account, *_: account.market.page_name,
    "account_currency": lambda account, *_: account.market.currency,
    **_of_level("campaign"),
    **_of_level("adset"),
    **_of_level("ad"),
    "objective": _named("campaign", "objective"),
    "spend": _money("spend"),
    "impressions": _whole("impressions"),
    "clicks": _whole("clicks"),
    "inline_link_clicks": lambda _, row, __: (
        str(row["link_clicks"]) if row["link_clicks"] else None
    ),
    "reach": _whole("reach"),
    "frequency": _ratio("impressions", "reach", 1),
    "ctr": _ratio("clicks", "impressions", 100),
    "cpc": _ratio("spend", "clicks", 0.01),
    "cpm": _ratio("spend", "impressions", 10),
    "actions": _actions,
    "action_values": _action_values,
    "purchase_roas": _roas,
    "date_start": lambda _, row, __: row["first"].isoformat(),
    "date_stop": lambda _, row, __: row["last"].isoformat(),
}

ACCOUNT_FIELDS: dict[str, Read] = {
    "id": lambda account, _: f"act_{account.market.ad_account}",
    "account_id": lambda account, _: account.market.ad_account,
    "name": lambda account, _: account.market.page_name,
    "currency": lambda account, _: account.market.currency,
    "timezone_name": lambda account, _: account.market.timezone,
    "timezone_offset_hours_utc": lambda account, _: _offset(account),
    "account_status": lambda *_: 1,
    "created_time": lambda account, _: account.local(datetime(2023, 1, 1, tzinfo=UTC)),
    "business_name": lambda account, _: account.market.page_name,
}


def _offset(account: Account) -> float:
    offset = account.now.astimezone(account.market.zone).utcoffset() or timedelta()
    return offset.total_seconds() / 3600


def _column(name: str) -> Read:
    return lambda node, _: node[1][name]


def _day(name: str) -> Read:
    def read(node: tuple[Account, Row], _: Asked) -> Any:
        account, row = node
        if row[name] is None:
            return ABSENT
        return datetime.combine(row[name], time(), account.market.zone).strftime(
            "%Y-%m-%dT%H:%M:%S%z"
        )

    return read


def _creative(node: tuple[Account, Row], asked: Asked) -> dict[str, Any]:
    fields = asked.fields or meta.asked_fields("id")
    return shaped(node, fields, CREATIVE_FIELDS, "AdCreative")


def _campaign_of(node: tuple[Account, Row], asked: Asked) -> dict[str, Any]:
    account, row = node
    fields = asked.fields or meta.asked_fields("id")
    owner = (account, account.campaigns[row["campaign_id"]])
    return shaped(owner, fields, OBJECT_FIELDS["campaign"], "Campaign")


CREATIVE_FIELDS: dict[str, Read] = {
    "id": lambda node, _: f"{node[1]['id']}9",
    "name": _column("name"),
    "url_tags": _column("url_tags"),
    "object_type": lambda *_: "SHARE",
}
COMMON_FIELDS: dict[str, Read] = {
    "id": _column("id"),
    "account_id": lambda node, _: node[0].market.ad_account,
    "name": _column("name"),
    "status": _column("status"),
    "configured_status": _column("status"),
    "effective_status": _column("effective_status"),
    "created_time": lambda node, _: node[0].local(node[1]["created_at"]),
    "updated_time": lambda node, _: node[0].local(
        node[1].get("removed_at") or node[1]["created_at"]
    ),
}
OBJECT_FIELDS: dict[str, dict[str, Read]] = {
    "campaign": {
        **COMMON_FIELDS,
        "objective": _column("objective"),
        "buying_type": lambda *_: "AUCTION",
        "daily_budget": lambda node, _: node[0].minor(node[1]["daily_budget"]),
        "start_time": _day("start_date"),
        "stop_time": _day("stop_date"),
    },
    "adset": {**COMMON_FIELDS, "campaign_id": _column("campaign_id"), "campaign": _campaign_of},
    "ad": {
        **COMMON_FIELDS,
        "campaign_id": _column("campaign_id"),
        "adset_id": _column("adset_id"),
        "campaign": _campaign_of,
        "creative": _creative,
    },
}

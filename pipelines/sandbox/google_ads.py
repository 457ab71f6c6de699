"""Google Ads of the sandbox: `searchStream` over a manager and the customers of both markets.

Belongs here: resources, their fields, and the REST form of answers and failures. Does not: the
query language (`gaql`), or sums (`insights`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from pipelines.sandbox import gaql, google
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import (
    GOOGLE_ADS_DEVELOPER_TOKEN,
    GOOGLE_ADS_MANAGER,
    GOOGLE_ADS_TOKEN,
)
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.insights import METRICS, Cells, rows
from pipelines.sandbox.tables import of_market
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import (
    BRAND,
    MARKETS,
    NETWORK_BY_NAME,
    Market,
    served_cells,
    served_extra,
    served_reach,
)
from pipelines.sandbox.world.geography import REGIONS

Row = dict[str, Any]
Read = Callable[["Customer", Row], Any]

NETWORK = NETWORK_BY_NAME["google_ads"]
PATH = re.compile(r"v(?P<version>\d+)/customers/(?P<customer>\d+)/googleAds:searchStream")
REQUEST = "c2FuZGJveA"
# So many rows a chunk: Google's hold ten thousand, which no small world fills.
CHUNK = 500
# A hundredth of the currency is ten thousand of its millionths.
MICROS = 10_000
STATUSES = {"ACTIVE": "ENABLED", "PAUSED": "PAUSED"}
AGES = {
    "18-24": "AGE_RANGE_18_24",
    "25-34": "AGE_RANGE_25_34",
    "35-44": "AGE_RANGE_35_44",
    "45-54": "AGE_RANGE_45_54",
    "55-64": "AGE_RANGE_55_64",
    "65+": "AGE_RANGE_65_UP",
}
SUMMED = (*METRICS, "reach")
GENDERS = {"male": "MALE", "female": "FEMALE"}
COUNTRIES = {"id": ("2360", "Indonesia", "ID"), "us": ("2840", "United States", "US")}
# The criterion ids of regions, in the order in which the world names them.
FIRST_REGION = {"id": 20440, "us": 21130}
GEO_IDS = {
    region.name: str(FIRST_REGION[code] + place)
    for code, regions in REGIONS.items()
    for place, region in enumerate(regions)
}


class FailureError(Exception):
    """A call that the API refuses, and its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def failure(category: str, code: str, message: str, status: int = 400, **more: Any) -> Answer:
    """A GoogleAdsFailure as the REST interface writes it: wrapped, and in an array."""
    words = {
        400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        403: ("PERMISSION_DENIED", "The caller does not have permission"),
        429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        500: ("INTERNAL", "Internal error encountered."),
    }[status]
    detail = {
        "@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure",
        "errors": [{"errorCode": {category: code}, "message": message, **more}],
        "requestId": REQUEST,
    }
    error = {"code": status, "message": words[1], "status": words[0], "details": [detail]}
    return Answer([{"error": error}], status)


def quota(code: str, seconds: float, scope: str, name: str) -> Answer:
    """The refusal of a quota, with the delay after which there is room again."""
    details = {"rateScope": scope, "rateName": name, "retryDelay": f"{seconds:g}s"}
    message = f"Too many requests. Retry in {seconds:g} seconds."
    return failure("quotaError", code, message, 429, details={"quotaErrorDetails": details})


class Customer:
    """One customer as it stands at the scene's instant."""

    def __init__(self, scene: Scene, faults: Faults, market: Market) -> None:
        world, code = scene.world, market.code
        self.market = market
        self.id = NETWORK.accounts[code]
        self.now = scene.now
        self.campaigns = self._listed(world.campaigns, "campaign_id")
        # Performance Max has neither ad groups nor ads: what Google shows is made of assets.
        wide = {id for id, row in self.campaigns.items() if row["kind"] == "promotion"}
        self.ad_groups = self._listed(world.adsets, "adset_id", wide)
        self.ads = self._listed(world.ads, "ad_id", wide)
        self.grouped = set(self.campaigns) - wide
        self.cells = Cells(
            served_cells(world, code, NETWORK.name),
            served_extra(world, code, NETWORK.name),
            served_reach(world, code, NETWORK.name),
        )
        for rule in faults.standing("restate", NETWORK.name):
            if rule.account in ("", self.id):
                self.cells.adjust(rule.ad_id, date.fromisoformat(rule.date), rule.changes)

    def _listed(self, table: Any, key: str, without: Iterable[str] = ()) -> dict[str, Row]:
        found = of_market(table, self.market.code, NETWORK.name).to_pylist()
        return {row[key]: row for row in found if row["campaign_id"] not in without}

    def name(self, kind: str, *ids: str) -> str:
        """A resource's name."""
        return f"customers/{self.id}/{kind}/{'~'.join(ids)}"

    def local(self, day: date | None) -> str | None:
        """Midnight of a day, as Google writes instants of the customer's zone."""
        return None if day is None else f"{day} 00:00:00"


@dataclass(frozen=True)
class Resource:
    """A resource: the rows of a customer without days, and the level of its figures.

    `breakdown` is by what its figures are parted; `grouped` leaves Performance Max out.
    """

    listed: Callable[[Customer], Iterable[Row]]
    level: str = ""
    breakdown: str = ""
    grouped: bool = False


def _own(customer: Customer) -> list[Row]:
    return [{"account": customer.id}]


RESOURCES = {
    "customer": Resource(_own, "account"),
    "campaign": Resource(lambda customer: customer.campaigns.values(), "campaign"),
    "ad_group": Resource(lambda customer: customer.ad_groups.values(), "adset", grouped=True),
    "ad_group_ad": Resource(lambda customer: customer.ads.values(), "ad", grouped=True),
    "age_range_view": Resource(lambda _: (), "adset", "age", grouped=True),
    "gender_view": Resource(lambda _: (), "adset", "gender", grouped=True),
    "geographic_view": Resource(lambda _: (), "campaign", "region"),
    "geo_target_constant": Resource(lambda _: _places()),
}


def _places() -> list[Row]:
    places = []
    for code, (number, name, country) in COUNTRIES.items():
        places.append({"geo": number, "name": name, "country": country, "type": "Country"})
        kind = "Province" if code == "id" else "State"
        for region in REGIONS[code]:
            geo = GEO_IDS[region.name]
            places.append({"geo": geo, "name": region.name, "country": country, "type": kind})
    return places


def _of(kind: str, column: str) -> Read:
    """A column of the campaign, ad group or ad to which a row belongs."""

    def read(customer: Customer, row: Row) -> Any:
        table, key = {
            "campaign": (customer.campaigns, "campaign_id"),
            "ad_group": (customer.ad_groups, "adset_id"),
            "ad": (customer.ads, "ad_id"),
        }[kind]
        return table[row[key]][column]

    return read


def _status(kind: str) -> Read:
    read = _of(kind, "status")
    return lambda customer, row: STATUSES.get(read(customer, row), "REMOVED")


def _column(column: str) -> Read:
    return lambda _, row: row[column]


def _conversions(_: Customer, row: Row) -> float:
    return float(row["purchases_claimed_7d_click"] + row["purchases_claimed_1d_view"])


def _gender(_: Customer, row: Row) -> str:
    return GENDERS.get(row["gender"], "UNDETERMINED")


def _suffix(customer: Customer, row: Row) -> str | None:
    """The ads' parameters where they have no ads: all that the campaign can say of itself."""
    if row["campaign_id"] in customer.grouped:
        return None
    slug = customer.campaigns[row["campaign_id"]]["utm_campaign"]
    return f"utm_source={NETWORK.utm_source}&utm_medium={NETWORK.utm_medium}&utm_campaign={slug}"


def _channel(customer: Customer, row: Row) -> str:
    return "SEARCH" if row["campaign_id"] in customer.grouped else "PERFORMANCE_MAX"


def _landing(customer: Customer, _: Row) -> list[str]:
    return [f"https://{customer.market.hostname}/"]


# Every field that may be selected, as the query names it.
FIELDS: dict[str, Read] = {
    "customer.id": lambda customer, _: customer.id,
    "customer.descriptive_name": lambda customer, _: customer.market.page_name,
    "customer.currency_code": lambda customer, _: customer.market.currency,
    "customer.time_zone": lambda customer, _: customer.market.timezone,
    "customer.status": lambda *_: "ENABLED",
    "customer.manager": lambda *_: False,
    "customer.auto_tagging_enabled": lambda *_: True,
    "customer.final_url_suffix": lambda *_: None,
    "customer.tracking_url_template": lambda *_: None,
    "campaign.id": lambda _, row: row["campaign_id"],
    "campaign.name": _of("campaign", "name"),
    "campaign.status": _status("campaign"),
    "campaign.primary_status": lambda customer, row: (
        "ELIGIBLE" if _status("campaign")(customer, row) == "ENABLED" else "ENDED"
    ),
    "campaign.advertising_channel_type": _channel,
    "campaign.bidding_strategy_type": lambda *_: "MAXIMIZE_CONVERSION_VALUE",
    "campaign.start_date_time": lambda customer, row: customer.local(
        _of("campaign", "start_date")(customer, row)
    ),
    "campaign.end_date_time": lambda customer, row: customer.local(
        _of("campaign", "stop_date")(customer, row)
    ),
    "campaign.final_url_suffix": _suffix,
    "campaign.tracking_url_template": lambda *_: None,
    "campaign_budget.amount_micros": lambda customer, row: (
        _of("campaign", "daily_budget")(customer, row) * MICROS
    ),
    "ad_group.id": lambda _, row: row["adset_id"],
    "ad_group.name": _of("ad_group", "name"),
    "ad_group.status": _status("ad_group"),
    "ad_group.type": lambda *_: "SEARCH_STANDARD",
    "ad_group.final_url_suffix": lambda *_: None,
    "ad_group.tracking_url_template": lambda *_: None,
    "ad_group_ad.ad.id": lambda _, row: row["ad_id"],
    "ad_group_ad.ad.name": _of("ad", "name"),
    "ad_group_ad.ad.type": lambda *_: "RESPONSIVE_SEARCH_AD",
    "ad_group_ad.ad.final_urls": _landing,
    "ad_group_ad.ad.final_url_suffix": _of("ad", "url_tags"),
    "ad_group_ad.ad.tracking_url_template": lambda *_: None,
    "ad_group_ad.status": _status("ad"),
    "ad_group_criterion.age_range.type": _column("age"),
    "ad_group_criterion.gender.type": _gender,
    "geographic_view.country_criterion_id": lambda customer, _: COUNTRIES[customer.market.code][0],
    "geographic_view.location_type": lambda *_: "LOCATION_OF_PRESENCE",
    "geo_target_constant.id": lambda _, row: row["geo"],
    "geo_target_constant.name": lambda _, row: row["name"],
    "geo_target_constant.canonical_name": lambda _, row: row["name"],
    "geo_target_constant.country_code": lambda _, row: row["country"],
    "geo_target_constant.target_type": lambda _, row: row["type"],
    "segments.date": lambda _, row: row["first"].isoformat(),
    "segments.geo_target_region": lambda _, row: f"geoTargetConstants/{GEO_IDS[row['region']]}",
    "metrics.cost_micros": lambda _, row: row["spend"] * MICROS,
    "metrics.impressions": _column("impressions"),
    "metrics.clicks": _column("clicks"),
    "metrics.interactions": _column("clicks"),
    "metrics.conversions": _conversions,
    "metrics.conversions_value": lambda _, row: row["value_claimed"] / 100,
    "metrics.all_conversions": _conversions,
    "metrics.all_conversions_value": lambda _, row: row["value_claimed"] / 100,
    "metrics.view_through_conversions": _column("purchases_claimed_1d_view"),
}
# Numbers of 64 bits, which JSON carries as text.
LONG = frozenset(
    [
        "campaign_budget.amount_micros",
        "metrics.cost_micros",
        "metrics.impressions",
        "metrics.clicks",
        "metrics.interactions",
        "metrics.view_through_conversions",
    ]
)
# The parts of a row whose resource name comes with it, asked for or not.
NAMES: dict[str, Read] = {
    "customer": lambda customer, _: f"customers/{customer.id}",
    "campaign": lambda customer, row: customer.name("campaigns", row["campaign_id"]),
    "ad_group": lambda customer, row: customer.name("adGroups", row["adset_id"]),
    "ad_group_ad": lambda customer, row: customer.name("adGroupAds", row["adset_id"], row["ad_id"]),
    "geo_target_constant": lambda _, row: f"geoTargetConstants/{row['geo']}",
}


class GoogleAds:
    """The API's one service that reads."""

    name = NETWORK.name

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {NETWORK.accounts[market.code]: market for market in MARKETS}

    def endpoint(self, call: Call) -> str:
        """`POST searchStream campaign` and the like."""
        try:
            resource = gaql.read(call.json()["query"]).resource
        except (gaql.GaqlError, msgspec.DecodeError, KeyError, TypeError):
            resource = ""
        return f"{call.method} searchStream {resource}".rstrip()

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """Google's words for a fault."""
        match refusal.kind:
            case "dead_token":
                message = "User in the cookie is not a valid Ads user."
                return failure("authenticationError", "OAUTH_TOKEN_REVOKED", message, 401)
            case "access_denied":
                return _denied()
            case "quota_spent":
                name = "Number of operations for basic access"
                return quota("RESOURCE_EXHAUSTED", 40591, "DEVELOPER", name)
            case "throttled" | "too_many_requests":
                seconds = 5 if refusal.retry_after is None else refusal.retry_after
                code = "RESOURCE_TEMPORARILY_EXHAUSTED"
                return quota(code, seconds, "ACCOUNT", "Requests per service per method")
            case "unavailable":
                return plain_refusal(refusal)
        return failure("internalError", "INTERNAL_ERROR", "An internal error has occurred.", 500)

    def answer(self, call: Call) -> Answer:
        """The stream's chunks."""
        found = PATH.fullmatch(call.path)
        if found is None or call.method != "POST":
            return google.error(404, "NOT_FOUND", "Not found")
        try:
            _authorized(call)
            return Answer(self._stream(found["customer"], call.json()["query"]))
        except FailureError as error:
            return error.answer
        except gaql.GaqlError as error:
            message = f"Error in query: {error}"
            return failure("queryError", "UNEXPECTED_INPUT", message)

    def _stream(self, number: str, text: str) -> list[Row]:
        query = gaql.read(text)
        if number == GOOGLE_ADS_MANAGER:
            return _chunks(_of_manager(self._customers(), query), query)
        if number not in self._markets:
            raise FailureError(
                failure(
                    "authenticationError", "CUSTOMER_NOT_FOUND", "No customer found for it.", 401
                )
            )
        customer = self._customer(number)
        self._known(query)
        return _chunks(_selected(customer, query), query)

    def _customers(self) -> list[Customer]:
        return [self._customer(number) for number in self._markets]

    def _customer(self, number: str) -> Customer:
        key = ("google_ads", number, self._faults.version)
        market = self._markets[number]
        return self._scene.memo.get(key, lambda: Customer(self._scene, self._faults, market))

    def _known(self, query: gaql.Query) -> None:
        """Raise FailureError for a resource or a field that there is not."""
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        if query.resource not in RESOURCES:
            message = f"Invalid resource in the FROM clause: '{query.resource}'."
            raise FailureError(failure("queryError", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", message))
        for field in (*query.fields, *(each.field for each in query.conditions)):
            if field not in FIELDS or field in retired:
                message = f"Unrecognized field in the query: '{field}'."
                raise FailureError(failure("queryError", "UNRECOGNIZED_FIELD", message))


def _authorized(call: Call) -> None:
    """Raise FailureError unless the call proves who asks, and for which developer."""
    if call.headers.get("authorization") != f"Bearer {GOOGLE_ADS_TOKEN}":
        message = "The OAuth access token is not valid."
        raise FailureError(failure("authenticationError", "OAUTH_TOKEN_INVALID", message, 401))
    if call.headers.get("developer-token") != GOOGLE_ADS_DEVELOPER_TOKEN:
        message = "The developer token is not valid."
        raise FailureError(failure("authenticationError", "DEVELOPER_TOKEN_INVALID", message, 401))
    if call.headers.get("login-customer-id", GOOGLE_ADS_MANAGER) != GOOGLE_ADS_MANAGER:
        raise FailureError(_denied())


def _denied() -> Answer:
    message = (
        "User doesn't have permission to access customer. Note: If you're accessing a client "
        "customer, the manager's customer id must be set in the 'login-customer-id' header."
    )
    return failure("authorizationError", "USER_PERMISSION_DENIED", message, 403)


MANAGER = {
    "customer.id": GOOGLE_ADS_MANAGER,
    "customer.descriptive_name": BRAND,
    "customer.currency_code": "IDR",
    "customer.time_zone": "Asia/Jakarta",
    "customer.manager": True,
}


def _of_manager(customers: Iterable[Customer], query: gaql.Query) -> list[Row]:
    """What a manager has: itself, and its clients. It has no figures."""
    if any(field.startswith("metrics.") for field in query.fields):
        message = "Metrics cannot be requested for a manager account."
        raise FailureError(failure("queryError", "REQUESTED_METRICS_FOR_MANAGER", message))
    if query.resource == "customer":
        found = {field: MANAGER[field] for field in query.fields if field in MANAGER}
        return [_nested(found)]
    clients = []
    for customer in customers:
        known = {
            "customer_client.id": customer.id,
            "customer_client.descriptive_name": customer.market.page_name,
            "customer_client.currency_code": customer.market.currency,
            "customer_client.time_zone": customer.market.timezone,
        }
        clients.append(_nested({field: known[field] for field in query.fields}))
    return clients


def _selected(customer: Customer, query: gaql.Query) -> list[Row]:
    found = []
    for row in _rows(customer, query):
        told = {field: FIELDS[field](customer, row) for field in query.fields}
        found.append(_nested(told, _named(customer, row, query)))
    return found[: query.limit]


def _rows(customer: Customer, query: gaql.Query) -> Iterable[Row]:
    """The rows that the query is about: figures by day, or what there is."""
    resource = RESOURCES[query.resource]
    conditions = [each for each in query.conditions if not each.field.startswith("segments.date")]
    days = query.of("segments.date")
    if not days and "metrics" not in {field.partition(".")[0] for field in query.fields}:
        for row in resource.listed(customer):
            if all(each.holds(str(FIELDS[each.field](customer, row))) for each in conditions):
                yield row
        return
    first, last = _span(days)
    kept = {"campaign_id": customer.grouped} if resource.grouped else {}
    breakdowns = (resource.breakdown,) if resource.breakdown else ()
    step = 1 if "segments.date" in query.fields else None
    report = customer.cells.report(resource.level, breakdowns, first, last, step, kept)
    yield from _relabelled(rows(report, range(len(report))))


def _relabelled(found: Iterable[Row]) -> Iterable[Row]:
    """The rows with age bands as Google parts them: what it has no band for is one, not two."""
    merged: dict[tuple[Any, ...], Row] = {}
    for row in found:
        if "age" in row:
            row["age"] = AGES.get(row["age"], "AGE_RANGE_UNDETERMINED")
        key = tuple(value for name, value in row.items() if name not in SUMMED)
        into = merged.setdefault(key, row)
        if into is not row:
            for name in SUMMED:
                into[name] += row[name]
    return merged.values()


def _span(days: Iterable[gaql.Condition]) -> tuple[date, date]:
    for condition in days:
        if condition.operator == "between":
            first, last = map(date.fromisoformat, condition.values)
            return first, last
    raise FailureError(
        failure(
            "queryError",
            "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
            "A finite range of days is needed: segments.date BETWEEN … AND ….",
        )
    )


def _named(customer: Customer, row: Row, query: gaql.Query) -> dict[str, str]:
    parts = {field.partition(".")[0] for field in query.fields} | {query.resource}
    return {part: NAMES[part](customer, row) for part in parts if part in NAMES}


def _nested(told: Mapping[str, Any], named: Mapping[str, str] | None = None) -> Row:
    """Fields as the parts of a row. What is a message's default is left out, as protos do."""
    row: Row = {_camel(part): {"resourceName": name} for part, name in (named or {}).items()}
    for field, value in told.items():
        *parts, last = map(_camel, field.split("."))
        if value is None or value in (False, 0):
            continue
        place = row
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = str(value) if field in LONG else value
    return row


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _chunks(found: list[Row], query: gaql.Query) -> list[Row]:
    """An array of chunks, each with the mask of what was asked for."""
    mask = ",".join(".".join(map(_camel, field.split("."))) for field in query.fields)
    told = {"fieldMask": mask, "requestId": REQUEST}
    if not found:
        return [told]
    starts = range(0, len(found), CHUNK)
    return [{"results": found[start : start + CHUNK], **told} for start in starts]

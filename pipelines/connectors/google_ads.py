"""Google Ads: customers, what they advertise, and what that brought, by `searchStream`.

Belongs here: the streams and their queries, managers and their clients, what errors mean. Does not:
how a person's token is renewed (`google`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from typing_extensions import override

from pipelines.connectors import google, health
from pipelines.connectors.errors import Decision, Gone, Rule, Signal, UnknownMetric
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Answer, Client, Platform, Request, Token, status_signal
from pipelines.connectors.oauth import Renewed
from pipelines.connectors.read import HttpSource, Page, halved
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, boolean, day, integer, json, money, schema, text

DOCS = "https://developers.google.com/google-ads/api/fields/latest/"
# Conversions count on the day of their click and keep coming: thirty days is Google's own default.
LOOKBACK_DAYS = 30

CUSTOMER = (
    text("customer_id", "Customer: the advertising account.", "@account_id", required=True),
    text("currency", "The customer's currency (ISO 4217).", "@currency"),
)
DAY = day("date", "Day, in the customer's time zone.", "segments.date", required=True)
CAMPAIGN = text("campaign_id", "Campaign.", "campaign.id", required=True)
CAMPAIGN_NAME = text("campaign_name", "Campaign's name when it was read.", "campaign.name")
AD_GROUP = text("ad_group_id", "Ad group.", "adGroup.id", required=True)

METRICS = (
    money("cost", "Money spent, in the customer's currency.", "metrics.costMicros", scale=6),
    integer("impressions", "Times an ad was shown.", "metrics.impressions"),
    integer("clicks", "Clicks.", "metrics.clicks"),
    integer("interactions", "Clicks, views and what else a format counts.", "metrics.interactions"),
    money(
        "conversions",
        "Conversions of the primary actions, by day of the click; credits may be fractions.",
        "metrics.conversions",
    ),
    money("conversions_value", "Value of those conversions.", "metrics.conversionsValue"),
    money(
        "all_conversions",
        "Conversions of all actions, the primary ones among them.",
        "metrics.allConversions",
    ),
    money("all_conversions_value", "Value of all conversions.", "metrics.allConversionsValue"),
    integer(
        "view_through_conversions",
        "Conversions after a view alone; not among the conversions.",
        "metrics.viewThroughConversions",
    ),
)


def _tags(resource: str) -> tuple[Field, ...]:
    """How a level of the account marks its ads' links; the level nearest to the ad decides."""
    return (
        text("final_url_suffix", "Parameters put after its links.", f"{resource}.finalUrlSuffix"),
        text(
            "tracking_url_template",
            "Address through which its links lead.",
            f"{resource}.trackingUrlTemplate",
        ),
    )


def _structure(name: str, description: str, *fields: Field, key: tuple[str, ...]) -> Stream:
    return Stream(
        source="google_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*CUSTOMER, *fields),
        key=key,
        mode="replace",
        snapshot=True,
        url=DOCS,
    )


def _daily(
    name: str, description: str, *dimensions: Field, key: tuple[str, ...], slice_days: int
) -> Stream:
    return Stream(
        source="google_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*CUSTOMER, DAY, *dimensions, *METRICS),
        key=("date", *key),
        mode="replace",
        day="date",
        lookback_days=LOOKBACK_DAYS,
        slice_days=slice_days,
        totals=("cost", "impressions", "clicks"),
        url=DOCS,
    )


STREAMS = (
    _structure(
        "customers",
        "The customer itself as it stands.",
        text("name", "Name.", "customer.descriptiveName"),
        text("time_zone", "Zone in which its days close.", "customer.timeZone"),
        text("status", "Whether it may advertise.", "customer.status"),
        boolean("auto_tagging", "Links carry a click id.", "customer.autoTaggingEnabled"),
        *_tags("customer"),
        key=("customer_id",),
    ),
    _structure(
        "campaigns",
        "Campaigns as they stand, removed ones included.",
        text("campaign_id", "Campaign.", "campaign.id", required=True),
        text("name", "Name.", "campaign.name"),
        text("status", "Status that the advertiser set.", "campaign.status"),
        text("primary_status", "What Google says it is doing.", "campaign.primaryStatus"),
        text("channel_type", "Where it runs.", "campaign.advertisingChannelType"),
        text("bidding", "How it bids.", "campaign.biddingStrategyType"),
        text("start_date_time", "Start, in the customer's zone.", "campaign.startDateTime"),
        text("end_date_time", "End, in the customer's zone.", "campaign.endDateTime"),
        money("budget", "Budget a day.", "campaignBudget.amountMicros", scale=6),
        *_tags("campaign"),
        key=("campaign_id",),
    ),
    _structure(
        "ad_groups",
        "Ad groups as they stand. Performance Max campaigns have none.",
        AD_GROUP,
        text("campaign_id", "Its campaign.", "campaign.id"),
        text("name", "Name.", "adGroup.name"),
        text("status", "Status that the advertiser set.", "adGroup.status"),
        text("type", "Kind of ad group.", "adGroup.type"),
        *_tags("adGroup"),
        key=("ad_group_id",),
    ),
    _structure(
        "ads",
        "Ads as they stand. An ad may stand in several ad groups.",
        text("ad_id", "Ad.", "adGroupAd.ad.id", required=True),
        AD_GROUP,
        text("campaign_id", "Its campaign.", "campaign.id"),
        text("name", "Name.", "adGroupAd.ad.name"),
        text("type", "Kind of ad.", "adGroupAd.ad.type"),
        text("status", "Status that the advertiser set.", "adGroupAd.status"),
        json("final_urls", "Where its links lead.", "adGroupAd.ad.finalUrls"),
        *_tags("adGroupAd.ad"),
        key=("ad_group_id", "ad_id"),
    ),
    _structure(
        "geo_targets",
        "Countries and regions by their ids.",
        text("geo_target_id", "Place.", "geoTargetConstant.id", required=True),
        text("name", "Name.", "geoTargetConstant.name"),
        text(
            "canonical_name", "Name with those of its parents.", "geoTargetConstant.canonicalName"
        ),
        text("country_code", "Country (ISO 3166-1).", "geoTargetConstant.countryCode"),
        text("target_type", "Kind of place.", "geoTargetConstant.targetType"),
        key=("geo_target_id",),
    ),
    _daily("account_daily", "Account totals by day.", key=(), slice_days=30),
    _daily(
        "campaign_daily",
        "Campaigns by day, Performance Max among them.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        key=("campaign_id",),
        slice_days=30,
    ),
    _daily(
        "ad_group_daily",
        "Ad groups by day.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        AD_GROUP,
        text("ad_group_name", "Ad group's name when it was read.", "adGroup.name"),
        key=("ad_group_id",),
        slice_days=14,
    ),
    _daily(
        "ad_daily",
        "Ads by day.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        AD_GROUP,
        text("ad_group_name", "Ad group's name when it was read.", "adGroup.name"),
        text("ad_id", "Ad.", "adGroupAd.ad.id", required=True),
        text("ad_name", "Ad's name when it was read.", "adGroupAd.ad.name"),
        key=("ad_group_id", "ad_id"),
        slice_days=14,
    ),
    _daily(
        "age_daily",
        "Ad groups by day and age band. Google does not tell age and gender together.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        AD_GROUP,
        text(
            "age_range",
            "Age band as Google names it.",
            "adGroupCriterion.ageRange.type",
            required=True,
        ),
        key=("ad_group_id", "age_range"),
        slice_days=14,
    ),
    _daily(
        "gender_daily",
        "Ad groups by day and gender. Google does not tell age and gender together.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        AD_GROUP,
        text(
            "gender",
            "MALE, FEMALE or UNDETERMINED.",
            "adGroupCriterion.gender.type",
            required=True,
        ),
        key=("ad_group_id", "gender"),
        slice_days=14,
    ),
    _daily(
        "region_daily",
        "Campaigns by day and region.",
        CAMPAIGN,
        CAMPAIGN_NAME,
        text("country_id", "Country, a geo target.", "geographicView.countryCriterionId"),
        text(
            "location_type",
            "Whether people were there or interested in it.",
            "geographicView.locationType",
        ),
        text("region", "Region: geoTargetConstants/<id>.", "segments.geoTargetRegion"),
        key=("campaign_id", "country_id", "location_type", "region"),
        slice_days=14,
    ),
)

# First-level divisions, as Google's kinds of place call them; cities alone are a hundred thousand.
REGION_TYPES = (
    "Autonomous Community",
    "Canton",
    "Country",
    "Department",
    "Governorate",
    "Okrug",
    "Prefecture",
    "Province",
    "Region",
    "State",
    "Territory",
    "Union Territory",
)


@dataclass(frozen=True)
class Read:
    """The resource that a stream is selected from, and which of its rows."""

    resource: str
    where: str = ""


READS = {
    "customers": Read("customer"),
    "campaigns": Read("campaign"),
    "ad_groups": Read("ad_group"),
    "ads": Read("ad_group_ad"),
    "geo_targets": Read(
        "geo_target_constant",
        f"geo_target_constant.target_type IN ({', '.join(map(repr, REGION_TYPES))})",
    ),
    "account_daily": Read("customer"),
    "campaign_daily": Read("campaign"),
    "ad_group_daily": Read("ad_group"),
    "ad_daily": Read("ad_group_ad"),
    "age_daily": Read("age_range_view"),
    "gender_daily": Read("gender_view"),
    "region_daily": Read("geographic_view"),
}

API_CENTER = (
    "Check GOOGLE_ADS_DEVELOPER_TOKEN, and its access level in the API Center of your manager "
    "account."
)
ACCESS = (
    "Give the person of GOOGLE_ADS_REFRESH_TOKEN access to the customers in GOOGLE_ADS_CUSTOMERS; "
    "access through a manager needs that manager in GOOGLE_ADS_LOGIN_CUSTOMER_ID."
)
HOUR = 3600.0
RULES = (
    Rule(
        Decision.ABORT,
        "the developer token is refused",
        code=(
            "DEVELOPER_TOKEN_INVALID",
            "DEVELOPER_TOKEN_NOT_APPROVED",
            "DEVELOPER_TOKEN_NOT_ON_ALLOWLIST",
            "DEVELOPER_TOKEN_PROHIBITED",
            "DEVELOPER_TOKEN_PARAMETER_MISSING",
            "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
            "ACCESS_PROHIBITED",
        ),
        remedy=API_CENTER,
    ),
    Rule(
        Decision.SKIP,
        "the customer is not enabled",
        code=("CUSTOMER_NOT_ENABLED", "CUSTOMER_NOT_FOUND"),
    ),
    Rule(
        Decision.STOP,
        "a manager has no figures of its own",
        code=("REQUESTED_METRICS_FOR_MANAGER",),
    ),
    Rule(Decision.ABORT, "the refresh token is refused", code=("invalid_grant",)),
    Rule(
        Decision.ABORT,
        "the OAuth client is refused",
        code=("invalid_client", "unauthorized_client", "deleted_client"),
        remedy="Check GOOGLE_ADS_CLIENT_ID and GOOGLE_ADS_CLIENT_SECRET.",
    ),
    Rule(Decision.ABORT, "the token is refused", code=("UNAUTHENTICATED",)),
    Rule(Decision.ABORT, "the token is refused", subcode=("authenticationError",)),
    Rule(
        Decision.STOP,
        "the token may not read this customer",
        subcode=("authorizationError",),
        remedy=ACCESS,
    ),
    Rule(
        Decision.STOP,
        "the token may not read this customer",
        code=("PERMISSION_DENIED",),
        remedy=ACCESS,
    ),
    Rule(
        Decision.WAIT,
        "too many requests at once",
        code=("RESOURCE_TEMPORARILY_EXHAUSTED",),
        wait=60,
    ),
    # The day's operations of the developer token: the answer says in how many seconds there are
    # new ones, and that is for the scheduler to wait.
    Rule(Decision.WAIT, "the day's operations are spent", code=("RESOURCE_EXHAUSTED",), wait=HOUR),
    Rule(
        Decision.DROP,
        "a field is not served",
        code=(
            "UNRECOGNIZED_FIELD",
            "PROHIBITED_FIELD_IN_SELECT_CLAUSE",
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
    ),
    Rule(
        Decision.RETRY,
        "Google is in trouble",
        code=(
            "INTERNAL",
            "INTERNAL_ERROR",
            "TRANSIENT_ERROR",
            "UNAVAILABLE",
            "DEADLINE_EXCEEDED",
            "ABORTED",
            "UNKNOWN",
        ),
    ),
)


def google_ads_signal(answer: Answer) -> Signal | None:
    """The error of an answer, the first that Google lists of it.

    A stream is an array, and so are its errors; one that breaks off half-way was begun with 200.
    The OAuth endpoint writes its own simpler one.
    """
    error = _error(answer.body)
    if error is None:
        return status_signal(answer)
    if isinstance(error, str):
        return Signal(answer.status, error, message=str(answer.body.get("error_description", "")))
    details = [item for item in error.get("details", ()) if isinstance(item, dict)]
    failures = [item for detail in details for item in detail.get("errors", ())]
    first: Mapping[str, Any] = failures[0] if failures else {}
    category, code = next(iter(first.get("errorCode", {}).items()), ("", error.get("status", "")))
    return Signal(
        int(error.get("code") or answer.status),
        str(code),
        str(category),
        str(first.get("message") or error.get("message", "")),
        _retry_delay([*details, first]) or answer.retry_after,
    )


def _error(body: Any) -> Mapping[str, Any] | str | None:
    for item in body if isinstance(body, list) else [body]:
        error = item.get("error") if isinstance(item, dict) else None
        if isinstance(error, dict | str):
            return error
    return None


def _retry_delay(told: Iterable[Mapping[str, Any]]) -> float | None:
    """Seconds of a `retryDelay` ("40591s"), of a quota's own details or of Google's common ones."""
    for detail in told:
        quota = detail.get("details", {})
        text = detail.get("retryDelay") or quota.get("quotaErrorDetails", {}).get("retryDelay", "")
        if found := re.fullmatch(r"(\d+(?:\.\d+)?)s", text):
            return float(found[1])
    return None


PLATFORM = Platform(
    name="google_ads",
    rules=RULES,
    signal=google_ads_signal,
    remedy="Put a new refresh token into GOOGLE_ADS_REFRESH_TOKEN.",
)


@dataclass(frozen=True)
class Caller:
    """A signer by three things: an access token, the developer token, and through whom it asks."""

    token: Token
    developer_token: str
    login_customer_id: str = ""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its three headers."""
        request.headers["developer-token"] = self.developer_token
        if self.login_customer_id:
            request.headers["login-customer-id"] = self.login_customer_id
        return self.token.sign(request)

    def secrets(self) -> Iterable[str]:
        """The tokens used so far."""
        return (self.developer_token, *self.token.secrets())

    def renew(self) -> bool:
        """Give the refused access token up; whether there can be another."""
        return self.token.renew()


class GoogleAds(HttpSource):
    """Customers of the Google Ads API; a manager stands for all its enabled clients."""

    name = "google_ads"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self,
        client: Client,
        caller: Caller,
        customers: Sequence[str],
        *,
        renewed: Renewed,
        base_url: str,
        version: str,
    ) -> None:
        super().__init__([digits(customer) for customer in customers], client.stats)
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._caller = caller
        self._renewed = renewed
        self._anonymous = client
        # Through whom each client of a manager is asked, and each asker's HTTP client.
        self._managers: dict[str, str] = {}
        self._clients: dict[str, Client] = {}
        self._managed: dict[str, list[Account]] = {}
        self.api_version = version

    @override
    def accounts(self) -> list[Account]:
        """The configured customers; in place of a manager, its clients. Each once."""
        found: dict[str, Account] = {}
        for account in super().accounts():
            for customer in self._managed.get(account.id, [account]):
                found.setdefault(customer.id, customer)
        return list(found.values())

    def health(self, account: Account) -> list[Finding]:
        """How the token is renewed, and the clock. Of quotas Google tells when they are spent."""
        client = self._client(account.id)
        answer = client.send(self._request(account.id, CUSTOMER_QUERY))
        return [
            *self._renewed.health(PLATFORM.remedy),
            health.clock(answer.headers, client.clock.now()),
        ]

    @override
    def describe(self, account_id: str) -> Account:
        """The customer with its zone and currency; a manager's clients are listed as well."""
        rows = self._rows(account_id, CUSTOMER_QUERY)
        if not rows:
            raise Gone(f"there is no customer {account_id}")
        told = rows[0]["customer"]
        if told.get("manager"):
            clients = self._rows(account_id, CLIENTS_QUERY)
            self._managed[account_id] = [_account(row["customerClient"]) for row in clients]
            for account in self._managed[account_id]:
                self._managers.setdefault(account.id, account_id)
        return _account(told)

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The stream's rows, chunk by chunk."""
        if stream.snapshot:
            return self._selected(stream, account, None)
        return halved(window, lambda part: self._selected(stream, account, part))

    def _selected(self, stream: Stream, account: Account, window: Window | None) -> Iterator[Page]:
        """The rows of a query; a field that Google no longer knows is left out and named."""
        fields = [field for field in stream.schema.fields if not field.steps[0].startswith("@")]
        missing: list[str] = []
        while True:
            try:
                chunks = self._chunks(account.id, query(READS[stream.name], fields, window))
                break
            except UnknownMetric as error:
                fields, refused = without_refused(fields, error)
                missing.append(f"field {refused}: Google no longer serves it")
        for chunk in chunks:
            yield Page(
                [tidy(row, fields, chunk) for row in chunk.get("results", ())], tuple(missing)
            )

    def _rows(self, account_id: str, asked: str) -> list[dict[str, Any]]:
        chunks = self._chunks(account_id, asked)
        return [row for chunk in chunks for row in chunk.get("results", ())]

    def _chunks(self, account_id: str, asked: str) -> list[dict[str, Any]]:
        answer = self._client(account_id).send(self._request(account_id, asked))
        chunks: list[dict[str, Any]] = answer.body
        return chunks

    def _request(self, account_id: str, asked: str) -> Request:
        url = f"{self._root}/customers/{account_id}/googleAds:searchStream"
        return Request(url, body={"query": asked})

    def _client(self, account_id: str) -> Client:
        """Each customer has limits of its own, and so its own client and pace."""
        if account_id not in self._clients:
            caller = self._caller
            login = caller.login_customer_id or self._managers.get(account_id, "")
            signer = Caller(caller.token, caller.developer_token, login)
            self._clients[account_id] = self._anonymous.with_token(signer)
        return self._clients[account_id]


CUSTOMER_QUERY = (
    "SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, "
    "customer.manager FROM customer"
)
CLIENTS_QUERY = (
    "SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code, "
    "customer_client.time_zone FROM customer_client "
    "WHERE customer_client.manager = FALSE AND customer_client.status = 'ENABLED'"
)


def _account(told: Mapping[str, Any]) -> Account:
    name = str(told.get("descriptiveName", ""))
    return Account(str(told["id"]), told["timeZone"], told["currencyCode"], name)


def digits(customer: str) -> str:
    """A customer's id as the API wants it: 123-456-7890 without the dashes."""
    return customer.replace("-", "")


def query(read: Read, fields: Sequence[Field], window: Window | None) -> str:
    """The query for those fields: they are selected in snake case and answered in camel case."""
    selected = ", ".join(gaql_name(field) for field in fields)
    conditions = [read.where] if read.where else []
    if window is not None:
        conditions.append(f"segments.date BETWEEN '{window.first}' AND '{window.last}'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {selected} FROM {read.resource}{where}"  # noqa: S608 - our own names and days


def gaql_name(field: Field) -> str:
    """The field's path in the query language: `metrics.costMicros` is `metrics.cost_micros`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", ".".join(field.steps)).lower()


def without_refused(fields: Sequence[Field], error: UnknownMetric) -> tuple[list[Field], str]:
    """The fields without the one that the refusal names; the refusal itself where it names none."""
    for field in fields:
        name = gaql_name(field)
        if not field.required and re.search(rf"\b{re.escape(name)}\b", error.reason):
            return [other for other in fields if other is not field], name
    raise error


def tidy(row: dict[str, Any], fields: Sequence[Field], chunk: Mapping[str, Any]) -> dict[str, Any]:
    """A row without Google's own names of its parts, and with the zeros that Google leaves out.

    A metric that the chunk's field mask lists and the row lacks is 0; one that the mask does not
    list is not known.
    """
    row = _without_names(row)
    asked = [field.steps for field in fields if field.steps[0] == "metrics"]
    if asked:
        mask = chunk.get("fieldMask")
        told = set(mask.split(",")) if mask else {".".join(steps) for steps in asked}
        metrics = row.setdefault("metrics", {})
        for steps in asked:
            if ".".join(steps) in told:
                metrics.setdefault(steps[1], 0)
    return row


def _without_names(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a row without resource names, and without parts that are nothing else."""
    kept: dict[str, Any] = {}
    for key, value in part.items():
        if key == "resourceName":
            continue
        kept[key] = _without_names(value) if isinstance(value, dict) else value
        if kept[key] == {}:
            del kept[key]
    return kept


def google_ads(
    customers: Sequence[str],
    *,
    developer_token: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    login_customer_id: str = "",
    base_url: str,
    oauth_base_url: str,
    version: str,
    **client: Any,
) -> GoogleAds:
    """The source with the refresh token of somebody who may see the customers."""
    signing_in = Client(PLATFORM, **client)
    app = google.App(client_id, client_secret, f"{oauth_base_url.rstrip('/')}/token")
    exchange = google.exchange(signing_in, app)
    renewed = Renewed(exchange, refresh_token, clock=signing_in.clock)
    caller = Caller(Token(renewed), developer_token, digits(login_customer_id))
    return GoogleAds(
        signing_in, caller, customers, renewed=renewed, base_url=base_url, version=version
    )

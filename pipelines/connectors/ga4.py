"""Google Analytics 4: aggregated web reports by `runReport`.

Belongs here: the reports, what their errors and quotas mean, and signing in as a service account.
Does not: person-level events; they come as files (`files`, kind `ga4_events`), as the BigQuery
export writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from google.auth import crypt, jwt
from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import Decision, Permanent, Rule, Signal, TooMuch
from pipelines.connectors.google import until_quota_day
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Platform, Request, Token, status_signal
from pipelines.connectors.oauth import Grant, Renewed
from pipelines.connectors.read import HttpSource, Page, follow, halved
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, boolean, day, integer, json, money, schema, text

DOCS = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"

PROPERTY = (
    text("property_id", "GA4 property.", "@account_id", required=True),
    text("currency", "The property's currency (ISO 4217).", "@currency"),
    day("date", "Day, in the property's time zone.", required=True),
)
# Flags that say how far a report can be trusted; they come with the answer, not with its rows.
TRUST = (
    boolean("data_loss_from_other_row", "Rows were folded into (other)."),
    boolean("subject_to_thresholding", "Small counts were withheld."),
    json("sampling", "Sampling of the report, if any."),
)
SESSION_SOURCE = (
    text("session_source", "Source of the session.", "sessionSource", required=True),
    text("session_medium", "Medium of the session.", "sessionMedium", required=True),
    text("session_campaign", "Campaign of the session.", "sessionCampaignName", required=True),
)


def _report(name: str, description: str, *fields: Field, key: tuple[str, ...]) -> Stream:
    return Stream(
        source="ga4",
        name=name,
        group="web",
        description=description,
        schema=schema(*PROPERTY, *fields, *TRUST),
        key=("date", *key),
        mode="replace",
        day="date",
        # Figures move for up to three days; the fourth is for runs that start late.
        lookback_days=4,
        slice_days=30,
        url=DOCS,
    )


STREAMS = (
    _report(
        "traffic",
        "Sessions, users, key events and revenue by day and session source.",
        *SESSION_SOURCE,
        integer("sessions", "Sessions."),
        integer("engaged_sessions", "Engaged sessions.", "engagedSessions"),
        integer("total_users", "Users; not additive over days or sources.", "totalUsers"),
        integer("new_users", "First-time users.", "newUsers"),
        integer("screen_page_views", "Pages viewed.", "screenPageViews"),
        integer("ecommerce_purchases", "Purchases.", "ecommercePurchases"),
        money("purchase_revenue", "Revenue of purchases.", "purchaseRevenue"),
        key=("session_source", "session_medium", "session_campaign"),
    ),
    _report(
        "transactions",
        "Purchases by day, transaction and session source.",
        text(
            "transaction_id", "Transaction, the shop's order name.", "transactionId", required=True
        ),
        *SESSION_SOURCE,
        integer("ecommerce_purchases", "Purchases.", "ecommercePurchases"),
        money("purchase_revenue", "Revenue of purchases.", "purchaseRevenue"),
        key=("transaction_id", "session_source", "session_medium", "session_campaign"),
    ),
    _report(
        "pages",
        "Views and users by day and page.",
        text("page_path", "Path of the page.", "pagePath", required=True),
        integer("screen_page_views", "Views.", "screenPageViews"),
        integer("total_users", "Users; not additive over days or pages.", "totalUsers"),
        key=("page_path",),
    ),
)


HOUR = 3600.0
RULES = (
    Rule(Decision.ABORT, "the token is refused", code=("UNAUTHENTICATED", "invalid_grant")),
    Rule(
        Decision.STOP,
        "the token may not read this property",
        code=("PERMISSION_DENIED",),
        remedy="Give the service account the role Viewer on the property in GA4_PROPERTIES.",
    ),
    # The quota's message says which one: the pauses are those after which each has room again.
    Rule(
        Decision.WAIT, "too many requests at once", code=("RESOURCE_EXHAUSTED",), says="concurrent"
    ),
    Rule(
        Decision.WAIT,
        "too many server errors this hour",
        code=("RESOURCE_EXHAUSTED",),
        says="server error",
        wait=HOUR,
    ),
    Rule(
        Decision.WAIT,
        "the hour's quota is spent",
        code=("RESOURCE_EXHAUSTED",),
        says="hour",
        wait=HOUR / 2,
    ),
    Rule(Decision.WAIT, "a quota is spent", code=("RESOURCE_EXHAUSTED",), wait=60),
    Rule(
        Decision.RETRY,
        "Google is in trouble",
        code=("INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN"),
    ),
)
# What a standard property has; Google tells what is left, not of how much.
QUOTAS = {"tokensPerDay": ("tokens a day", 200_000), "tokensPerHour": ("tokens an hour", 40_000)}
PAGE_SIZE = 25_000
# The smallest report: it brings zone, currency and quotas.
PROBE: Mapping[str, Any] = {
    "dateRanges": [{"startDate": "yesterday", "endDate": "yesterday"}],
    "metrics": [{"name": "sessions"}],
    "limit": 1,
    "returnPropertyQuota": True,
}
# google-auth is untyped: what is used of it is named once.
RSA_SIGNER: Any = crypt.RSASigner
SIGNED: Any = jwt.encode

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ga4_signal(answer: Answer) -> Signal | None:
    """Google's error object; the OAuth endpoint writes its own simpler one."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if isinstance(error, str):
        return Signal(answer.status, error, message=str(answer.body.get("error_description", "")))
    if not isinstance(error, dict):
        return status_signal(answer)
    message = str(error.get("message", ""))
    wait = answer.retry_after
    if wait is None and "day" in message.lower() and error.get("status") == "RESOURCE_EXHAUSTED":
        wait = until_quota_day(datetime.now(UTC))
    return Signal(answer.status, str(error.get("status", "")), message=message, wait=wait)


def ga4_pace(answer: Answer) -> float:
    """Seconds to pause, by what the property's quotas have left after this report."""
    quota = answer.body.get("propertyQuota") if isinstance(answer.body, dict) else None
    if not quota:
        return 0.0
    if _spent(quota.get("tokensPerHour")) or _spent(quota.get("tokensPerProjectPerHour")):
        return HOUR / 2
    if quota.get("concurrentRequests", {}).get("remaining", 10) <= 1:
        return 5.0
    return 0.0


def _spent(quota: Mapping[str, int] | None) -> bool:
    """Whether another report that costs what the last one did would be refused."""
    return quota is not None and quota.get("remaining", 0) < quota.get("consumed", 0)


PLATFORM = Platform(
    name="ga4",
    rules=RULES,
    signal=ga4_signal,
    pace=ga4_pace,
    remedy="Put a new token into GA4_ACCESS_TOKEN, or a valid key file into GA4_CREDENTIALS.",
)


@dataclass(frozen=True)
class Offset:
    """GA4's paging: on by the rows that came, until none come.

    `rowCount` is not trusted: it may promise more rows than there are, and change between pages.
    """

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the rows after these."""
        came = len(body.get("rows", ()))
        asked = dict(request.body or {})
        offset = asked.get("offset", 0) + came
        if not came or offset >= body.get("rowCount", offset + 1):
            return None
        return replace(request, body={**asked, "offset": offset})

    def smaller(self, request: Request) -> Request | None:
        """The request for half as many rows."""
        asked = dict(request.body or {})
        limit = int(asked.get("limit", 0)) // 2
        return replace(request, body={**asked, "limit": limit}) if limit else None


class Ga4(HttpSource):
    """Properties of the Data API, with one token or service account for all of them."""

    name = "ga4"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "v1beta"

    def __init__(
        self, client: Client, properties: Sequence[str], *, base_url: str, renewal: str
    ) -> None:
        super().__init__(properties, client.stats)
        self._client = client
        self._renewal = renewal
        self._base_url = base_url.rstrip("/")

    @override
    def describe(self, account_id: str) -> Account:
        """The property with its zone and currency, which come with any report."""
        metadata = self._client.send(self._report(account_id, PROBE)).body["metadata"]
        return Account(account_id, metadata["timeZone"], metadata["currencyCode"])

    def health(self, account: Account) -> list[Finding]:
        """How the token is renewed, the clock, and what is left of the property's quotas."""
        answer = self._client.send(self._report(account.id, PROBE))
        told = answer.body.get("propertyQuota", {})
        return [
            Finding("access token", State.OK, self._renewal),
            health.clock(answer.headers, self._client.clock.now()),
            *(
                health.quota(what, told[name]["remaining"], max(limit, told[name]["remaining"]))
                for name, (what, limit) in QUOTAS.items()
                if "remaining" in told.get(name, {})
            ),
        ]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The report's rows as records; a sampled window is read in smaller ones."""
        return halved(window, lambda part: self._rows(stream, account, part))

    def _rows(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        request = self._report(account.id, report_body(stream, window))
        for number, body in enumerate(follow(self._client, request, Offset())):
            metadata = body.get("metadata", {})
            if number == 0 and _approximate(metadata) and len(window.days) > 1:
                raise TooMuch("the report is sampled or folded for so many days")
            yield Page(report_records(body), _restrictions(metadata))

    def _report(self, account_id: str, body: Mapping[str, Any]) -> Request:
        return Request(f"{self._base_url}/v1beta/properties/{account_id}:runReport", body=body)


def report_body(stream: Stream, window: Window) -> dict[str, Any]:
    """The runReport body for a stream's columns: text and days are dimensions, figures metrics.

    Rows are ordered by every dimension, since without an order pages may shuffle.
    """
    asked = [field for field in stream.schema.fields if _is_asked(field)]
    dimensions = [field.steps[0] for field in asked if field.kind in ("text", "date")]
    metrics = [field.steps[0] for field in asked if field.kind in ("integer", "money", "number")]
    return {
        "dateRanges": [{"startDate": window.first.isoformat(), "endDate": window.last.isoformat()}],
        "dimensions": [{"name": name} for name in dimensions],
        "metrics": [{"name": name} for name in metrics],
        "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
        "limit": PAGE_SIZE,
        "offset": 0,
        "returnPropertyQuota": True,
    }


def _is_asked(field: Field) -> bool:
    return field not in TRUST and not field.steps[0].startswith("@")


def report_records(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The report's positional rows by name, each with the flags that say how far to trust it."""
    metadata = body.get("metadata", {})
    trust = {
        "data_loss_from_other_row": metadata.get("dataLossFromOtherRow", False),
        "subject_to_thresholding": metadata.get("subjectToThresholding", False),
        "sampling": metadata.get("samplingMetadatas"),
    }
    dimensions = [header["name"] for header in body.get("dimensionHeaders", ())]
    metrics = [header["name"] for header in body.get("metricHeaders", ())]
    records = []
    for row in body.get("rows", ()):
        record = dict(trust)
        for name, value in zip(dimensions, row.get("dimensionValues", ()), strict=True):
            record[name] = value["value"]
        for name, value in zip(metrics, row.get("metricValues", ()), strict=True):
            record[name] = value["value"]
        record["date"] = _iso_day(record["date"])
        records.append(record)
    return records


def _iso_day(digits: Any) -> Any:
    """GA4's 20260514 as 2026-05-14; anything else is left for the conversion to judge."""
    if isinstance(digits, str) and len(digits) == 8 and digits.isdigit():
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return digits


def _approximate(metadata: Mapping[str, Any]) -> bool:
    return bool(metadata.get("samplingMetadatas") or metadata.get("dataLossFromOtherRow"))


def _restrictions(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """What the answer itself says that it withheld."""
    restricted = metadata.get("schemaRestrictionResponse", {}).get("activeMetricRestrictions", ())
    notes = [f"metric {item.get('metricName')}: restricted for this token" for item in restricted]
    notes += [
        f"rows: truncated by {reason}" for reason in metadata.get("dataTruncationReasons", ())
    ]
    return tuple(notes)


def service_account(key_file: Path, client: Client) -> Renewed:
    """Access tokens for a service account's key file; Permanent where that is none.

    The key signs a short assertion, and the file's own `token_uri` exchanges it for a token: there
    is no refresh token. `client` is asked without any token.
    """
    key = _key(key_file)

    def granted(_: str) -> Grant:
        now = client.clock.now()
        answer = client.send(_exchange(key, now)).body
        ends = now + timedelta(seconds=int(answer.get("expires_in", 3600)))
        return Grant(str(answer["access_token"]), ends)

    return Renewed(granted, "", clock=client.clock)


def _exchange(key: Mapping[str, Any], now: datetime) -> Request:
    claims = {
        "iss": key["client_email"],
        "scope": SCOPE,
        "aud": key["token_uri"],
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    assertion = SIGNED(RSA_SIGNER.from_service_account_info(key), claims).decode()
    return Request(key["token_uri"], form={"grant_type": GRANT, "assertion": assertion})


def _key(key_file: Path) -> dict[str, Any]:
    """The key file's contents; Permanent says what is wrong with it, never what is in it."""
    remedy = "Point GA4_CREDENTIALS at the JSON key file of a service account."
    try:
        key = msgspec.json.decode(key_file.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise Permanent(f"{key_file.name}: cannot be read as JSON", remedy=remedy) from error
    needed = ("client_email", "private_key", "token_uri")
    if lacking := [name for name in needed if not isinstance(key, dict) or name not in key]:
        raise Permanent(f"{key_file.name}: has no {', '.join(lacking)}", remedy=remedy)
    return dict(key)


def ga4(
    properties: Sequence[str],
    *,
    base_url: str,
    access_token: str = "",
    credentials: Path | None = None,
    **client: Any,
) -> Ga4:
    """The source with a service account's key file, or a token that someone else renews."""
    signing_in = Client(PLATFORM, **client)
    token = Token.fixed(access_token)
    renewal = "accepted; whoever puts it into GA4_ACCESS_TOKEN must renew it each hour"
    if credentials is not None:
        token = Token(service_account(credentials, signing_in))
        renewal = "renews itself; a service account's key does not expire"
    return Ga4(signing_in.with_token(token), properties, base_url=base_url, renewal=renewal)

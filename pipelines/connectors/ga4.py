"""Google Analytics 4: aggregated web reports by `runReport`.

Person-level events are not here: they come as files (`files`, kind `ga4_events`), as the BigQuery
export writes them.
"""

from __future__ import annotations

from pipelines.connectors.stream import Stream
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

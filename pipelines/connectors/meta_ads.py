"""Meta Marketing API: advertising accounts, their structure and their daily insights."""

from __future__ import annotations

from pipelines.connectors.stream import Stream
from pipelines.lake.schema import Field, Schema, day, integer, json, money, schema, text

DOCS = "https://developers.facebook.com/docs/marketing-api/insights/"
# The re-read window that the leading connectors use: attribution reaches back 28 days.
LOOKBACK_DAYS = 28

ACCOUNT = (
    text("account_id", "Advertising account, without the act_ prefix.", "@account_id", required=True),
    text("currency", "The account's currency (ISO 4217).", "@currency"),
)

METRICS = (
    money("spend", "Money spent, in major units of the account's currency."),
    integer("impressions", "Times an ad was on screen."),
    integer("clicks", "All clicks on the ad."),
    integer("inline_link_clicks", "Clicks on links to places on or off Facebook."),
    integer("reach", "Accounts that saw an ad at least once; not additive over days or ads."),
    json("actions", "Actions by type; the types overlap and must not be added up."),
    json("action_values", "Values of actions by type; the types overlap."),
)


def _insights(*dimensions: Field) -> Schema:
    return schema(
        *ACCOUNT,
        day("date_start", "Day, in the account's time zone.", required=True),
        *dimensions,
        *METRICS,
    )


CAMPAIGN = (
    text("campaign_id", "Campaign.", required=True),
    text("campaign_name", "Campaign's name when it was read."),
)
ADSET = (
    text("adset_id", "Ad set.", required=True),
    text("adset_name", "Ad set's name when it was read."),
)
AD = (
    text("ad_id", "Ad.", required=True),
    text("ad_name", "Ad's name when it was read."),
)


def _insights_stream(name: str, description: str, rows: Schema, *key: str) -> Stream:
    return Stream(
        source="meta_ads",
        name=name,
        group="ads",
        description=description,
        schema=rows,
        key=("date_start", *key),
        mode="replace",
        day="date_start",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("spend", "impressions", "clicks"),
        url=DOCS,
    )


def _structure_stream(name: str, description: str, rows: Schema) -> Stream:
    return Stream(
        source="meta_ads",
        name=name,
        group="ads",
        description=description,
        schema=rows,
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS,
    )


STREAMS = (
    _structure_stream(
        "campaigns",
        "Campaigns of each account as they stand, archived and deleted ones included.",
        schema(
            *ACCOUNT,
            text("id", "Campaign.", required=True),
            text("name", "Name."),
            text("objective", "What the campaign optimises for."),
            text("status", "Status that the advertiser set."),
            text("effective_status", "Status that Meta applies."),
            text("start_time", "Start, as Meta writes it."),
            text("stop_time", "End, as Meta writes it."),
        ),
    ),
    _structure_stream(
        "adsets",
        "Ad sets of each account as they stand.",
        schema(
            *ACCOUNT,
            text("id", "Ad set.", required=True),
            text("campaign_id", "Its campaign."),
            text("name", "Name."),
            text("effective_status", "Status that Meta applies."),
        ),
    ),
    _structure_stream(
        "ads",
        "Ads of each account as they stand, with the URL parameters that their links carry.",
        schema(
            *ACCOUNT,
            text("id", "Ad.", required=True),
            text("adset_id", "Its ad set."),
            text("campaign_id", "Its campaign."),
            text("name", "Name."),
            text("effective_status", "Status that Meta applies."),
            text("url_tags", "URL parameters appended to the ad's links.", "creative.url_tags"),
        ),
    ),
    _insights_stream("insights_account", "Account totals by day.", _insights()),
    _insights_stream(
        "insights_campaign", "Campaign totals by day.", _insights(*CAMPAIGN), "campaign_id"
    ),
    _insights_stream(
        "insights_adset",
        "Ad set totals by day.",
        _insights(*CAMPAIGN, *ADSET),
        "adset_id",
    ),
    _insights_stream(
        "insights_ad", "Ads by day.", _insights(*CAMPAIGN, *ADSET, *AD), "ad_id"
    ),
    _insights_stream(
        "insights_age_gender",
        "Campaigns by day, age band and gender.",
        _insights(
            *CAMPAIGN,
            text("age", "Age band as Meta names it, or Unknown.", required=True),
            text("gender", "male, female or unknown.", required=True),
        ),
        "campaign_id",
        "age",
        "gender",
    ),
    _insights_stream(
        "insights_region",
        "Campaigns by day and region.",
        _insights(*CAMPAIGN, text("region", "Region as Meta names it.", required=True)),
        "campaign_id",
        "region",
    ),
)

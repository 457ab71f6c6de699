"""A small brand in March 2026, told by every source: the rows that tests begin with."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from handmade_lake import HandmadeLake

SHOP, ACCOUNT, PROPERTY, PAGE = "lautan", "301", "400", "500"
CHANNEL, PROFILE = "UC1", "178"
SITE, STRIPE, STORE = "toko.example", "acct_1", "210000011"
MARCH = [date(2026, 3, day) for day in range(1, 32)]
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 3, day) for day in (6, 7, 8, 9))


def at(day: date, hour: int = 3, minute: int = 0) -> datetime:
    """An instant of that day (UTC). By default 10:00 in Jakarta."""
    return datetime.combine(day, time(hour, minute))


def rates(lake: HandmadeLake, day: date, *, idr: float = 18000.0, usd: float = 1.2) -> None:
    """The ECB's rates of one day: 15,000 rupiah to the dollar unless told otherwise."""
    lake.put(
        "ecb.rates",
        "EXR",
        day,
        [
            {"date": day, "currency": "IDR", "rate": idr, "status": "A"},
            {"date": day, "currency": "USD", "rate": usd, "status": "A"},
        ],
    )


def line(number: int, *, price: float = 100.0, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """A line of a shop's order."""
    return {
        "id": str(number),
        "sku": f"SKU{number}",
        "title": f"Product {number}",
        "variant_id": f"V{number}",
        "product_id": f"P{number}",
        "quantity": quantity,
        "current_quantity": quantity,
        "unit_price": price,
        "total_discount": 0.0,
        **more,
    }


def refund(number: int, when: datetime, *payments: tuple[str, float]) -> dict[str, Any]:
    """A refund with its payments: (status, amount)."""
    return {
        "id": f"R{number}",
        "created_at": when,
        "note": None,
        "total_refunded": sum(amount for status, amount in payments if status == "SUCCESS"),
        "transactions": [
            {
                "id": f"T{number}-{index}",
                "kind": "REFUND",
                "status": status,
                "amount": amount,
                "processed_at": when,
            }
            for index, (status, amount) in enumerate(payments)
        ],
    }


def moment(number: str, when: datetime, **utm: str) -> dict[str, Any]:
    """A visit of a shop's journey; without UTM parameters a direct one."""
    return {
        "id": number,
        "occurred_at": when,
        "landing_page": "/",
        "source": "direct" if not utm else utm.get("utm_source"),
        **utm,
    }


def order(
    number: int,
    placed: datetime,
    *,
    customer: int = 1,
    updated: datetime | None = None,
    lines: list[dict[str, Any]] | None = None,
    discount: float = 0.0,
    tax: float = 0.0,
    shipping: float = 0.0,
    **more: Any,
) -> dict[str, Any]:
    """A shop's order in dollars, with totals that follow from its lines."""
    lines = [line(number)] if lines is None else lines
    goods = sum(row["unit_price"] * row["quantity"] for row in lines)
    return {
        "shop": SHOP,
        "id": str(number),
        "name": f"#{number}",
        "created_at": placed,
        "updated_at": updated or placed,
        "financial_status": "PAID",
        "test": False,
        "currency": "USD",
        "subtotal_price": goods - discount,
        "total_discounts": discount,
        "total_tax": tax,
        "total_shipping": shipping,
        "total_price": goods - discount + tax + shipping,
        "customer_id": str(customer),
        "email_sha256_meta": f"hash-{customer}",
        "country_code": "ID",
        "province": "Jawa Barat",
        "city": "Bandung",
        "source_name": "web",
        "line_items": lines,
        "refunds": [],
        "journey_ready": False,
        "moments": [],
        **more,
    }


def orders(lake: HandmadeLake, day: date, *rows: dict[str, Any]) -> None:
    """Lands the shop's orders that were updated on that day."""
    lake.put("shopify.orders", SHOP, day, rows)


def insight(
    day: date, spend: float, *, purchases: int | None = None, **more: Any
) -> dict[str, Any]:
    """A row of Meta's insights; purchases are claimed under two types that overlap."""
    actions = None
    if purchases is not None:
        claim = {"value": str(purchases), "7d_click": str(purchases - 1), "1d_view": "1"}
        actions = json.dumps(
            [{"action_type": kind, **claim} for kind in ("omni_purchase", "purchase")]
        )
    return {
        "account_id": ACCOUNT,
        "currency": "IDR",
        "date_start": day,
        "spend": spend,
        "impressions": int(spend),
        "clicks": int(spend / 10),
        "inline_link_clicks": int(spend / 20),
        "reach": int(spend / 2),
        "actions": actions,
        "action_values": actions,
        **more,
    }


def ads_day(
    lake: HandmadeLake, day: date, ads: dict[str, float], *, campaign: float, account: float
) -> None:
    """Lands a day of advertising: spend by ad of campaign C1, of that campaign, of the account."""
    names = {"campaign_id": "C1", "campaign_name": "Ramadan"}
    group = {"adset_id": "S1", "adset_name": "S"}
    claims = 2 * len(ads)
    lake.put(
        "meta_ads.insights_ad",
        ACCOUNT,
        day,
        [
            insight(day, spend, purchases=2, **names, **group, ad_id=ad, ad_name=ad)
            for ad, spend in ads.items()
        ],
    )
    lake.put(
        "meta_ads.insights_campaign",
        ACCOUNT,
        day,
        [insight(day, campaign, purchases=claims, **names)],
    )
    lake.put("meta_ads.insights_account", ACCOUNT, day, [insight(day, account, purchases=claims)])
    lake.put(
        "meta_ads.insights_age_gender",
        ACCOUNT,
        day,
        [insight(day, campaign, **names, age="25-34", gender="female")],
    )


def figures(**more: Any) -> dict[str, Any]:
    """A row of figures by day of another network."""
    return {"currency": "USD", "impressions": 100, "clicks": 5, "conversions": 1, **more}


def google_day(lake: HandmadeLake, day: date) -> None:
    """Lands a day of Google Ads: a search campaign with an ad, and one of Performance Max."""
    search = {"campaign_id": "G1", "campaign_name": "Search"}
    wide = {"campaign_id": "G2", "campaign_name": "Performance Max"}

    def row(cost: float, **more: Any) -> dict[str, Any]:
        own = {"customer_id": "900", "date": day, "cost": cost, "conversions_value": 2.5}
        return figures(**own, **more)

    ad = {"ad_group_id": "GS1", "ad_group_name": "S", "ad_id": "GA1", "ad_name": "A"}
    lake.put("google_ads.ad_daily", "900", day, [row(450.0, **search, **ad)])
    lake.put("google_ads.campaign_daily", "900", day, [row(500.0, **search), row(300.0, **wide)])
    lake.put("google_ads.account_daily", "900", day, [row(820.0)])


def linkedin_day(lake: HandmadeLake, day: date) -> None:
    """Lands a day of LinkedIn: a creative that is listed, and one that no list knows."""
    own = {"account_id": "800", "currency": "USD"}
    lake.put("linkedin_ads.campaign_groups", "800", day, [{**own, "id": "L1", "name": "Group"}])
    campaign = {**own, "id": "LS1", "campaign_group_id": "L1", "name": "Campaign"}
    lake.put("linkedin_ads.campaigns", "800", day, [campaign])
    creative = {**own, "id": "LA1", "campaign_id": "LS1", "name": "Creative"}
    lake.put("linkedin_ads.creatives", "800", day, [creative])

    def row(cost: float, **more: Any) -> dict[str, Any]:
        return figures(account_id="800", date=day, cost=cost, conversion_value=2.5, **more)

    lake.put(
        "linkedin_ads.creative_daily",
        "800",
        day,
        [row(60.0, creative_id="LA1"), row(40.0, creative_id="LA2")],
    )
    lake.put("linkedin_ads.campaign_group_daily", "800", day, [row(100.0, campaign_group_id="L1")])
    lake.put("linkedin_ads.account_daily", "800", day, [row(100.0)])


def structure(lake: HandmadeLake, day: date) -> None:
    """Lands campaign C1 and its ad A1 as they stand on that day."""
    lake.put(
        "meta_ads.campaigns",
        ACCOUNT,
        day,
        [
            {
                "account_id": ACCOUNT,
                "currency": "IDR",
                "id": "C1",
                "name": "Ramadan",
                "objective": "OUTCOME_SALES",
                "status": "ACTIVE",
                "effective_status": "ACTIVE",
                "start_time": "2026-02-01T00:00:00+0700",
            }
        ],
    )
    lake.put(
        "meta_ads.ads",
        ACCOUNT,
        day,
        [
            {
                "account_id": ACCOUNT,
                "id": "A1",
                "adset_id": "S1",
                "campaign_id": "C1",
                "name": "Ad",
                "url_tags": "utm_source=facebook&utm_campaign=ramadan&utm_content=A1",
            }
        ],
    )


def event(
    browser: str,
    session: int,
    when: datetime,
    name: str = "page_view",
    *,
    day: date | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An event of a GA4 session; `session` is its id, `day` the property's day."""
    microseconds = (when - at(date(1970, 1, 1), 0)) // timedelta(microseconds=1)
    params = [
        {"key": "ga_session_id", "int_value": session},
        {"key": "page_location", "string_value": "https://shop/"},
    ]
    return {
        "dataset": PROPERTY,
        "event_date": day or when.date(),
        "event_timestamp": microseconds,
        "event_name": name,
        "user_pseudo_id": browser,
        "event_params": [{**_NO_VALUE, **param} for param in params],
        "geo_country": "Indonesia",
        "geo_region": "Jakarta",
        "geo_city": "Jakarta",
        "device_category": "mobile",
        **more,
    }


_NO_VALUE = {"string_value": None, "int_value": None, "float_value": None, "double_value": None}


def events(lake: HandmadeLake, day: date, *rows: dict[str, Any]) -> None:
    """Lands a day of the GA4 export."""
    lake.put("files.ga4_events", PROPERTY, day, rows)


def counters(
    post: str, created: datetime, *, reactions: int | None, views: int | None = None
) -> dict[str, Any]:
    """What a post had gathered when a day closed."""
    insights = None
    if views is not None:
        insights = json.dumps(
            [
                {"name": "post_media_view", "period": "lifetime", "values": [{"value": views}]},
                {
                    "name": "post_clicks_by_type",
                    "period": "lifetime",
                    "values": [{"value": {"link clicks": views // 10, "other clicks": 3}}],
                },
            ]
        )
    return {
        "page_id": PAGE,
        "id": post,
        "created_time": created,
        "shares": None,
        "reactions": reactions,
        "comments": 0,
        "insights": insights,
    }


X_ACCOUNT = "1501"


def tweet(number: str, written: datetime, text: str, **more: Any) -> dict[str, Any]:
    """Somebody's post on X, which begins a conversation."""
    return {
        "account_id": X_ACCOUNT,
        "id": number,
        "created_at": written,
        "author_id": "77",
        "text": text,
        "lang": "in",
        "conversation_id": number,
        "like_count": 1,
        "reply_count": 0,
        "retweet_count": 2,
        "quote_count": 1,
        **more,
    }


def comment(number: str, written: datetime, text: str | None, **more: Any) -> dict[str, Any]:
    """A visitor's comment under post p1."""
    return {
        "page_id": PAGE,
        "id": number,
        "post_id": "p1",
        "from_id": "fb9",
        "message": text,
        "created_time": written,
        "like_count": 2,
        "comment_count": 0,
        "is_hidden": False,
        **more,
    }


def holiday(
    day: date, name: str, *, parts: str | None = None, types: str = '["Public"]'
) -> dict[str, Any]:
    """An American holiday; `parts` are the states that keep it, if not all do."""
    return {
        "country_code": "US",
        "date": day,
        "name": name,
        "local_name": name,
        "is_national": parts is None,
        "subdivisions": parts,
        "types": types,
    }


def video(name: str, views: int | None = None, **more: Any) -> dict[str, Any]:
    """A channel's video as a day's snapshot has it; without views it is listed and not shown."""
    shown = {"published_at": at(FRIDAY), "title": f"Video {name}", "view_count": views}
    return {
        "channel_id": CHANNEL,
        "id": name,
        "is_available": views is not None,
        **(shown if views is not None else {}),
        **more,
    }


def media(name: str, published: datetime, *, product: str = "FEED", **more: Any) -> dict[str, Any]:
    """A media or story of an account as a day's snapshot has it."""
    return {
        "account_id": PROFILE,
        "id": name,
        "media_type": "IMAGE",
        "media_product_type": product,
        "timestamp": published,
        **more,
    }


def videos(lake: HandmadeLake) -> None:
    """Two videos; one hides its likes, is deleted on Saturday, and stays in the list for a while.

    A third was never shown.
    """
    seen = {"description": "#lautan"}
    lake.put(
        "youtube.videos",
        CHANNEL,
        FRIDAY,
        [
            video("seen", 100, like_count=5, comment_count=0, **seen),
            video("gone", 7),
            video("never"),
        ],
    )
    lake.put(
        "youtube.videos",
        CHANNEL,
        SATURDAY,
        [
            video("seen", 150, like_count=4, comment_count=2, **seen),
            video("gone"),
            video("never"),
        ],
    )


def profile(lake: HandmadeLake) -> None:
    """A media that hides its likes, one without insights, and a story of Saturday."""
    for day, views in ((FRIDAY, 40), (SATURDAY, 45)):
        insights = json.dumps({"views": views, "reach": 30, "shares": 1})
        lake.put(
            "instagram.media",
            PROFILE,
            day,
            [media("m1", at(FRIDAY), insights=insights), media("old", at(FRIDAY), like_count=3)]
            if day == FRIDAY
            else [media("m1", at(FRIDAY), insights=insights)],
        )
    for day, views in ((FRIDAY, 4), (SATURDAY, 9)):
        insights = json.dumps({"views": views, "reach": views - 1, "shares": 0})
        story = media("s1", at(SATURDAY, 8), product="STORY", insights=insights, like_count=0)
        lake.put("instagram.stories", PROFILE, day, [story])


def site_line(
    number: int, subtotal: float, total: float | None = None, **more: Any
) -> dict[str, Any]:
    """A line of a site's order, by default without a discount."""
    return {
        "id": str(number),
        "name": f"Product {number}",
        "sku": f"SKU{number}",
        "product_id": "10",
        "variation_id": "0",
        "quantity": 1,
        "subtotal": subtotal,
        "total": subtotal if total is None else total,
        **more,
    }


def site_order(number: int, total: float, **more: Any) -> dict[str, Any]:
    """An order of the site: by a guest, paid by card, sent to Bandung."""
    return {
        "site": SITE,
        "id": str(number),
        "number": str(number),
        "created_at": at(FRIDAY),
        "modified_at": at(FRIDAY, 5),
        "paid_at": at(FRIDAY, 4),
        "status": "processing",
        "currency": "IDR",
        "total": total,
        "customer_id": "0",
        "payment_method": "stripe",
        "shipping_country": "ID",
        "shipping_state": "JB",
        "shipping_city": "Bandung",
        "line_items": [],
        "refunds": [],
        **more,
    }


def charge(number: str, amount: float, *, order: str | None, **more: Any) -> dict[str, Any]:
    """A charge of the site's order; `at` is its day."""
    day = more.pop("at", FRIDAY)
    return {
        "account": STRIPE,
        "id": number,
        "created_at": at(day, 4),
        "seen_at": at(day, 4),
        "status": "succeeded",
        "currency": "IDR",
        "amount": amount,
        "order_id": order,
        "site_url": f"https://{SITE}/id/",
        **more,
    }


def payback(number: str, paid: str, amount: float, status: str) -> dict[str, Any]:
    """A refund of a charge, made on Saturday."""
    return {
        "account": STRIPE,
        "id": number,
        "charge": paid,
        "created_at": at(SATURDAY),
        "seen_at": at(SATURDAY),
        "status": status,
        "currency": "IDR",
        "amount": amount,
    }


def booking(number: str, payment: str, amount: float, fee: float) -> dict[str, Any]:
    """What a charge or refund left in the balance, in dollars."""
    return {
        "account": STRIPE,
        "id": number,
        "source": payment,
        "created_at": at(FRIDAY),
        "currency": "USD",
        "amount": amount,
        "fee": fee,
        "net": round(amount - fee, 2),
    }


def shopee_order(number: str, total: float, **more: Any) -> dict[str, Any]:
    """A paid order at Shopee, sent to Bandung."""
    return {
        "shop_id": STORE,
        "order_sn": number,
        "create_time": at(FRIDAY),
        "update_time": at(FRIDAY, 5),
        "pay_time": at(FRIDAY, 4),
        "order_status": "COMPLETED",
        "currency": "IDR",
        "total_amount": total,
        "buyer_user_id": "640001024",
        "country": "ID",
        "province": "West Java",
        "city": "Bandung",
        "item_list": [],
        **more,
    }


def audience(lake: HandmadeLake) -> None:
    """Lands who follows and who was reached: each platform tells another part of it."""

    def told(name: str, account: str, day: date, *rows: dict[str, Any]) -> None:
        lake.put(name, account, day, rows)

    def insight(column: str, account: str, metric: str, value: int) -> dict[str, Any]:
        return {column: account, "metric": metric, "date": FRIDAY, "value": str(value)}

    page, profile = ("page_id", PAGE), ("account_id", PROFILE)
    told(
        "facebook_pages.page_insights",
        PAGE,
        FRIDAY,
        insight(*page, "page_follows", 900),
        insight(*page, "page_daily_follows_unique", 9),
        insight(*page, "page_media_view", 5000),
        insight(*page, "page_total_media_view_unique", 4000),
    )
    told(
        "instagram.account_insights",
        PROFILE,
        FRIDAY,
        insight(*profile, "follower_count", 0),
        insight(*profile, "views", 700),
        insight(*profile, "reach", 600),
        insight(*profile, "profile_views", 7),
    )
    told("instagram.accounts", PROFILE, SATURDAY, {"account_id": PROFILE, "followers_count": 800})
    lost = {"subscribers_gained": 3, "subscribers_lost": 1, "views": 50}
    told("youtube.channel_daily", CHANNEL, FRIDAY, {"channel_id": CHANNEL, "day": FRIDAY, **lost})
    channel = {"channel_id": CHANNEL, "subscriber_count": 1230}
    told("youtube.channels", CHANNEL, FRIDAY, {**channel, "hidden_subscriber_count": False})
    told("youtube.channels", CHANNEL, SATURDAY, {**channel, "hidden_subscriber_count": True})
    told("tiktok.profile", "t1", FRIDAY, {"account_id": "t1", "follower_count": 500})
    told("x.accounts", X_ACCOUNT, FRIDAY, {"account_id": X_ACCOUNT, "followers_count": 400})
    own = {"organization_id": "800"}
    told("linkedin.followers", "800", FRIDAY, {**own, "followers": 300})
    told("linkedin.follower_gains", "800", FRIDAY, {**own, "date": FRIDAY, "organic": 2, "paid": 1})

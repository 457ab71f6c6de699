"""What the marts say of a small brand: each figure can be counted by hand from `land`."""

from __future__ import annotations

import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import scenario as s
from dbt_warehouse import DbtFailedError, Warehouse, emptied
from handmade_lake import HandmadeLake
from metrics import Metrics

# What breaks each tie-out, as a wrong model would.
LOST_TIES = {
    "assert_ad_totals_equal_accounts": (
        "update fct_ad_daily set spend = spend + 1 where ad_id = 'A1'"
    ),
    "assert_campaign_spend_equals_facts": (
        "delete from mart_campaign_roi where campaign_id = 'C1'"
    ),
    "assert_ads_equal_campaigns": "update mart_ad_roi set spend = spend + 1 where ad_id = 'A2'",
    "assert_attributed_equals_recorded": "update mart_campaign_roi set attributed_revenue = 0",
    "assert_channels_equal_campaigns": (
        "update mart_channel_roi set spend = 0 where province = '__unallocated__'"
    ),
    "assert_regions_equal_recorded": "delete from mart_channel_roi where channel = 'email'",
    "assert_days_equal_recorded": "update mart_mer_daily set net_revenue = net_revenue + 1",
    "assert_cohorts_equal_recorded": "update mart_cohort_ltv set margin = margin + 1",
    "assert_cohorts_equal_campaigns": "update mart_cohort_ltv set spend = 0",
    "assert_credits_conserve_orders": (
        "update fct_touch_credit set credit = credit / 2 where touches = 3"
    ),
    "assert_net_revenue_by_definition": (
        "update fct_order set tax_amount = tax_amount + 1 where order_id = '1'"
    ),
    "assert_refunds_sum_to_orders": "delete from fct_refund",
    "assert_segments_sum_to_recorded": (
        "delete from mart_audience_segments where segment_family = 'rfm'"
    ),
    "assert_segment_campaigns_equal_credits": (
        "update mart_segment_campaigns set attributed_revenue = attributed_revenue + 1"
        " where segment_family = 'stakeholder'"
    ),
    "assert_segments_hide_few_persons": (
        "update mart_audience_segments set persons = 1 where persons = 2"
    ),
    "assert_posts_sum_to_lifetime": "update fct_post_daily set reactions = reactions - 1",
}
SAVED_QUERIES = (
    "return_by_day", "attributed_revenue_by_channel", "advertising_by_platform",
    "revenue_by_country", "visits_by_channel",
)  # fmt: skip
X_POST = "https://x.com/i/web/status/"


def land(lake: HandmadeLake) -> None:
    """Two customers, a CRM, a browser that bought and one that did not, a campaign, a post."""
    s.rates(lake, s.FRIDAY)
    s.structure(lake, s.FRIDAY)
    s.ads_day(lake, s.FRIDAY, {"A1": 1000.0, "A2": 500.0}, campaign=1600.0, account=2000.0)
    s.google_day(lake, s.FRIDAY)
    s.linkedin_day(lake, s.FRIDAY)
    s.orders(
        lake,
        s.FRIDAY,
        s.order(1, s.at(s.FRIDAY)),
        s.order(
            2,
            s.at(s.FRIDAY, 4),
            customer=2,
            lines=[s.line(1, price=30.0, quantity=2), s.line(2, price=40.0)],
            discount=10.0,
            tax=9.0,
            shipping=5.0,
            journey_ready=True,
            moments=[
                s.moment(
                    "m1",
                    s.at(s.FRIDAY, 1),
                    utm_source="facebook",
                    utm_medium="paid_social",
                    utm_content="A1",
                ),
                s.moment("m2", s.at(s.FRIDAY, 2), utm_source="newsletter", utm_medium="email"),
                s.moment("m3", s.at(s.FRIDAY, 3)),
            ],
        ),
        s.order(9, s.at(s.FRIDAY), customer=9, test=True),
    )
    s.orders(
        lake,
        s.SATURDAY,
        s.order(
            1,
            s.at(s.FRIDAY),
            updated=s.at(s.SATURDAY),
            refunds=[s.refund(1, s.at(s.SATURDAY), ("SUCCESS", 30.0), ("FAILURE", 70.0))],
        ),
        s.order(3, s.at(s.SATURDAY), customer=1, currency="IDR", lines=[s.line(3, price=150000.0)]),
    )
    lake.put(
        "shopify.variants",
        s.SHOP,
        s.FRIDAY,
        [
            {"shop": s.SHOP, "id": f"V{number}", "unit_cost": 10.0, "unit_cost_currency": "USD"}
            for number in (1, 2, 3)
        ],
    )
    lake.put(
        "files.customers",
        "crm",
        s.FRIDAY,
        [
            {
                "dataset": "crm",
                "customer_id": "m1",
                "email_sha256_meta": "hash-2",
                "gender": "Perempuan",
                "birth_date": date(1990, 3, 31),
                "facebook_user_id": "fb2",
            },
            {
                "dataset": "crm",
                "customer_id": "m2",
                "email_sha256_meta": "hash-77",
                "gender": "L",
            },
        ],
    )
    lake.put(
        "files.people",
        "lists",
        s.FRIDAY,
        [
            {
                "dataset": "lists",
                "list": "creator",
                "platform": "facebook",
                "platform_user_id": "fb2",
            }
        ],
    )
    s.events(
        lake,
        s.FRIDAY,
        s.event("b1", 1, s.at(s.FRIDAY, 2), manual_source="google", manual_medium="organic"),
        s.event(
            "b1", 1, s.at(s.FRIDAY, 3), "purchase", transaction_id="#1", purchase_revenue=100.0
        ),
        s.event("b2", 2, s.at(s.FRIDAY, 3)),
    )
    for day, reactions in ((s.FRIDAY, 10), (s.SATURDAY, 12)):
        lake.put(
            "facebook_pages.post_counters",
            s.PAGE,
            day,
            [s.counters("p1", s.at(date(2026, 3, 2)), reactions=reactions, views=reactions * 10)],
        )
    lake.put(
        "facebook_pages.comments",
        s.PAGE,
        s.FRIDAY,
        [
            # Midnight has passed in Jakarta.
            s.comment("c1", s.at(s.FRIDAY, 18), "Ada di Bandung?"),
            s.comment("c2", s.at(s.FRIDAY, 19), "Ada, Kak", parent_id="c1", from_id=s.PAGE),
            s.comment("c3", s.at(s.FRIDAY), None, from_id=None),
        ],
    )
    s.videos(lake)
    s.profile(lake)
    s.audience(lake)
    lake.put(
        "x.posts",
        s.X_ACCOUNT,
        s.FRIDAY,
        [s.tweet("o1", s.at(s.FRIDAY), "Baru! #SariLaut", author_id=s.X_ACCOUNT)],
    )
    counted = {"impression_count": 90, "bookmark_count": 3}
    clicked = {"non_public_impression_count": 90, "non_public_url_link_clicks": 4}
    for day, more in ((s.FRIDAY, clicked), (s.SATURDAY, {"like_count": 6})):
        row = s.tweet("o1", s.at(s.FRIDAY), "") | counted | more
        row = {name: row[name] for name in row if name not in ("text", "lang", "author_id")}
        row.pop("conversation_id")
        lake.put("x.post_counters", s.X_ACCOUNT, day, [row])
    answer = {
        "conversation_id": "o1",
        "referenced_tweets": '[{"id":"o1","type":"replied_to"}]',
        "author_name": "Rina",
    }
    lake.put(
        "x.mentions",
        s.X_ACCOUNT,
        s.FRIDAY,
        [s.tweet("m1", s.at(s.FRIDAY), "@sarilaut di mana?", **answer)],
    )
    found = {"account_id": "search", "query": "#SariLaut"}
    lake.put(
        "x.search",
        "search",
        s.FRIDAY,
        [
            s.tweet("m1", s.at(s.FRIDAY), "@sarilaut di mana?", **found),
            s.tweet("o1", s.at(s.FRIDAY), "Baru! #SariLaut", author_id=s.X_ACCOUNT, **found),
            s.tweet("n1", s.at(s.FRIDAY), "Mahal #SariLaut", **found),
            s.tweet("n1", s.at(s.FRIDAY), "Mahal #SariLaut", **found | {"query": "mahal"}),
        ],
    )
    lake.put(
        "instagram.tags",
        s.PROFILE,
        s.FRIDAY,
        [
            {
                "account_id": s.PROFILE,
                "id": "g1",
                "username": "nadia",
                "caption": "Enak!",
                "timestamp": s.at(s.FRIDAY),
                "like_count": 7,
            }
        ],
    )
    lake.put(
        "holidays.public_holidays",
        "US",
        s.FRIDAY,
        [
            s.holiday(s.FRIDAY, "Texas Day", parts='["US-TX"]'),
            s.holiday(s.FRIDAY, "Founders' Day", parts='["US-CT"]'),
            s.holiday(s.FRIDAY, "Founders' Day", parts='["US-DE"]'),
            s.holiday(s.FRIDAY, "Founders' Day", parts='["US-WY"]', types='["Optional"]'),
            s.holiday(s.FRIDAY, "Bank Day", types='["Bank","School"]'),
            s.holiday(s.FRIDAY, "Union Day"),
        ],
    )


@pytest.fixture(scope="module")
def built(home: Path) -> Warehouse:
    """The warehouse of that lake, built and tested once."""
    lake = HandmadeLake(emptied(home / "read-lake"))
    land(lake)
    warehouse = Warehouse(emptied(home / "read-warehouse"), lake.root)
    statuses = warehouse.dbt("build")
    assert "warn" not in statuses.values()
    return warehouse


def test_metrics_are_the_marts_own_figures(built: Warehouse) -> None:
    metrics = Metrics(built)
    ((revenue, orders, spend, efficiency, value),) = metrics.ask(
        "net_revenue", "orders", "spend", "mer", "aov"
    )
    recorded = built.rows(
        "select sum(net_amount_reporting), count(*) filter (not is_credit_note) from fct_order"
    )
    assert [(revenue, orders)] == recorded
    assert [(spend,)] == built.rows("select sum(spend_reporting) from fct_ad_daily")
    assert efficiency == pytest.approx(float(revenue / spend))
    assert value == pytest.approx(float(revenue / orders))


def test_metrics_of_attribution_are_those_of_one_model(built: Warehouse) -> None:
    found = Metrics(built).ask("attributed_revenue", by=("touch_credit__channel",))
    assert sorted(found) == built.rows(
        "select channel, sum(attributed_revenue_reporting) from fct_touch_credit"
        " where attribution_model = 'last_non_direct' group by channel order by channel"
    )


def test_what_metrics_call_paid_are_the_paid_channels(built: Warehouse) -> None:
    (dimension,) = (
        dimension.expr
        for model in Metrics(built).manifest.semantic_models
        for dimension in model.dimensions
        if dimension.name == "is_paid"
    )
    channels = built.compiled("{{ paid_channels() | join(' ') }}").split()
    assert set(re.findall("'(.*?)'", dimension)) == set(channels)


@pytest.mark.parametrize("name", SAVED_QUERIES)
def test_saved_queries_answer(built: Warehouse, name: str) -> None:
    assert Metrics(built).saved(name)


def test_a_country_is_called_the_same_whoever_tells_it(built: Warehouse) -> None:
    """Web analytics says Indonesia, shops ID: prospects and customers were of two countries."""
    assert built.rows("select distinct country from fct_session") == [("ID",)]
    assert built.rows(
        "select country from dim_person where country in ('ID', 'Indonesia') group by country"
    ) == [("ID",)]


def test_a_direct_visit_is_called_the_same_whoever_tells_it(built: Warehouse) -> None:
    """Shops' journeys say direct, web analytics (direct)."""
    assert built.rows(
        "select distinct touch_source from fct_touch_credit where channel = 'direct'"
    ) == [("(direct)",)]


def test_orders_are_in_their_newest_version_without_tests(built: Warehouse) -> None:
    assert built.rows("select order_id, refund_amount from fct_order order by order_id") == [
        ("1", Decimal(30)),
        ("2", 0),
        ("3", 0),
    ]


def test_net_revenue_leaves_out_discounts_refunds_tax_and_shipping(built: Warehouse) -> None:
    assert built.rows(
        "select lines_amount, gross_amount, discount_amount, tax_amount, shipping_amount,"
        " net_amount from fct_order where order_id = '2'"
    ) == [(100, 114, 10, 9, 5, 90)]


def test_weekend_orders_are_converted_at_fridays_rate(built: Warehouse) -> None:
    assert built.rows(
        "select net_amount, net_amount_reporting from fct_order where order_id = '3'"
    ) == [(150000, 10)]


def test_a_refund_stands_on_its_own_day_with_what_was_returned(built: Warehouse) -> None:
    assert built.rows(
        "select order_id, refund_date, refund_amount, successful_transactions,"
        " other_transactions from fct_refund"
    ) == [("1", s.SATURDAY, 30, 1, 1)]


def test_spend_is_the_accounts_total_and_claims_are_of_one_type(built: Warehouse) -> None:
    assert built.rows(
        "select campaign_id, ad_id, spend, claimed_conversions from fct_ad_daily"
        " where source = 'meta_ads' order by spend desc"
    ) == [
        ("C1", "A1", 1000, 2),
        ("C1", "A2", 500, 2),
        ("__unallocated__", "__unallocated__", 400, 0),
        ("C1", "__unallocated__", 100, 0),
    ]


def test_what_no_ad_explains_stands_under_its_campaign_on_every_network(built: Warehouse) -> None:
    """Performance Max has no ads, and of a creative that no list knows the group holds the cost."""
    assert built.rows(
        "select source, campaign_id, ad_id, spend from fct_ad_daily"
        " where source <> 'meta_ads' order by source, spend desc"
    ) == [
        ("google_ads", "G1", "GA1", 450),
        ("google_ads", "G2", "__unallocated__", 300),
        ("google_ads", "G1", "__unallocated__", 50),
        ("google_ads", "__unallocated__", "__unallocated__", 20),
        ("linkedin_ads", "L1", "LA1", 60),
        ("linkedin_ads", "L1", "__unallocated__", 40),
    ]
    assert built.rows(
        "select campaign_id, campaign_name, channel from dim_campaign"
        " where source in ('google_ads', 'linkedin_ads') and not is_placeholder order by all"
    ) == [
        ("G1", "Search", "paid_search"),
        ("G2", "Performance Max", "paid_search"),
        ("L1", "Group", "paid_social"),
    ]


def test_touches_come_from_the_journey_else_from_the_persons_sessions(built: Warehouse) -> None:
    assert built.rows(
        "select order_id, touch_basis, campaign_id, credit from fct_touch_credit"
        " where attribution_model = 'linear' order by order_id, touch_number"
    ) == [
        ("1", "session", "__organic_search__", 1),
        ("2", "journey", "C1", Decimal("0.33333334")),
        ("2", "journey", "__email__", Decimal("0.33333333")),
        ("2", "journey", "__direct__", Decimal("0.33333333")),
        ("3", "session", "__organic_search__", 1),
    ]


def test_return_compares_margin_with_spend_in_one_currency(built: Warehouse) -> None:
    # Order 2 kept three units at 10: 90 − 30. Spend is 1600 rupiah at 15,000 to the dollar.
    spend = Decimal("0.1067")
    ((*amounts, roas, roi),) = built.rows(
        "select spend_native, spend, attributed_revenue, attributed_margin, roas, roi"
        " from mart_campaign_roi"
        " where campaign_id = 'C1' and attribution_model = 'first_touch'"
    )
    assert amounts == [1600, spend, 90, 60]
    assert (roas, roi) == pytest.approx((float(90 / spend), float((60 - spend) / spend)))


def test_an_order_is_put_down_to_the_ad_that_its_touch_names(built: Warehouse) -> None:
    assert built.rows(
        "select ad_group_id, ad_id, ad_name, spend_native, claimed_click_conversions,"
        " claimed_view_conversions, attributed_currency, attributed_revenue_native"
        " from mart_ad_roi where campaign_id = 'C1' and attribution_model = 'first_touch'"
        " order by spend_native desc"
    ) == [
        ("S1", "A1", "Ad", 1000, 1, 1, "USD", 90),
        ("S1", "A2", "A2", 500, 1, 1, None, None),
        # The campaign claims three by click and one by view, its two ads one and one each.
        ("__unallocated__", "__unallocated__", "__unallocated__", 100, 1, -1, None, None),
    ]


def test_a_day_whose_advertising_is_not_known_yet_has_no_rates(built: Warehouse) -> None:
    # Of 2000 rupiah and 920 dollars, each ad's converted by itself.
    spend = Decimal("920.1334")
    mer, blended_cac = (pytest.approx(float(rate)) for rate in (160 / spend, spend / 2))
    assert built.rows(
        "select date_day, orders, net_revenue, spend, new_customers, mer, blended_cac, paid_cac"
        " from mart_mer_daily order by date_day"
    ) == [
        (s.FRIDAY, 2, 160, spend, 2, mer, blended_cac, None),
        (s.SATURDAY, 1, 10, None, 0, None, None, None),
    ]


def test_cohorts_hold_customers_whole_and_spend_that_won_nobody(built: Warehouse) -> None:
    assert built.rows(
        "select campaign_id, customers, net_revenue, margin, spend from mart_cohort_ltv"
        " where source in ('none', 'linkedin_ads') order by customers, campaign_id"
    ) == [
        ("L1", 0, 0, 0, 100),
        ("__email__", 1, 90, 60, None),
        ("__organic_search__", 1, 80, 60, None),
    ]


def test_persons_are_known_by_address_and_described_by_the_crm(built: Warehouse) -> None:
    assert built.rows(
        "select person_kind, stakeholder, gender, age_band, is_crm_member, orders,"
        " net_revenue_reporting, sessions from dim_person order by orders desc, gender nulls last"
    ) == [
        ("customer", "customer", None, None, False, 2, 80, 1),
        ("customer", "creator", "female", "35-44", True, 1, 90, 0),
        ("prospect", "prospect", "male", None, True, 0, 0, 0),
        ("prospect", "prospect", None, None, False, 0, 0, 1),
    ]


def test_few_customers_are_not_valued_and_the_marts_say_why(built: Warehouse) -> None:
    too_few = "1 customers bought again; 50 are needed"
    assert built.rows(
        "select repeat_purchases, clv, decile, refused from mart_customer_value order by 1"
    ) == [(0, None, None, too_few), (1, None, None, too_few)]


def test_posts_gain_by_day_from_their_publication_on(built: Warehouse) -> None:
    assert built.rows(
        "select date_day, impressions, reactions, link_clicks, saves from fct_post_daily"
        " where source = 'facebook_pages' order by date_day"
    ) == [(date(2026, 3, 2), 100, 10, 10, None), (s.SATURDAY, 20, 2, 2, None)]


def test_a_video_that_is_shown_no_more_keeps_its_texts_and_what_it_had_gathered(
    built: Warehouse,
) -> None:
    """What a channel hides is unknown; a day on which it was not shown adds nothing."""
    assert built.rows(
        "select post_id, message, permalink_url from dim_post where source = 'youtube'"
        " order by post_id"
    ) == [
        ("gone", "Video gone", "https://www.youtube.com/watch?v=gone"),
        ("seen", "Video seen #lautan", "https://www.youtube.com/watch?v=seen"),
    ]
    assert built.rows(
        "select post_id, date_day, video_views, reactions, comments, impressions"
        " from fct_post_daily where source = 'youtube' order by post_id, date_day"
    ) == [
        ("gone", s.FRIDAY, 7, None, None, None),
        ("seen", s.FRIDAY, 100, 5, 0, None),
        ("seen", s.SATURDAY, 50, -1, 2, None),
    ]


def test_a_story_counts_from_the_day_that_has_closed_on_it(built: Warehouse) -> None:
    """On Saturday morning it was seen under Friday, which it is not of."""
    assert built.rows(
        "select post_id, post_type, date_day, impressions, reach, reactions, shares"
        " from fct_post_daily inner join dim_post using (post_key, post_id)"
        " where dim_post.source = 'instagram' order by post_id, date_day"
    ) == [
        ("m1", "image", s.FRIDAY, 40, 30, None, 1),
        ("m1", "image", s.SATURDAY, 5, 0, None, 0),
        ("old", "image", s.FRIDAY, None, None, 3, None),
        ("s1", "story", s.SATURDAY, 9, 8, 0, 0),
    ]


def test_an_accounts_day_is_told_in_parts_and_what_is_not_told_is_unknown(
    built: Warehouse,
) -> None:
    """On Friday nobody began to follow on Instagram; how many followed is not known. On Saturday
    the channel hid its subscribers."""
    assert built.rows(
        "select source, date_day, followers, followers_gained, followers_lost, impressions, reach,"
        " profile_views, video_views from fct_audience_daily order by source, date_day"
    ) == [
        ("facebook_pages", s.FRIDAY, 900, 9, None, 5000, 4000, None, None),
        ("instagram", s.FRIDAY, None, 0, None, 700, 600, 7, None),
        ("instagram", s.SATURDAY, 800, None, None, None, None, None, None),
        ("linkedin", s.FRIDAY, 300, 3, None, None, None, None, None),
        ("tiktok", s.FRIDAY, 500, None, None, None, None, None, None),
        ("x", s.FRIDAY, 400, None, None, None, None, None, None),
        ("youtube", s.FRIDAY, 1230, 3, 1, None, None, None, 50),
        ("youtube", s.SATURDAY, None, None, None, None, None, None, None),
    ]


def test_comments_are_content_by_the_day_on_which_they_were_written(built: Warehouse) -> None:
    assert built.rows(
        "select content_id, kind, parent_id, is_own, message, like_count, rating, created_date,"
        " post_key = md5('facebook_pages|500|p1') from fct_content"
        " where source = 'facebook_pages' order by content_id"
    ) == [
        ("c1", "comment", None, False, "Ada di Bandung?", 2, None, s.SATURDAY, True),
        ("c2", "comment", "c1", True, "Ada, Kak", 2, None, s.SATURDAY, True),
        ("c3", "comment", None, None, None, 2, None, s.FRIDAY, True),
    ]


def test_a_post_on_x_that_is_mentioned_and_found_is_content_once(built: Warehouse) -> None:
    assert built.rows(
        "select content_id, account_id, kind, post_id, parent_id, author_name, language, is_own,"
        " post_key = md5('x|1501|o1'), permalink_url from fct_content"
        " where source = 'x' order by content_id"
    ) == [
        ("m1", "1501", "mention", "o1", "o1", "Rina", "id", False, True, X_POST + "m1"),
        ("n1", "search", "mention", None, None, None, "id", False, None, X_POST + "n1"),
    ]


def test_media_in_which_an_account_is_tagged_are_mentions_of_it(built: Warehouse) -> None:
    assert built.rows(
        "select content_id, account_id, author_name, message, like_count, is_own, post_key"
        " from fct_content where source = 'instagram' and kind = 'mention'"
    ) == [("g1", s.PROFILE, "nadia", "Enak!", 7, None, None)]


def test_clicks_that_x_tells_no_more_are_unknown_and_not_taken_back(built: Warehouse) -> None:
    assert built.rows(
        "select date_day, impressions, reach, reactions, shares, saves, link_clicks"
        " from fct_post_daily where source = 'x' order by date_day"
    ) == [
        (s.FRIDAY, 90, None, 1, 3, 3, 4),
        (s.SATURDAY, 0, None, 5, 0, 0, None),
    ]


def test_a_public_holiday_is_one_row_however_many_parts_of_the_country_keep_it(
    built: Warehouse,
) -> None:
    assert built.rows(
        "select country_code, date_day, holiday_name, is_national from dim_holiday"
        " order by holiday_name"
    ) == [
        ("US", s.FRIDAY, "Founders' Day", False),
        ("US", s.FRIDAY, "Texas Day", False),
        ("US", s.FRIDAY, "Union Day", True),
    ]


def test_marts_open_in_the_duckdb_of_older_clients(built: Warehouse) -> None:
    header = (built.directory / "marts.duckdb").read_bytes()[:16]
    assert header[8:12] == b"DUCK"
    assert header[12] == 65


def test_reconciliation_tests_fail_where_figures_do_not_tie(
    built: Warehouse, lake: HandmadeLake, warehouse: Warehouse
) -> None:
    land(lake)
    shutil.copytree(built.directory, warehouse.directory, dirs_exist_ok=True)
    for statement in LOST_TIES.values():
        warehouse.execute(statement)
    with pytest.raises(DbtFailedError) as failure:
        warehouse.dbt("test", "--select", *LOST_TIES)
    assert failure.value.failed.keys() == LOST_TIES.keys()


def test_a_currency_without_a_rate_is_an_error(lake: HandmadeLake, warehouse: Warehouse) -> None:
    s.orders(lake, s.FRIDAY, s.order(1, s.at(s.FRIDAY), currency="IDR"))
    concerned = ("--select", "+assert_rates_are_known")
    warehouse.dbt("run", *concerned)
    assert warehouse.rows("select fx_rate, net_amount_reporting from fct_order") == [(None, None)]
    with pytest.raises(DbtFailedError, match="assert_rates_are_known"):
        warehouse.dbt("test", "--select", "assert_rates_are_known")
    s.rates(lake, date(2026, 3, 5))
    warehouse.dbt("run", *concerned)
    assert warehouse.rows("select fx_rate from fct_order") == [(Decimal("0.00006666666667"),)]


def test_an_empty_lake_builds_empty_marts(lake: HandmadeLake, warehouse: Warehouse) -> None:
    assert "warn" not in warehouse.dbt("build", "--exclude", "test_type:unit").values()
    assert {name for name, rows in warehouse.marts().items() if rows} == {"dim_campaign"}

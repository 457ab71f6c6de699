"""Which channel each visit is: Google's rules of default channels, and what we add to them."""

from __future__ import annotations

import duckdb
import pytest
import yaml
from dbt_warehouse import PROJECT, Warehouse

# (source, medium, campaign, landing page), by the channel that they make.
CASES: dict[str, list[tuple[str | None, str | None, str | None, str | None]]] = {
    "direct": [
        ("(direct)", "(none)", "(direct)", "/"),
        ("(direct)", "(not set)", None, None),
        ("direct", "(none)", None, None),
        (None, None, None, None),
        ("", "", "", ""),
    ],
    "cross_network": [
        ("google", "cpc", "(cross-network)", None),
        ("google", "cpc", "ID Cross-Network always on", None),
        ("google", "organic", "cross-network", "/?gclid=x"),
    ],
    "paid_shopping": [
        ("tokopedia", "cpc", "payday", None),
        ("shopee.co.id", "paid", None, None),
        ("google", "cpc", "id_shopping_q1", None),
        ("google", "cpc", "Eshop", None),
        (None, None, "shop-the-sale", "/?gclid=x"),
    ],
    "paid_search": [
        ("google", "cpc", "brand", None),
        ("GOOGLE", "CPC", None, None),
        ("www.google.co.id", "ppc", None, None),
        ("bing", "paidsearch", None, None),
        ("google", "cpm", None, None),
        ("google", "cpc", "bishop", None),
        ("(direct)", "(none)", None, "https://a.example/?gclid=x"),
        ("facebook", "paid_social", "ramadan", "/?utm_source=facebook&gclid=x"),
        ("whatsapp", "share", None, "/?gclid=x"),
        ("(not set)", "(not set)", None, "/?a=1&wbraid=x#top"),
        ("google", "organic", None, "/?gad_source=1&gbraid=x"),
        (None, None, None, "/?msclkid=x"),
    ],
    "paid_social": [
        ("facebook", "paid_social", "ramadan", None),
        ("IG", "Paid_Social", None, None),
        ("fb", "social_paid", None, None),
        ("twitter", "cpc", None, None),
        ("x.com", "cpm", None, None),
        ("linkedin", "paid-social", None, None),
        ("tiktok", "retargeting", None, None),
        ("facebook", "cpc", None, "/?fbclid=x"),
        ("an.facebook.com", "paid", None, None),
        ("google", "organic", None, "/?ttclid=x"),
        (None, None, None, "/?twclid=x"),
        ("newsletter", "email", None, "/?li_fat_id=x"),
    ],
    "paid_video": [("youtube", "cpv-cpc", None, None), ("www.youtube.com", "paid", None, None)],
    "display": [
        ("kompas", "display", None, None),
        ("news.example", "Banner", None, None),
        ("dsp", "cpm", None, "/?dclid="),
        ("google", "interstitial", None, None),
        (None, None, None, "/?dclid=x"),
    ],
    "paid_other": [("dsp", "cpc", None, None), ("creator", "paid", None, None)],
    "affiliate": [("involve", "affiliate", None, None), ("partner", "Affiliates", None, None)],
    "shared_link": [
        ("whatsapp", "share", "refer-a-friend", None),
        ("copy", "Share-Link", None, None),
        ("site", "referral-program", None, None),
        ("friend", "refer_a_friend", None, None),
        ("facebook", "share", "refer-a-friend", "/?utm_content=s1&fbclid=x"),
        ("instagram", "mention", None, None),
        ("app", "word-of-mouth", None, None),
    ],
    "organic_social": [
        ("facebook", "social", "tips", None),
        ("l.instagram.com", "referral", None, None),
        ("lm.facebook.com", "referral", None, None),
        ("m.facebook.com", None, None, None),
        ("t.co", "referral", None, None),
        ("android-app://com.instagram.android/", "referral", None, None),
        ("android-app://com.twitter.android", "referral", None, None),
        ("web.whatsapp.com", "referral", None, None),
        ("scheduler", "social-media", None, None),
        ("(direct)", "(none)", None, "/?fbclid=x"),
        ("google", "cpc", "brand", "/?utm_source=google&fbclid=x"),
        ("youtube", "social", None, None),
    ],
    "organic_search": [
        ("google", "organic", "(organic)", None),
        ("duckduckgo", "referral", None, None),
        ("search.yahoo.com", "referral", None, None),
        ("cn.bing.com", None, None, None),
        ("unknown-engine", "organic", None, None),
        ("android-app://com.google.android.googlequicksearchbox/", "referral", None, None),
        ("google", "seo", None, None),
        ("google", "organic", None, "/?gclid="),
    ],
    "organic_video": [
        ("youtube.com", "referral", None, None),
        ("youtu.be", None, None, None),
        ("partner", "video-review", None, None),
        ("android-app://com.google.android.youtube/", "referral", None, None),
    ],
    "organic_shopping": [
        ("www.amazon.co.uk", "referral", None, None),
        ("tokopedia.com", None, None, None),
        ("blog.example", "referral", "winter-shopping", None),
    ],
    "ai_assistant": [
        ("chatgpt.com", "referral", None, None),
        ("gemini.google.com", "referral", None, None),
        ("any", "ai-assistant", "(ai-assistant)", None),
        ("copilot.microsoft.com", None, None, None),
    ],
    "email": [
        ("newsletter", "email", "march", None),
        ("email", None, None, None),
        ("crm", "E-Mail", None, None),
        ("crm", "newsletter", None, None),
        ("android-app://com.google.android.gm/", "referral", None, None),
        ("mail.google.com", "referral", None, None),
    ],
    "messaging": [("whatsapp", "messaging", "payday", None), ("line", "chat", None, None)],
    "sms": [("sms", None, None, None), ("crm", "SMS", None, None)],
    "mobile_push": [
        ("app", "push", None, None),
        ("app", "web_push", None, None),
        ("app", "mobile", None, None),
        ("app", "in-app notification", None, None),
        ("firebase", "campaign", None, None),
    ],
    "audio": [("spotify", "audio", None, None)],
    "referral": [
        ("blog.example", "referral", "(referral)", None),
        ("x.example.com", "referral", None, None),
        ("facebook.example", "link", None, None),
        ("partner", "app", None, None),
    ],
    "other": [
        ("(not set)", "(not set)", "(not set)", None),
        ("(data not available)", "(data not available)", None, None),
        ("flyer", "qr", None, None),
        ("flyer", None, None, None),
    ],
}
ROWS = [(channel, *case) for channel, cases in CASES.items() for case in cases]
CLICK_ID_KINDS = {
    "https://a.example/?utm_source=x&gclid=abc#top": "gclid",
    "/?gclid=abc&fbclid=def": "fbclid",
    "/?x=1&li_fat_id=1": "li_fat_id",
    "/?gclid=": None,
    "/?mygclid=1": None,
    "/gclid=1": None,
}


@pytest.fixture(scope="module")
def answers(rules: Warehouse) -> list[str]:
    """The channel of each case, in the order of ROWS."""
    return _answers(rules, _query())


@pytest.mark.parametrize(
    "number", range(len(ROWS)), ids=[" ".join(str(part) for part in row) for row in ROWS]
)
def test_a_visit_counts_for_the_channel_of_its_rule(answers: list[str], number: int) -> None:
    assert answers[number] == ROWS[number][0]


def test_the_cases_know_every_channel(rules: Warehouse) -> None:
    listed = _answers(
        rules,
        "select channel from (values {% for each in channels() %}('{{ each }}')"
        "{{ ',' if not loop.last }}{% endfor %}) as listed (channel)",
    )
    assert set(listed) == set(CASES)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    "model", ["fct_session", "mart_web_daily", "fct_touch_credit", "dim_campaign"]
)
def test_marts_accept_every_channel(model: str) -> None:
    declared = yaml.safe_load((PROJECT / "models" / "marts" / f"{model}.yml").read_text())
    (channel,) = (
        column for column in declared["models"][0]["columns"] if column["name"] == "channel"
    )
    accepted = channel["data_tests"][0]["accepted_values"]["arguments"]["values"]
    assert set(accepted) - {"unattributed"} == set(CASES)


def test_the_last_click_id_of_an_address_is_its_kind(rules: Warehouse) -> None:
    pages = ", ".join(f"({n}, '{page}')" for n, page in enumerate(CLICK_ID_KINDS))
    kinds = _answers(
        rules,
        "select {{ click_id_kind('page') }} from "
        f"(values {pages}) as landings (number, page) order by number",
    )
    assert dict(zip(CLICK_ID_KINDS, kinds, strict=True)) == CLICK_ID_KINDS


def _answers(warehouse: Warehouse, query: str) -> list[str]:
    return [row[0] for row in duckdb.execute(warehouse.compiled(query)).fetchall()]


def _query() -> str:
    rows = ", ".join(
        f"({number}, {', '.join(_literal(value) for value in row[1:])})"
        for number, row in enumerate(ROWS)
    )
    return (
        "select {{ channel('source', 'medium', 'campaign', 'click_id') }} as channel from ("
        " select *, {{ click_id_kind('page') }} as click_id"
        f" from (values {rows}) as cases (number, source, medium, campaign, page)"
        ") as visits order by number"
    )


def _literal(value: str | None) -> str:
    return "cast(null as string)" if value is None else f"'{value}'"

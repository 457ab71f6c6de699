"""Settings: which sources are on, what is refused, what never shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.settings import PREFIXES, PROJECT, Settings, known_names, last_sandbox_morning


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)


def settings(**values) -> Settings:
    return Settings(_env_file=None, **values)


def test_without_credentials_every_source_points_at_the_sandbox():
    made = settings(SMM_SANDBOX_URL="http://127.0.0.1:9000")
    assert made.sandboxed
    assert not made.off
    assert made.meta_ads_base_url == "http://127.0.0.1:9000/graph.facebook.com"
    assert made.shopify_base_url == "http://127.0.0.1:9000/{shop}.myshopify.com"
    assert set(made.shopify_tokens) == {"sarilaut-id", "sarilaut-us"}
    assert made.files == PROJECT / "data" / "sandbox" / "exports" / "files.yaml"


def test_without_credentials_no_address_is_a_real_platforms():
    made = settings(SMM_SANDBOX_URL="http://127.0.0.1:9000")
    addresses = {name for name in Settings.model_fields if name.endswith("_base_url")}
    real = {name for name in addresses if not getattr(made, name).startswith(made.sandbox_url)}
    assert not real


def test_every_name_has_a_prefix_under_which_typing_mistakes_are_found():
    assert [name for name in known_names() if not name.startswith(PREFIXES)] == []


def test_with_some_credentials_the_other_sources_are_off_and_say_why():
    made = settings(META_ADS_ACCESS_TOKEN="t")
    assert not made.sandboxed
    assert made.meta_ads_base_url == "https://graph.facebook.com"
    assert made.off == {
        "facebook_pages": "FACEBOOK_PAGES_ACCESS_TOKEN is not set",
        "ga4": "GA4_CREDENTIALS (or GA4_ACCESS_TOKEN) is not set",
        "shopify": "SHOPIFY_ACCESS_TOKEN is not set",
        "woocommerce": "WOOCOMMERCE_KEYS is not set",
        "stripe": "STRIPE_API_KEY is not set",
        "shopee": "SHOPEE_REFRESH_TOKEN is not set",
        "tiktok_ads": "TIKTOK_ADS_ACCESS_TOKEN is not set",
        "tiktok": "TIKTOK_REFRESH_TOKEN is not set",
        "tiktok_shop": "TIKTOK_SHOP_REFRESH_TOKEN is not set",
        "google_ads": "GOOGLE_ADS_REFRESH_TOKEN is not set",
        "linkedin_ads": "LINKEDIN_ADS_REFRESH_TOKEN (or LINKEDIN_ADS_ACCESS_TOKEN) is not set",
        "linkedin": "LINKEDIN_REFRESH_TOKEN (or LINKEDIN_ACCESS_TOKEN) is not set",
        "youtube": (
            "YOUTUBE_REFRESH_TOKEN (or YOUTUBE_ACCESS_TOKEN or YOUTUBE_API_KEY) is not set"
        ),
        "instagram": "INSTAGRAM_ACCESS_TOKEN is not set",
        "x": "X_API_BEARER_TOKEN is not set",
        "x_ads": "X_ADS_ACCESS_TOKEN is not set",
        "files": "SMM_FILES is not set",
    }


def test_an_empty_line_of_the_env_file_is_not_a_credential(tmp_path):
    (tmp_path / ".env").write_text("META_ADS_ACCESS_TOKEN=\n")
    assert Settings(_env_file=tmp_path / ".env").sandboxed


@pytest.mark.parametrize("name", ["SMM_HOM", "META_ADS_TOKEN", "SHOPIFY_SHOP"])
def test_an_unknown_name_in_the_environment_is_refused_with_the_known_ones(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    with pytest.raises(ValidationError, match=rf"unknown settings: {name}; known: SMM_HOME, "):
        settings()


def test_an_unknown_name_in_the_env_file_is_refused(tmp_path):
    (tmp_path / ".env").write_text("SMM_HOEM=x\n")
    with pytest.raises(ValidationError, match="unknown settings: SMM_HOEM"):
        Settings(_env_file=tmp_path / ".env")


def test_variables_of_others_are_not_read(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("FILES", "/somewhere")
    made = settings()
    assert made.home == PROJECT / "data"


def test_the_environment_wins_over_the_env_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("SMM_REPORTING_CURRENCY=USD\nSMM_MIN_SEGMENT_SIZE=5\n")
    monkeypatch.setenv("SMM_REPORTING_CURRENCY", "EUR")
    made = Settings(_env_file=tmp_path / ".env")
    assert (made.reporting_currency, made.min_segment_size) == ("EUR", 5)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SMM_REPORTING_TIMEZONE", "Asia/Jakata", "IANA time zone"),
        ("SMM_REPORTING_CURRENCY", "rupiah", "SMM_REPORTING_CURRENCY"),
        ("SMM_REPORTING_CURRENCY", "IDX", "'IDX' is no currency"),
        ("SMM_REPORTING_CURRENCY", "idr", "in capitals, such as IDR"),
        ("SMM_REPORTING_CURRENCY", "XAU", "'XAU' is no currency"),
        ("SMM_NOW", "2026-01-01T00:00:00", "timezone"),
        ("SMM_MIN_SEGMENT_SIZE", "0", "greater than or equal to 1"),
        ("SMM_MEMORY_LIMIT", "2 gigabytes", "SMM_MEMORY_LIMIT"),
    ],
)
def test_a_wrong_value_is_refused_in_words(name, value, says):
    with pytest.raises(ValidationError, match=says):
        settings(**{name: value})


def test_secrets_show_nowhere():
    made = settings(META_ADS_ACCESS_TOKEN="EAAB-secret", SHOPIFY_ACCESS_TOKEN="a:shpat-secret")
    for shown in (repr(made), str(made.model_dump())):
        assert "EAAB-secret" not in shown
        assert "shpat-secret" not in shown
    assert made.secrets[0] == "EAAB-secret"


def test_a_token_that_stops_the_start_is_not_in_the_message(monkeypatch):
    monkeypatch.setenv("SMM_UNKNOWN", "x")
    with pytest.raises(ValidationError) as raised:
        settings(META_ADS_ACCESS_TOKEN="EAAB-secret")
    assert "EAAB-secret" not in str(raised.value)


def test_one_shopify_token_serves_all_shops_or_each_has_its_own():
    one = settings(SHOPIFY_SHOPS="a, b", SHOPIFY_ACCESS_TOKEN="t")
    assert {shop: token.get_secret_value() for shop, token in one.shopify_tokens.items()} == {
        "a": "t",
        "b": "t",
    }
    own = settings(SHOPIFY_SHOPS="a,b", SHOPIFY_ACCESS_TOKEN="a:1,b:2")
    assert own.shopify_tokens["b"].get_secret_value() == "2"


def test_a_shop_without_a_token_is_named():
    made = settings(SHOPIFY_SHOPS="a,b", SHOPIFY_ACCESS_TOKEN="a:1")
    with pytest.raises(ValueError, match="no token for: b"):
        _ = made.shopify_tokens


def test_keys_of_woocommerce_serve_all_sites_or_one_each():
    one = settings(WOOCOMMERCE_SITES="a.id,b.id", WOOCOMMERCE_KEYS="ck_1:cs_1")
    assert one.woocommerce_pairs["b.id"].get_secret_value() == "ck_1:cs_1"
    own = settings(WOOCOMMERCE_SITES="a.id,b.id", WOOCOMMERCE_KEYS="a.id=ck_1:cs_1,b.id=ck_2:cs_2")
    assert own.woocommerce_pairs["b.id"].get_secret_value() == "ck_2:cs_2"
    assert "ck_2:cs_2" in own.secrets


def test_relative_paths_are_relative_to_the_project(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert settings(SMM_HOME="data/example").home == PROJECT / "data" / "example"
    assert settings(SMM_HOME=str(tmp_path)).home == tmp_path


def test_a_fixed_clock_decides_which_day_is_closed_in_which_zone():
    made = settings(SMM_NOW="2026-03-10T09:00:00Z")
    assert made.now() == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert made.last_closed_day("Asia/Jakarta") == date(2026, 3, 9)
    assert made.last_closed_day("Pacific/Honolulu") == date(2026, 3, 8)


def test_the_sandbox_has_one_morning_a_day():
    assert last_sandbox_morning(datetime(2026, 3, 10, 9, tzinfo=UTC)).day == 10
    assert last_sandbox_morning(datetime(2026, 3, 10, 8, 59, tzinfo=UTC)).day == 9


def test_the_example_file_documents_every_setting_and_no_other():
    lines = Path(PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    documented = {line.lstrip("#").split("=")[0] for line in lines if "=" in line.split(" ")[0]}
    assert documented == set(known_names())


def test_each_token_of_an_account_is_a_secret_too():
    made = settings(
        TIKTOK_ACCOUNTS="a",
        TIKTOK_REFRESH_TOKEN="a:rft.1",
        TIKTOK_SHOP_IDS="7",
        TIKTOK_SHOP_REFRESH_TOKEN="7:ROW_2",
        TIKTOK_SHOP_APP_SECRET="app",
    )
    assert {"rft.1", "ROW_2", "app"} <= set(made.secrets)


def test_a_tiktok_shop_without_a_token_is_named():
    made = settings(TIKTOK_SHOP_IDS="1,2", TIKTOK_SHOP_REFRESH_TOKEN="1:ROW_1")
    with pytest.raises(ValueError, match="TIKTOK_SHOP_REFRESH_TOKEN has no token for: 2"):
        _ = made.tiktok_shop_tokens

"""The tokens that the sandbox accepts, the accounts they open, and the settings that name both.

Belongs here: constants, and what the settings become when no credentials are configured. Not
secrets: the sandbox only listens to this machine and holds invented people.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

META_TOKEN = "sandbox-meta-token-EAAB"  # noqa: S105 - opens nothing but the sandbox
GA4_TOKEN = "sandbox-ga4-token-ya29"  # noqa: S105 - opens nothing but the sandbox
GOOGLE_ADS_TOKEN = "sandbox-google-ads-token-ya29"  # noqa: S105 - opens nothing but the sandbox
GOOGLE_ADS_REFRESH_TOKEN = "sandbox-google-ads-refresh-token"  # noqa: S105 - likewise
GOOGLE_ADS_DEVELOPER_TOKEN = "sandbox-developer-token"  # noqa: S105 - likewise
# The manager account that holds both markets' customers.
GOOGLE_ADS_MANAGER = "3010000000"
LINKEDIN_TOKEN = "sandbox-linkedin-token"  # noqa: S105 - opens nothing but the sandbox
LINKEDIN_REFRESH_TOKEN = "sandbox-linkedin-refresh-token"  # noqa: S105 - likewise
YOUTUBE_TOKEN = "sandbox-youtube-token-ya29"  # noqa: S105 - opens nothing but the sandbox
YOUTUBE_KEY = "sandbox-youtube-key-AIza"
YOUTUBE_REFRESH_TOKEN = "1//sandbox-youtube-refresh"  # noqa: S105 - opens nothing but the sandbox

X_TOKEN = "AAAAAAAAAAAAAAAAAAAAAsandbox-x"  # noqa: S105 - opens nothing but the sandbox
X_CONSUMER = ("sandbox-x-consumer", "sandbox-x-consumer-secret")
X_ACCOUNTS = ("1501000000000000001", "1501000000000000002")
X_USER_TOKENS = {
    account: (f"{account}-sandbox-token", f"sandbox-secret-{account}") for account in X_ACCOUNTS
}
X_ADS_TOKEN = ("1501000000000000001-sandbox-ads", "sandbox-ads-secret")
X_QUERIES = ('"Sari Laut" OR #SariLaut',)

SHOPS = ("sarilaut-id", "sarilaut-us")
SHOPIFY_TOKENS = {shop: f"shpat_sandbox_{shop}" for shop in SHOPS}
WOOCOMMERCE_SITE = "toko.sarilaut.co.id"
WOOCOMMERCE_KEYS = ("ck_sandbox_of_the_site", "cs_sandbox_of_the_site")

STRIPE_ACCOUNT = "acct_1SariLautSandbox"
STRIPE_KEY = "rk_live_sandbox_of_the_account"
SHOPEE_PARTNER_ID, SHOPEE_PARTNER_KEY = "2000011", "shpk-sandbox-partner-key"
SHOPEE_SHOPS = ("210000011",)
SHOPEE_TOKENS = {shop: f"sandbox-shopee-{shop}" for shop in SHOPEE_SHOPS}
TIKTOK_ADS_TOKEN = "sandbox-tiktok-ads-token"  # noqa: S105 - opens nothing but the sandbox
TIKTOK_KEY, TIKTOK_SECRET = "sandbox-client-key", "sandbox-client-secret"
TIKTOK_ACCOUNTS = ("_000SariLautIndonesia0001", "_000SariLautUnitedStates02")
TIKTOK_TOKENS = {account: f"rft.sandbox{account}" for account in TIKTOK_ACCOUNTS}
TIKTOK_SHOP_KEY, TIKTOK_SHOP_SECRET = "sandbox-app-key", "sandbox-app-secret"
TIKTOK_SHOPS = ("7495000000000000011",)
TIKTOK_SHOP_TOKENS = {shop: f"ROW_sandbox_{shop}" for shop in TIKTOK_SHOPS}


def page_token(page_id: str) -> str:
    """The page access token that `/me/accounts` hands out for that page."""
    return f"sandbox-page-token-{page_id}"


def sandbox_settings(url: str, home: Path) -> dict[str, object]:
    """The fields of `Settings` that point every source at the sandbox under that address."""
    return {
        "meta_ads_access_token": SecretStr(META_TOKEN),
        "meta_ads_accounts": ("301000000000001", "301000000000002"),
        "meta_ads_base_url": f"{url}/graph.facebook.com",
        "facebook_pages_access_token": SecretStr(META_TOKEN),
        "facebook_pages_ids": ("100200300400501", "100200300400502"),
        "facebook_pages_base_url": f"{url}/graph.facebook.com",
        "ga4_access_token": SecretStr(GA4_TOKEN),
        "ga4_properties": ("400000001", "400000002"),
        "ga4_base_url": f"{url}/analyticsdata.googleapis.com",
        "shopify_access_token": _by_account(SHOPIFY_TOKENS),
        "shopify_shops": SHOPS,
        "shopify_base_url": f"{url}/{{shop}}.myshopify.com",
        "woocommerce_keys": SecretStr(":".join(WOOCOMMERCE_KEYS)),
        "woocommerce_sites": (WOOCOMMERCE_SITE,),
        "woocommerce_base_url": f"{url}/{{site}}",
        "stripe_api_key": SecretStr(STRIPE_KEY),
        "stripe_accounts": (STRIPE_ACCOUNT,),
        "stripe_base_url": f"{url}/api.stripe.com",
        "shopee_partner_id": SHOPEE_PARTNER_ID,
        "shopee_partner_key": SecretStr(SHOPEE_PARTNER_KEY),
        "shopee_shops": SHOPEE_SHOPS,
        "shopee_refresh_token": _by_account(SHOPEE_TOKENS),
        "shopee_base_url": f"{url}/partner.shopeemobile.com",
        "tiktok_ads_access_token": SecretStr(TIKTOK_ADS_TOKEN),
        "tiktok_ads_advertisers": ("7301000000000000001", "7301000000000000002"),
        "tiktok_ads_base_url": f"{url}/business-api.tiktok.com",
        "tiktok_client_key": TIKTOK_KEY,
        "tiktok_client_secret": SecretStr(TIKTOK_SECRET),
        "tiktok_accounts": TIKTOK_ACCOUNTS,
        "tiktok_refresh_token": _by_account(TIKTOK_TOKENS),
        "tiktok_base_url": f"{url}/open.tiktokapis.com",
        "tiktok_shop_app_key": TIKTOK_SHOP_KEY,
        "tiktok_shop_app_secret": SecretStr(TIKTOK_SHOP_SECRET),
        "tiktok_shop_ids": TIKTOK_SHOPS,
        "tiktok_shop_refresh_token": _by_account(TIKTOK_SHOP_TOKENS),
        "tiktok_shop_base_url": f"{url}/open-api.tiktokglobalshop.com",
        "tiktok_shop_auth_base_url": f"{url}/auth.tiktok-shops.com",
        "youtube_access_token": SecretStr(YOUTUBE_TOKEN),
        "youtube_channels": ("UCsariLautIndonesia00001", "UCsariLautUnitedStates02"),
        "youtube_base_url": f"{url}/youtube.googleapis.com",
        "youtube_analytics_base_url": f"{url}/youtubeanalytics.googleapis.com",
        "youtube_token_url": f"{url}/oauth2.googleapis.com/token",
        "instagram_access_token": SecretStr(META_TOKEN),
        "instagram_accounts": ("17841400000000101", "17841400000000102"),
        "instagram_base_url": f"{url}/graph.facebook.com",
        "x_api_bearer_token": SecretStr(X_TOKEN),
        "x_api_accounts": X_ACCOUNTS,
        "x_api_queries": X_QUERIES,
        "x_api_consumer_key": SecretStr(X_CONSUMER[0]),
        "x_api_consumer_secret": SecretStr(X_CONSUMER[1]),
        "x_api_user_tokens": _by_account(
            {account: ":".join(pair) for account, pair in X_USER_TOKENS.items()}
        ),
        "x_api_base_url": f"{url}/api.x.com",
        "x_ads_consumer_key": SecretStr(X_CONSUMER[0]),
        "x_ads_consumer_secret": SecretStr(X_CONSUMER[1]),
        "x_ads_access_token": SecretStr(X_ADS_TOKEN[0]),
        "x_ads_access_token_secret": SecretStr(X_ADS_TOKEN[1]),
        "x_ads_accounts": ("18ce54d4x5t", "18ce55gsw2q"),
        "x_ads_base_url": f"{url}/ads-api.x.com",
        "ecb_base_url": f"{url}/data-api.ecb.europa.eu",
        "holidays_base_url": f"{url}/date.nager.at",
        "google_ads_developer_token": SecretStr(GOOGLE_ADS_DEVELOPER_TOKEN),
        "google_ads_client_id": "sandbox.apps.googleusercontent.com",
        "google_ads_client_secret": SecretStr("sandbox-client-secret"),
        "google_ads_refresh_token": SecretStr(GOOGLE_ADS_REFRESH_TOKEN),
        "google_ads_customers": (GOOGLE_ADS_MANAGER,),
        "google_ads_base_url": f"{url}/googleads.googleapis.com",
        "google_ads_oauth_base_url": f"{url}/oauth2.googleapis.com",
        "linkedin_ads_client_id": "sandbox-linkedin-app",
        "linkedin_ads_client_secret": SecretStr("sandbox-client-secret"),
        "linkedin_ads_refresh_token": SecretStr(LINKEDIN_REFRESH_TOKEN),
        "linkedin_ads_accounts": ("510000001", "510000002"),
        "linkedin_ads_base_url": f"{url}/api.linkedin.com",
        "linkedin_client_id": "sandbox-linkedin-app",
        "linkedin_client_secret": SecretStr("sandbox-client-secret"),
        "linkedin_refresh_token": SecretStr(LINKEDIN_REFRESH_TOKEN),
        "linkedin_organizations": ("20100001", "20100002"),
        "linkedin_base_url": f"{url}/api.linkedin.com",
        "linkedin_oauth_base_url": f"{url}/www.linkedin.com/oauth/v2",
        "files": home / "sandbox" / "exports" / "files.yaml",
    }


def _by_account(tokens: Mapping[str, str]) -> SecretStr:
    """Tokens as a setting names them."""
    return SecretStr(",".join(f"{account}:{token}" for account, token in tokens.items()))

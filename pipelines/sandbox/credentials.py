"""The tokens that the sandbox accepts, and the accounts they open.

Belongs here: constants that the settings use when no credentials are configured, and the checks of
each platform. Not secrets: the sandbox only listens to this machine and holds invented people.
"""

from __future__ import annotations

META_TOKEN = "sandbox-meta-token-EAAB"  # noqa: S105 - opens nothing but the sandbox
GA4_TOKEN = "sandbox-ga4-token-ya29"  # noqa: S105 - opens nothing but the sandbox

SHOPS = ("sarilaut-id", "sarilaut-us")
SHOPIFY_TOKENS = {shop: f"shpat_sandbox_{shop}" for shop in SHOPS}


def page_token(page_id: str) -> str:
    """The page access token that `/me/accounts` hands out for that page."""
    return f"sandbox-page-token-{page_id}"

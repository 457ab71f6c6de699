"""Addresses and numbers: each norm's form, and what is hashed wherever it stands."""

from __future__ import annotations

import hashlib

import pytest

from pipelines.lake import personal


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("address", "meta", "google"),
    [
        (" Ayu.Lestari@Gmail.com ", "ayu.lestari@gmail.com", "ayulestari@gmail.com"),
        ("a.b@googlemail.com", "a.b@googlemail.com", "ab@googlemail.com"),
        ("A.B@Example.co.id", "a.b@example.co.id", "a.b@example.co.id"),
    ],
)
def test_only_googles_norm_drops_the_dots_of_a_gmail_name(address, meta, google):
    assert personal.email_hashes(address) == (sha(meta), sha(google))


@pytest.mark.parametrize("text", ["", "-", "n/a", "ayu", "@", "a@b", "two words@example.com"])
def test_what_is_no_address_has_no_hash_that_would_join_strangers(text):
    assert personal.email_hashes(text) is None


@pytest.mark.parametrize(
    ("number", "country", "digits"),
    [
        ("0812-3456-7890", "ID", "6281234567890"),
        ("0812 3456 7890", "", "6281234567890"),
        ("+62 (0)812 3456 7890", "", "6281234567890"),
        ("0062 812 3456 7890", "US", "6281234567890"),
        ("6281234567890", "ID", "6281234567890"),
        ("81234567890", "ID", "6281234567890"),
        ("(415) 555-2671", "US", "14155552671"),
        ("1 415 555 2671", "US", "14155552671"),
        ("020 7946 0018", "GB", "442079460018"),
        ("+44 20 7946 0018 ext. 12", "", "442079460018"),
    ],
)
def test_numbers_are_international_and_only_googles_norm_keeps_the_plus(number, country, digits):
    assert personal.phone_hashes(number, country) == (sha(digits), sha(f"+{digits}"))


@pytest.mark.parametrize("text", ["", "-", "none", "12345", "0" * 20, "call me"])
def test_what_is_no_number_has_no_hash(text):
    assert personal.phone_hashes(text, "ID") is None


@pytest.mark.parametrize(
    ("context", "country"),
    [
        ({"country": "gb", "timezone": "Asia/Jakarta"}, "GB"),
        ({"timezone": "Asia/Makassar", "currency": "USD"}, "ID"),
        ({"timezone": "UTC", "currency": "IDR"}, "ID"),
        ({}, ""),
    ],
)
def test_the_country_is_told_by_itself_then_by_zone_then_by_currency(context, country):
    assert personal.country_of(context) == country


def test_a_hashed_value_is_hashed_no_further():
    once = personal.email_hashes("a.b@gmail.com")
    assert personal.email_hashes(personal.as_text(once)) == once
    assert personal.scrub({"email": personal.as_text(once)}) == {"email": personal.as_text(once)}


def test_scrubbing_text_finds_addresses_and_international_numbers_and_nothing_else():
    text = "Write to Ayu@example.com or +62 812-3456-7890; order 1203948571203948, 2025-01-01+0700."
    scrubbed = personal.scrub_text(text)
    assert "Ayu@" not in scrubbed
    assert "812-3456" not in scrubbed
    assert "order 1203948571203948, 2025-01-01+0700." in scrubbed
    assert sha("ayu@example.com") in scrubbed
    assert sha("6281234567890") in scrubbed
    assert personal.scrub_text("https://x.id/?q=a+12345678&m=@-6.2,106.8") == (
        "https://x.id/?q=a+12345678&m=@-6.2,106.8"
    )


def test_scrubbing_json_goes_by_keys_too():
    value = {
        "contact": {"Phone": "0812 3456 7890", "e-mail": "none"},
        "mobile": 6281234567890,
        "list": ["081234567890", "id-081234567890"],
        "id": "120210000000001",
        "count": 3,
    }
    scrubbed = personal.scrub(value, "ID")
    number = personal.as_text((sha("6281234567890"), sha("+6281234567890")))
    assert scrubbed == {
        "contact": {"Phone": number, "e-mail": "none"},
        "mobile": number,
        "list": [number, "id-081234567890"],
        "id": "120210000000001",
        "count": 3,
    }

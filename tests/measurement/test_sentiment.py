"""How texts are scored, and how often rightly: on sentences labelled by hand, and in the world."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.measurement.sentiment import language_of, scores, topic_of
from pipelines.sandbox.world import WorldConfig, build_world

LABELLED = Path(__file__).with_name("labelled_texts.csv")
CLASSES = ("positive", "neutral", "negative")
# A little below what docs/measurement.md tells: precision and recall of each class.
FLOORS = {
    "en": {"positive": (0.85, 0.72), "neutral": (0.6, 0.9), "negative": (0.92, 0.57)},
    "id": {"positive": (0.85, 0.82), "neutral": (0.72, 0.9), "negative": (0.95, 0.75)},
}
FLOORS_IN_THE_WORLD = {"positive": (0.9, 0.9), "neutral": (0.7, 0.8), "negative": (0.75, 0.55)}


def content(*texts: str | None, language: str | None = None) -> pa.Table:
    return pa.table(
        {
            "content_key": [str(n) for n in range(len(texts))],
            "message": pa.array(texts, pa.string()),
            "language": pa.array([language] * len(texts), pa.string()),
        }
    )


def sentiments(*texts: str | None, language: str | None = None) -> list[str | None]:
    return scores(content(*texts, language=language))["sentiment"].to_pylist()


def measured(pairs: Counter[tuple[str, str | None]]) -> dict[str, tuple[float, float]]:
    """Precision and recall of each class, of counts of (true, found)."""
    found = {name: sum(n for (_, said), n in pairs.items() if said == name) for name in CLASSES}
    true = {name: sum(n for (truth, _), n in pairs.items() if truth == name) for name in CLASSES}
    return {
        name: (pairs[name, name] / found[name], pairs[name, name] / true[name]) for name in CLASSES
    }


@pytest.mark.parametrize("language", FLOORS)
def test_sentences_labelled_by_hand_are_told_as_well_as_is_claimed(language: str) -> None:
    rows = [line.split("\t") for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    mine = [(truth, text) for of, truth, text in rows if of == language]
    told = measured(
        Counter(zip((t for t, _ in mine), sentiments(*(t for _, t in mine)), strict=True))
    )
    for name, (precision, recall) in FLOORS[language].items():
        assert told[name][0] >= precision, (name, told)
        assert told[name][1] >= recall, (name, told)


def test_what_the_world_writes_is_told_as_well_as_is_claimed() -> None:
    anchor = date(2026, 11, 1)
    world = build_world(
        WorldConfig(anchor, size=2_000), datetime.combine(anchor, datetime.min.time())
    )
    comments = [row for row in world.comments.to_pylist() if row["author_kind"] != "page"]
    said = sentiments(*(row["message"] for row in comments))
    told = measured(Counter(zip((row["sentiment"] for row in comments), said, strict=True)))
    for name, (precision, recall) in FLOORS_IN_THE_WORLD.items():
        assert told[name][0] >= precision, (name, told)
        assert told[name][1] >= recall, (name, told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not good at all", "negative"),
        ("tidak kecewa", "positive"),
        ("bukan yang terbaik", "negative"),
        ("Not bad!", "positive"),
        ("terlalu manis buat saya", "negative"),
        ("tidak terlalu manis", "positive"),
        ("The taste is nice but the bag was broken", "negative"),
        ("Awalnya ragu, tapi enak banget", "positive"),
        ("Apakah ini enak?", "neutral"),
        ("enaaaaak", "positive"),
        ("rasanya mengecewakan", "negative"),
        ("luar biasa ini", "positive"),
        ("😍😍", "positive"),
    ],
)
def test_words_are_read_with_those_around_them(text: str, expected: str) -> None:
    assert sentiments(text) == [expected]


def test_what_cannot_be_read_is_unknown_and_not_neutral() -> None:
    assert (
        sentiments(None, "  ", "@saya xqzt https://yang.dan/di", "Muy bueno pero es más caro")
        == [None] * 4
    )
    assert sentiments("good", language="fr") == [None]


def test_words_of_degree_strengthen_and_weaken() -> None:
    said = scores(content("bagus banget ini", "bagus ini", "agak bagus ini"))
    strong, plain, weak = said["sentiment_score"].to_pylist()
    assert strong > plain > weak > 0


def test_a_language_that_the_platform_tells_is_believed() -> None:
    told = scores(
        pa.concat_tables([content("ok", language=code) for code in ("in", "en-US", "und")])
    )
    assert told["language"].to_pylist() == ["id", "en", language_of("ok")]


def test_a_language_is_that_of_most_words() -> None:
    assert language_of("saya suka the best snack ini") == "id"
    assert language_of("the best keripik in town") == "en"
    assert language_of("das ist sehr gut") == "de"
    assert language_of("12345") is None


def test_the_gravest_topic_of_a_text_is_its_topic() -> None:
    assert topic_of("kemasannya sobek dan anak saya muntah") == "health"
    assert topic_of("the box was dented and the courier rude") == "packaging"
    assert topic_of("pengirimannya lama, harganya mahal") == "delivery"
    assert topic_of("admin tidak balas soal harga") == "service"
    assert topic_of("harga naik, rasa turun") == "price"
    assert topic_of("rasanya berubah") == "quality"
    assert topic_of("halo semua") == "other"


def test_a_hundred_thousand_texts_take_seconds() -> None:
    texts = [f"Pesanan {n} enak banget, tapi kurirnya lama kak" for n in range(100_000)]
    began = time.process_time()
    assert len(set(sentiments(*texts))) == 1
    assert time.process_time() - began < 15

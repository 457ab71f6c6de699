"""How a text feels, what it is about, and in which of two languages: Indonesian and English.

Belongs here: the rules, and reading the words that they go by (`sentiment_words.csv`,
`topics.csv`). Does not: which texts are looked at (SQL), or what follows from them (`crisis`).

A text's feeling is the sum of the weights of its words, −4 to 4 each, by the rules of Hutto and
Gilbert (*VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text*,
2014): a negation up to three words before turns a word round and takes a quarter of its strength,
a word of degree beside it strengthens or weakens it, what follows "but" counts more than what went
before. Two rules are ours: after "too" or "kurang" (not enough) a word is negative, and what is
asked is not praised. The score is sum ÷ √(sum² + 15), between −1 and 1.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

import pyarrow as pa

SCORES = pa.schema(
    [
        ("content_key", pa.string()),
        ("language", pa.string()),
        ("sentiment", pa.string()),
        ("sentiment_score", pa.float64()),
        ("topic", pa.string()),
    ]
)
WORDS = Path(__file__).with_name("sentiment_words.csv")
TOPICS = Path(__file__).with_name("topics.csv")
OTHER = "other"
# The language of what all share.
EMOJI = "*"
# Languages that are scored; the file has others, so that they are not taken for these.
SCORED = ("id", "en")
# How X calls a text whose language it does not know, and an old name of Indonesian that X uses.
UNTOLD = {"und", "qam", "qct", "qht", "qme", "qst", "zxx"}
RENAMED = {"in": "id"}
NEGATED = -0.74
NEGATION_REACH = 3
EXCESS = -1.5
BEFORE_BUT, AFTER_BUT = 0.5, 1.5
SATURATION = 15
# Distinct words that are remembered; a text has few that no other has.
CACHED = 200_000
# Nearer to 0 than this a score is neutral (Hutto and Gilbert).
NEUTRAL_WITHIN = 0.05
# Addresses and handles feel nothing.
ADDRESS = re.compile(r"https?://\S+|\S*@\S+")
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
SIGNS = "[\u2600-\u27bf\u2b50\U0001f300-\U0001faff]"
TOKEN = re.compile(rf"[^\W\d_]+(?:['-][^\W\d_]+)*|[,;:]|{SIGNS}")
PAUSES = frozenset(",;:")
DRAWN_OUT = re.compile(r"(.)\1{2,}")
# What Indonesian hangs on words: rasanya, belilah, paketku.
CLITICS = re.compile(r"(?<=...)(nya|lah|kah|ku|mu)$")


@dataclass
class Lexicon:
    """The words of one language, by what they do."""

    feeling: dict[str, float] = field(default_factory=dict)
    intensifier: dict[str, float] = field(default_factory=dict)
    negation: set[str] = field(default_factory=set)
    excess: set[str] = field(default_factory=set)
    contrast: set[str] = field(default_factory=set)
    language: set[str] = field(default_factory=set)


def scores(content: pa.Table) -> pa.Table:
    """Language, sentiment, score and topic of each row, as SCORES, in the order of `content`.

    `content` has `content_key, message, language`; `language` is what the platform tells (BCP 47)
    or NULL. `sentiment` is positive, neutral or negative; NULL, with its score, for a text in
    another language, without a known word, or empty. `topic` is one of `topic_names()`; NULL
    without a text.
    Each distinct text is looked at once.
    """
    texts = list(zip(content["message"].to_pylist(), content["language"].to_pylist(), strict=True))
    found = {text: _scored(*text) for text in set(texts)}
    columns = {"content_key": content["content_key"].to_pylist()}
    for place, name in enumerate(SCORES.names[1:]):
        columns[name] = [found[text][place] for text in texts]
    return pa.table(columns, schema=SCORES)


def score_of(text: str, language: str | None) -> float | None:
    """The text's score by that language's words; NULL where it has none of them.

    Emoji feel the same in every language, and are all that counts in those that are not scored.
    """
    known = language if language in SCORED else EMOJI
    lexicon = _lexicons()[known]
    is_known, total = False, 0.0
    for tokens, is_asked in _sentences(text):
        joined = _phrases_joined(tokens, lexicon)
        is_known = is_known or any(_is_known(known, token) for token in joined)
        total += _sentence_sum(joined, known, is_asked)
    return total / (total * total + SATURATION) ** 0.5 if is_known else None


def sentiment_of(score: float | None) -> str | None:
    """positive, neutral or negative; NULL for no score."""
    if score is None:
        return None
    if abs(score) < NEUTRAL_WITHIN:
        return "neutral"
    return "positive" if score > 0 else "negative"


def language_of(text: str) -> str | None:
    """The language of which the text has most words; NULL where it has none, or as many of two."""
    counts = Counter(chain.from_iterable(map(_languages_with, _tokens(text)))).most_common(2)
    if not counts or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def topic_of(text: str) -> str:
    """The first topic, by rank, of which the text has a word; `other` where it has none.

    One topic a text keeps counts additive. The gravest comes first, and what names a part of the
    purchase comes before what may be said of any (the order of `topics.csv`).
    """
    return topic_names()[min(map(_topic_rank, _tokens(text)), default=len(_topic_words()))]


def topic_names() -> list[str]:
    """Every topic, the one that outranks the others first."""
    return [*_topic_words(), OTHER]


def _scored(
    message: str | None, told: str | None
) -> tuple[str | None, str | None, float | None, str | None]:
    text = (message or "").strip()
    if not text:
        return None, None, None, None
    text = ADDRESS.sub(" ", text).lower().replace("\u2019", "'")
    language = _told(told) or language_of(text)
    score = score_of(text, language)
    return language, sentiment_of(score), score, topic_of(text)


def _told(language: str | None) -> str | None:
    """The language that a platform tells, without country or script."""
    code = (language or "").lower().split("-")[0].split("_")[0]
    return None if code in UNTOLD else RENAMED.get(code, code) or None


def _sentence_sum(tokens: list[str], language: str, is_asked: bool) -> float:
    contrast = _lexicons()[language].contrast
    clause, before, total, turned = 0, 0.0, 0.0, False
    for place, token in enumerate(tokens):
        if token in PAUSES:
            clause = place + 1
        elif token in contrast:
            before, total, turned, clause = before + total, 0.0, True, place + 1
        else:
            weight = _weight(tokens, clause, place, language)
            total += 0.0 if is_asked and weight > 0 else weight
    return BEFORE_BUT * before + AFTER_BUT * total if turned else total


def _weight(tokens: list[str], clause: int, place: int, language: str) -> float:
    """What a word adds, given those before it in its clause and the one after it."""
    lexicon, token = _lexicons()[language], tokens[place]
    earlier = tokens[max(clause, place - NEGATION_REACH) : place]
    weight = _feeling(language, token) or 0.0
    if earlier and earlier[-1] in lexicon.excess and token not in lexicon.language:
        weight = min(weight, EXCESS)
    if weight == 0.0:
        return 0.0
    for neighbour in (*earlier[-1:], *tokens[place + 1 : place + 2]):
        weight *= lexicon.intensifier.get(neighbour, 1.0)
    return weight * NEGATED if not lexicon.negation.isdisjoint(earlier) else weight


def _sentences(text: str) -> Iterator[tuple[list[str], bool]]:
    """The tokens of each sentence, and whether it is a question."""
    for sentence in SENTENCE.findall(text):
        yield TOKEN.findall(sentence), sentence.endswith("?")


def _tokens(text: str) -> list[str]:
    return TOKEN.findall(text)


def _phrases_joined(tokens: list[str], lexicon: Lexicon) -> list[str]:
    """The tokens, with those two that are a phrase of the lexicon (`luar-biasa`) made one."""
    joined: list[str] = []
    for token in tokens:
        phrase = f"{joined[-1]}-{token}" if joined else token
        if phrase in lexicon.feeling and joined:
            joined[-1] = phrase
        else:
            joined.append(token)
    return joined


@lru_cache(maxsize=CACHED)
def _feeling(language: str, token: str) -> float | None:
    """The word's weight, or that of the first of its forms that has one."""
    weights = _lexicons()[language].feeling
    return next((weights[form] for form in _forms(token) if form in weights), None)


@lru_cache(maxsize=CACHED)
def _is_known(language: str, token: str) -> bool:
    return _feeling(language, token) is not None or language in _languages_with(token)


@lru_cache(maxsize=CACHED)
def _languages_with(token: str) -> tuple[str, ...]:
    """The languages that have the word, or a form of it, of their own."""
    words = _own_words()
    return tuple(name for name in words if any(form in words[name] for form in _forms(token)))


@lru_cache(maxsize=CACHED)
def _topic_rank(token: str) -> int:
    """0 for a word of the highest topic; that of `other` for a word of none."""
    ranks = [n for n, words in enumerate(_topic_words().values()) if words & {*_forms(token)}]
    return ranks[0] if ranks else len(_topic_words())


@lru_cache(maxsize=CACHED)
def _forms(token: str) -> tuple[str, ...]:
    """What a word may be a form of: not drawn out (`enaaak`), one half of a doubled one, bare."""
    short = [token, DRAWN_OUT.sub(r"\1\1", token), DRAWN_OUT.sub(r"\1", token)]
    parts = [*short, *chain.from_iterable(form.split("-") for form in short)]
    return tuple(dict.fromkeys([*parts, *(CLITICS.sub("", form) for form in parts)]))


@cache
def _read_words() -> dict[str, Lexicon]:
    found: dict[str, Lexicon] = {}
    with WORDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lexicon = found.setdefault(row["language"], Lexicon())
            for word in row["words"].split():
                held = getattr(lexicon, row["kind"])
                if isinstance(held, dict):
                    held[word] = float(row["weight"])
                else:
                    held.add(word)
    return found


@cache
def _own_words() -> dict[str, set[str]]:
    """The words that tell each language: everyday ones, and those that feel."""
    return {
        name: lexicon.language | lexicon.feeling.keys()
        for name, lexicon in _read_words().items()
        if name != EMOJI
    }


@cache
def _lexicons() -> dict[str, Lexicon]:
    """The lexicons by language, each with emoji; Indonesian is written mixed with English."""
    read = _read_words()
    everywhere = read[EMOJI].feeling
    english = replace(read["en"], feeling=everywhere | read["en"].feeling)
    indonesian = replace(read["id"], feeling=english.feeling | read["id"].feeling)
    return {EMOJI: read[EMOJI], "en": english, "id": indonesian}


@cache
def _topic_words() -> dict[str, set[str]]:
    with TOPICS.open(encoding="utf-8", newline="") as file:
        return {row["topic"]: {*row["words"].split()} for row in csv.DictReader(file)}

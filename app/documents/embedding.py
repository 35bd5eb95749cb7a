"""A lexical embedding: texts that use the same words get similar vectors.

It needs no model and no download, and it knows nothing of meaning: two texts about one subject in other words are as
far apart as two about different subjects. Each term is hashed to one of ``DIMENSIONS`` places with a sign (the hashing
trick of Weinberger et al., 2009), weighted by ``1 + log(count)``, and the vector is scaled to length 1.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

from app.documents.terms import terms

#: Numbers of a vector.
DIMENSIONS = 512
_DIGITS = 6

Vector = list[float]


def embed(texts: Sequence[str]) -> list[Vector]:
    """Return one vector of length 1 for each text; a text without terms gets zeros."""
    return [_embed(text) for text in texts]


def _embed(text: str) -> Vector:
    vector = [0.0] * DIMENSIONS
    for term, count in sorted(terms(text).items()):
        place, sign = _place(term)
        vector[place] += sign * (1 + math.log(count))
    return _scaled(vector)


@lru_cache(maxsize=65_536)
def _place(term: str) -> tuple[int, int]:
    # Python's own hash differs from process to process.
    number = int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big")
    return number % DIMENSIONS, 1 if number >> 63 else -1


def whole(vectors: Iterable[Vector]) -> Vector:
    """Return the vector of a document from those of its chunks."""
    sums = [math.fsum(values) for values in zip(*vectors, strict=True)]
    return _scaled(sums or [0.0] * DIMENSIONS)


def similarity(one: Vector, other: Vector) -> float:
    """Return the cosine of two vectors of length 1: 1 for the same words, 0 for none in common."""
    return math.fsum(map(float.__mul__, one, other))


def _scaled(vector: Sequence[float]) -> Vector:
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [round(value / length, _DIGITS) if length else 0.0 for value in vector]

"""The papers that a card's citation names, one by one, with what finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_DOI: Final = re.compile(r"\bdoi:?\s*(?P<doi>10\.\d{4,9}/[^\s;,]+)")
_ARXIV: Final = re.compile(r"\barXiv:(?P<number>\d{4}\.\d{4,5})")


@dataclass(frozen=True, slots=True)
class Cited:
    """A paper."""

    text: str
    doi: str | None


def cited(citations: Iterable[str]) -> Iterator[Cited]:
    """Take citations apart; arXiv's papers have a DOI by their number, and each comes once."""
    for text in dict.fromkeys(part.strip() for citation in citations for part in citation.split(";")):
        doi, number = _DOI.search(text), _ARXIV.search(text)
        if text and doi:
            yield Cited(text, doi["doi"])
        elif text:
            yield Cited(text, f"10.48550/arXiv.{number['number']}" if number else None)

"""BERT's uncased word pieces, from the list of pieces that its model ships."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

_WORD = re.compile(r"\w+|[^\w\s]")


def vocabulary(path: Path) -> dict[str, int]:
    """Return the number of each piece: its line, from 0."""
    return {piece: number for number, piece in enumerate(path.read_text().splitlines())}


def token_ids(text: str, pieces: Mapping[str, int]) -> list[int]:
    """Return the numbers of a text's pieces, between those of [CLS] and [SEP]."""
    unaccented = (
        letter
        for letter in unicodedata.normalize("NFD", text.lower())
        if unicodedata.category(letter) != "Mn"
    )
    words = _WORD.findall("".join(unaccented))
    found = [piece for word in words for piece in _pieces(word, pieces)]
    return [pieces[piece] for piece in ["[CLS]", *found, "[SEP]"]]


def _pieces(word: str, pieces: Mapping[str, int]) -> Iterator[str]:
    """Cut a word into its longest known pieces, from the left."""
    mark, found = "", []
    while word:
        end = len(word)
        while end and mark + word[:end] not in pieces:
            end -= 1
        if not end:
            return iter(["[UNK]"])
        found.append(mark + word[:end])
        word, mark = word[end:], "##"
    return iter(found)

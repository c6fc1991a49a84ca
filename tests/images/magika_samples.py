"""Files of many kinds, made up from a seed: what magika is asked.

Half of them are of one kind; the others begin as one and end as another. Of those the model is
less sure, and an unsure answer moves first when the model is not quite the agreed one.
"""

import csv
import io
import json
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

WORDS = [
    *("alpha", "border", "copper", "delta", "ember", "forest", "garden", "harbour", "island"),
    *("journey", "kettle", "lantern", "meadow", "needle", "orchard", "pebble", "quarry", "river"),
    *("saddle", "timber", "umbrella", "valley", "window", "yellow", "zephyr"),
]
EARLIEST = (1980, 1, 1, 0, 0, 0)
LINES = 40
# Of a file that the model is surer of, its softmax hides every small change: no canary.
SURE = 0.95

Draw = random.Random


def sample(seed: int) -> tuple[str, bytes]:
    """Return a name and a file's content; the same for the same seed, on every machine."""
    draw = random.Random(f"magika {seed}")  # noqa: S311 - repeatable, not secret
    first, second = draw.sample(sorted(KINDS), 2)
    if draw.random() < 1 / 2:
        return f"{first}-{seed}", KINDS[first](draw)
    begin, end = KINDS[first](draw), KINDS[second](draw)
    return f"{first}-{second}-{seed}", begin[: len(begin) // 2] + end[len(end) // 2 :]


def _lines(form: str, draw: Draw, *, join: str = "\n") -> str:
    return join.join(
        form.format(a=draw.choice(WORDS), b=draw.choice(WORDS), n=draw.randrange(1000))
        for _ in range(draw.randrange(LINES // 4, LINES))
    )


def _text(form: str, *, join: str = "\n", around: str = "{}\n") -> Callable[[Draw], bytes]:
    def made(draw: Draw) -> bytes:
        before, _, after = around.partition("{}")
        return f"{before}{_lines(form, draw, join=join)}{after}".encode()

    return made


def _csv(draw: Draw) -> bytes:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(draw.sample(WORDS, 4))
    writer.writerows([draw.randrange(10_000) / 100 for _ in range(4)] for _ in range(LINES))
    return sheet.getvalue().encode()


def _json(draw: Draw) -> bytes:
    rows = [{word: draw.randrange(100) for word in draw.sample(WORDS, 3)} for _ in range(LINES)]
    return json.dumps({"rows": rows}, indent=draw.choice([None, 2])).encode()


def _zip(draw: Draw) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for word in draw.sample(WORDS, 3):
            member = zipfile.ZipInfo(f"{word}.txt", EARLIEST)
            archive.writestr(member, _lines("{a} {b} {n}", draw))
    return packed.getvalue()


def _tar(draw: Draw) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for word in draw.sample(WORDS, 2):
            content = _lines("{a} {b} {n}", draw).encode()
            member = tarfile.TarInfo(f"{word}.txt")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _png(draw: Draw) -> bytes:
    # Stored, not compressed: no version of zlib makes other bytes of it.
    image = zlib.compress(b"\0" + draw.randbytes(600), level=0)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 200, 1, 8, 2, 0, 0, 0)), (b"IDAT", image)]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*parts, (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _wav(draw: Draw) -> bytes:
    sound = draw.randbytes(1200)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(sound), b"WAVE")
        + form
        + struct.pack("<4sI", b"data", len(sound))
        + sound
    )


def _noise(draw: Draw) -> bytes:
    return draw.randbytes(draw.randrange(200, 3000))


KINDS: dict[str, Callable[[Draw], bytes]] = {
    "c": _text("int {a}_{n}(int {b}) {{ return {b} * {n}; }}", around="#include <stdio.h>\n{}\n"),
    "csv": _csv,
    "html": _text("<p>{a} <b>{b}</b> {n}</p>", around="<!DOCTYPE html>\n<html>{}</html>"),
    "ini": _text("[{a}]\n{b} = {n}"),
    "javascript": _text("const {a}{n} = async ({b}) => {{ await {b}.then(() => {n}); }};"),
    "json": _json,
    "log": _text("2024-05-01T12:00:{n} INFO {a}: {b} took {n} ms"),
    "markdown": _text("## {a} {b}\n\n- *{a}*: `{b}` {n}\n"),
    "noise": _noise,
    "png": _png,
    "python": _text("def {a}_{n}({b}: int) -> int:\n    return {b} + {n}\n", join="\n\n"),
    "shell": _text('for {a} in *.{b}; do echo "${a} {n}"; done', around="#!/bin/sh\nset -eu\n{}\n"),
    "sql": _text("INSERT INTO {a} ({b}) VALUES ({n});"),
    "tar": _tar,
    "text": _text("The {a} beside the {b} counted {n} in all.", join=" "),
    "wav": _wav,
    "xml": _text('<{a} n="{n}">{b}</{a}>', around='<?xml version="1.0"?>\n<all>{}</all>\n'),
    "yaml": _text("{a}:\n  {b}: {n}\n  list: [{n}, {a}]"),
    "zip": _zip,
}  # fmt: skip

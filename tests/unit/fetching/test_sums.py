import hashlib

import pytest

from modelbond.errors import Refused
from modelbond.fetching.sums import (
    FILES_LIMIT,
    SUMS_LIMIT_BYTES,
    ListedFile,
    checked_digest,
    model_digest,
    parse,
    render,
)

HASH = "a" * 64


def sums(*paths: str) -> bytes:
    return "".join(f"{HASH}  {path}\n" for path in paths).encode()


def test_a_list_gives_each_file_with_its_hash() -> None:
    assert parse(sums("model.onnx", "sub/labels.txt")) == (
        ListedFile(path="model.onnx", sha256=HASH),
        ListedFile(path="sub/labels.txt", sha256=HASH),
    )


def test_what_is_rendered_can_be_parsed() -> None:
    content = render({b"b": HASH, b"a/z": HASH, b"a b.txt": HASH})
    assert [file.path for file in parse(content)] == ["a b.txt", "a/z", "b"]


def test_paths_are_sorted_by_bytes_and_not_by_letters() -> None:
    content = render({"é".encode(): HASH, b"z": HASH, b"Z": HASH})
    assert content == f"{HASH}  Z\n{HASH}  z\n{HASH}  é\n".encode()


def test_names_that_break_lines_are_escaped_behind_a_mark() -> None:
    assert render({b"a\\b\nc\rd": HASH}) == f"\\{HASH}  a\\\\b\\nc\\rd\n".encode()


def test_the_model_digest_is_the_hash_of_the_list() -> None:
    content = sums("model.onnx")
    assert model_digest(content) == "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../up", "a/../../up", "./a", "a//b", "a/", "..", "SHA256SUMS"],
)
def test_a_path_outside_the_folder_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="line 1"):
        parse(sums(path))


@pytest.mark.parametrize("path", ["a\tb", "a\\b", "a\x7fb", "x" * 256])
def test_a_name_with_odd_characters_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="characters"):
        parse(sums(path))


@pytest.mark.parametrize(
    "content",
    [
        f"{HASH} *model.onnx\n".encode(),
        f"{HASH.upper()}  model.onnx\n".encode(),
        f"\\{HASH}  a\\nb\n".encode(),
        b"\n",
        f"{HASH}  ".encode() + b"\xff\n",
    ],
)
def test_a_line_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="line 1 is not"):
        parse(content)


@pytest.mark.parametrize("content", [b"", f"{HASH}  model.onnx".encode()])
def test_a_list_without_an_end_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="no end"):
        parse(content)


@pytest.mark.parametrize("paths", [("b", "a"), ("a", "a")])
def test_an_unsorted_list_or_a_path_twice_is_refused(paths: tuple[str, str]) -> None:
    with pytest.raises(Refused, match="not sorted"):
        parse(sums(*paths))


def test_a_file_that_is_also_a_folder_is_refused() -> None:
    with pytest.raises(Refused, match="lists as a file"):
        parse(sums("a", "a/b"))


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="more than"):
        parse(sums(*(f"{number:06}" for number in range(FILES_LIMIT + 1))))
    with pytest.raises(Refused, match="larger than"):
        parse(b"x" * (SUMS_LIMIT_BYTES + 1))


def test_a_digest_must_be_whole() -> None:
    assert checked_digest(f"sha256:{HASH}") == f"sha256:{HASH}"
    for text in (HASH, f"sha256:{HASH[:-1]}", f"sha256:{HASH}\n", "md5:abc"):
        with pytest.raises(Refused, match="64"):
            checked_digest(text)

"""`modelbond verify` as a person meets it, on files alone."""

import json
from pathlib import Path

import pytest

from fakes.evidence import BEGIN, FRAME, Leased, evidence, text_of
from golden.cases import CASES
from modelbond.cli.main import main
from modelbond.verify.hashes import NO_HASH, hex_hash
from modelbond.verify.report import read
from modelbond.verify.text import Values

OUTAGE = text_of(CASES["an-outage-over-the-edge-of-a-period"].evidence())
LEASED = Leased(first=BEGIN - 60, letters=["g" * 50 + "b" * 10] * 3)


def two_reports() -> tuple[bytes, bytes]:
    """Return the evidence of two reports, one after the other."""
    first = evidence(LEASED, frame=FRAME - 1)
    text = text_of(first)
    previous = {"root": read(text).root, "dataHash": hex_hash(text)}
    return text, text_of(evidence(LEASED, carried=first["result"], previous=previous))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    path.write_bytes(OUTAGE)
    return path


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was said, a line each."""
    return capsys.readouterr().out.splitlines()


def test_each_thing_that_is_checked_has_a_line_and_the_last_says_equal(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(file), "--hash", hex_hash(OUTAGE)]) == 0
    assert told(capsys) == [
        "format     frame 500000 of 0x7070707070707070707070707070707070707070, chain 31337",
        f"data hash  {hex_hash(OUTAGE)}: equal",
        "offers     1 lease: equal, each id is its offer's",
        "carried    1 lease: equal, by the root before",
        "vectors    3 of 3 watchers: equal, signed by them",
        "tally      1 lease, 60 slices: equal",
        "credits    5400 so far, by 1 lease",
        "awards     204 so far, to 3 watchers: equal",
        f"root       {read(OUTAGE).root}",
        "previous   not compared: its evidence is not here",
        "equal",
    ]


def test_the_first_difference_is_the_last_line_and_the_code_is_2(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(OUTAGE.replace(b'"leaf":[130,28,18]', b'"leaf":[130,28,17]'))
    assert main(["verify", str(file)]) == 2
    *before, last = told(capsys)
    assert before[-1].startswith("vectors ")
    assert last.startswith("differs: result.leases.0x")
    assert last.endswith(".leaf: [130, 28, 17], should be [130, 28, 18]")


def test_a_file_that_cannot_be_read_was_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "absent")]) == 1
    said = f"not checked: {tmp_path / 'absent'} cannot be read: No such file or directory"
    assert told(capsys) == [said]


def test_the_report_before_is_compared_when_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in zip(("before", "after"), two_reports(), strict=True):
        (tmp_path / name).write_bytes(text)
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    assert main(["verify", after, "--previous", before]) == 0
    assert told(capsys)[-2:] == ["previous   frame 499999: equal, carried is its result", "equal"]
    assert main(["verify", before, "--previous", after]) == 2
    (said,) = told(capsys)[-1:]
    assert said == f"differs: previous.dataHash: {NO_HASH}, should be {hex_hash(two_reports()[1])}"


def test_of_several_files_each_is_compared_with_the_one_before_where_it_is_among_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / name for name in ("after", "before")]
    for path, text in zip(paths, reversed(two_reports()), strict=True):
        path.write_bytes(text)
    assert main(["verify", *map(str, paths)]) == 0
    lines = told(capsys)
    assert [line for line in lines if line.startswith(("previous", "/", "equal"))] == [
        str(paths[0]),
        "previous   frame 499999: equal, carried is its result",
        str(paths[1]),
        "previous   none, it is the tower's first",
        "equal",
    ]


def test_of_several_files_the_one_that_differs_is_named_last(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"{}")
    assert main(["verify", str(wrong), str(file)]) == 2
    assert told(capsys)[-1] == f"{wrong}: differs: version: is missing"


def test_machines_get_one_document(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--json", str(file)]) == 0
    said: Values = json.loads(capsys.readouterr().out)
    (report,) = said["reports"]
    assert (said["equal"], report["equal"], report["outcome"]) == (True, True, "equal")
    assert report["frame"] == FRAME
    assert report["dataHash"] == hex_hash(OUTAGE)
    assert list(report["credits"].values()) == ["5400"]
    assert {"what": "tally", "found": "1 lease, 60 slices: equal"} in report["checked"]


def test_machines_get_the_difference_in_its_parts(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--json", str(file), "--hash", NO_HASH]) == 2
    (report,) = json.loads(capsys.readouterr().out)["reports"]
    assert report["difference"] == {
        "path": "data hash",
        "found": hex_hash(OUTAGE),
        "expected": NO_HASH,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a file of evidence, or a frame with --frame and --from"),
        (["--frame", "1"], "--frame needs --from: who serves the evidence?"),
        (["a", "b", "--hash", NO_HASH], "--hash and --previous go with one file of evidence"),
        (["a", "--rpc", "http://127.0.0.1:1"], "--rpc and --deployment go together"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *words]) == 2
    assert capsys.readouterr().err == f"modelbond: error: {said}\n"


def test_a_file_that_is_no_deployments_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["verify", str(file), "--rpc", "http://127.0.0.1:1", "--deployment", str(file)]
    assert main(words) == 2
    assert f"{file} is no deployment's file" in capsys.readouterr().err

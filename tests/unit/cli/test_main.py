"""The command line as a person meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelbond.cli.main import VERBS, main
from modelbond.errors import (
    ApiUnreachable,
    Bug,
    Conflicted,
    Forbidden,
    Invalid,
    ModelbondError,
    NameTaken,
    Refused,
)

SLOW = {"aiohttp", "cryptography", "kopf", "kubernetes", "urllib3", "yaml"}


def test_without_a_verb_the_verbs_are_listed_and_nothing_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    said = capsys.readouterr().err
    assert all(verb in said for verb in VERBS)


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in VERBS)


def test_an_unknown_verb_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inivte"]) == 2
    assert "there is no verb 'inivte'" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert f"usage: modelbond {verb}" in capsys.readouterr().out


def test_as_a_plugin_of_kubectl_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kubectl-modelbond", "--help"])
    assert main() == 0
    assert "usage: kubectl modelbond" in capsys.readouterr().out


def test_the_examples_of_a_plugin_of_kubectl_are_those_of_a_plugin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kubectl-modelbond", "help", "invite"])
    assert main() == 0
    said = capsys.readouterr().out
    assert "usage: kubectl modelbond invite" in said
    assert "\n  kubectl modelbond invite alpha >" in said


@pytest.mark.parametrize("options", [[], ["--sums"]])
def test_an_answer_that_nobody_takes_is_an_error_for_people(
    options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "modelbond", "digest", *options, str(tmp_path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "modelbond: error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("modelbond 0.")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ApiUnreachable("no answer"), 1),
        (Conflicted("somebody else wrote first"), 1),
        (Bug("ours"), 1),
        (Refused("a rule is broken"), 2),
        (Forbidden("the right is missing"), 2),
        (Invalid("the object is refused"), 2),
        (NameTaken(kind="Role", namespace="n", name="host"), 2),
    ],
)
def test_what_may_pass_ends_with_1_and_what_cannot_with_2(
    failure: ModelbondError,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_: object) -> None:
        raise failure

    monkeypatch.setattr("modelbond.cli.digest.folder_digest", fails)
    assert main(["digest", "."]) == code
    assert capsys.readouterr().err == f"modelbond: error: {failure}\n"


def test_digest_prints_what_belongs_into_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    assert main(["digest", "--write", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("digest: sha256:")
    assert lines[1] == "size: 7"
    assert (tmp_path / "SHA256SUMS").exists()


def test_digest_of_nothing_is_an_error_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["digest", str(tmp_path / "absent")]) == 2
    assert capsys.readouterr().err.startswith("modelbond: error: ")


def test_digest_starts_without_importing_anything_slow(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    code = (
        "import sys, json; from modelbond.cli.main import main;"
        f"main(['digest', {str(tmp_path)!r}]); print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not SLOW & set(json.loads(done.stdout.splitlines()[-1]))


FETCH = [
    "fetch",
    "--digest=sha256:" + "a" * 64,
    "--size=1",
    "--format=onnx",
    "--model-name=m",
    "--source=http://169.254.169.254/",
]


def test_fetch_tells_the_kubelet_why_it_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "termination-log"
    log.touch()
    assert main([*FETCH, f"--target={tmp_path}/models", f"--termination-log={log}"]) == 2
    told = json.loads(log.read_text())
    assert (told["reason"], told["retriable"]) == ("SourceNotAllowed", False)
    assert "policy" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    ["--digest=sha1:1", "--format=torch", "--allow=10.999.0.0/8", "--allow-from=/absent/sources"],
)
def test_fetch_refuses_arguments_that_break_a_rule(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*FETCH, wrong, f"--target={tmp_path}/models", f"--termination-log={tmp_path}/none"]
    assert main(words) == 2
    assert "modelbond: error:" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

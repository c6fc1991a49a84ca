"""An invitation is a stranger's document: what it may say, and all that it may not."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from fakes.people import HOME, SERVER, ca_pem
from modelbond.cli.invitation import Invitation, parse, render
from modelbond.errors import Refused

GIVEN = Invitation(home=HOME, server=SERVER, ca_pem=ca_pem(), token="abc.def.ghi")  # noqa: S106
Documents = list[dict[str, Any]]


def text() -> str:
    return render(GIVEN, host="alpha", system_namespace="modelbond-system", valid="tomorrow")


def changed(change: Callable[[Documents], object]) -> str:
    documents = list(yaml.safe_load_all(text()))
    change(documents)
    return yaml.safe_dump_all(documents)


def test_what_a_home_writes_a_host_reads() -> None:
    assert parse(text()) == GIVEN


def test_an_invitation_says_how_to_treat_it() -> None:
    assert "tomorrow" in text()
    assert "as you would a password" in text()


def test_a_token_is_never_shown_by_accident() -> None:
    assert GIVEN.token not in repr(GIVEN)


OPENS = {"policy": {"runtimes": ["triton"]}}
CRON = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}}
WRONG: dict[str, Callable[[Documents], object]] = {
    "a third object": lambda docs: docs.append(CRON),
    "two Secrets": lambda docs: docs.append(docs[0]),
    "no Secret": lambda docs: docs.pop(0),
    "no HomeCluster": lambda docs: docs.pop(1),
    "terms that the home would like": lambda docs: docs[1]["spec"].update(OPENS),
    "a kubeconfig": lambda docs: docs[0]["stringData"].update(kubeconfig="..."),
    "encoded data": lambda docs: docs[0].update(data={"server": "eA=="}),
    "annotations": lambda docs: docs[1]["metadata"].update(annotations={"a": "b"}),
    "finalizers": lambda docs: docs[0]["metadata"].update(finalizers=["a/b"]),
    "another Secret's name": lambda docs: docs[0]["metadata"].update(name="modelbond-ca"),
    "two servers": lambda docs: docs[1]["spec"].update(server="https://other.example.org"),
    "no metadata": lambda docs: docs[1].update(metadata=None),
    "no token": lambda docs: docs[0]["stringData"].pop("token"),
    "a token of numbers": lambda docs: docs[0]["stringData"].update(token=17),
    "a token of two lines": lambda docs: docs[0]["stringData"].update({"token": "a\nb"}),
    "a name without a UID": lambda docs: rename(docs, "home"),
    "a name that leaves its place": lambda docs: rename(docs, "../home-1a2b3c4d"),
    "a CA that is none": lambda docs: docs[0]["stringData"].update(ca="none"),
    "a private key": lambda docs: docs[0]["stringData"].update(ca="BEGIN PRIVATE KEY"),
}


def rename(documents: Documents, name: str) -> None:
    documents[0]["metadata"]["name"] = f"join-{name}"
    documents[1]["metadata"]["name"] = name
    documents[1]["spec"]["joinSecret"] = f"join-{name}"


@pytest.mark.parametrize("change", WRONG.values(), ids=list(WRONG))
def test_a_document_that_holds_anything_else_is_refused(
    change: Callable[[Documents], object],
) -> None:
    with pytest.raises(Refused):
        parse(changed(change))


@pytest.mark.parametrize(
    "server",
    [
        "http://home.example.org",
        "https://127.0.0.1:6443",
        "https://[::1]:6443",
        "https://localhost:6443",
        "https://169.254.169.254",
        "https://user:secret@home.example.org",
    ],
)
def test_a_server_that_leads_back_to_the_host_or_is_not_https_is_refused(server: str) -> None:
    with pytest.raises(Refused, match="server"):
        parse(text().replace(SERVER, server))


@pytest.mark.parametrize("junk", ["", "a: [", "- 1\n- 2\n", "x" * 70_000, "!!python/object:a {}"])
def test_what_is_no_invitation_at_all_is_refused(junk: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(junk)
    assert "\n" not in str(refused.value)

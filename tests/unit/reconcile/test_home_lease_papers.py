"""A lease's papers are read as they were written, and what is not ours is none."""

import base64
from typing import Any

import pytest

from fakes.canaries import canary, tensor
from fakes.lease_chain import CUSTOMER, HOST, signature_of
from fakes.leased import canaries_map
from fakes.offers import offer
from fakes.orders import order
from modelbond.errors import Refused
from modelbond.reconcile.home_lease_papers import (
    MOST_CANARIES_BYTES,
    Papers,
    Taken,
    canaries_document,
    papers_body,
    papers_of,
)
from modelbond.reconcile.home_lease_target import sequence_of
from modelbond.reconcile.home_lease_terms import Signed, offered
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import SliceCount
from modelbond.sla.agreement import Agreement, DeploymentName
from modelbond.sla.canary import canaries_text
from modelbond.sla.terms import offer_values

AGREEMENT = Agreement(
    home="home",
    deployment=DeploymentName(namespace="models", name="llama", uid="uid-1"),
    slot=0,
    epoch=1,
    model="sha256:" + "a" * 64,
    model_name="llama",
    canaries=keccak(b"canaries"),
    latency_bound_ms=1000,
    requests_per_minute=600,
    endpoint_key=bytes(32),
    probe_token=bytes(32),
)
TAKEN = Taken(
    signed=Signed(offer=offer(), signature=signature_of(HOST, b"digest")),
    slices=SliceCount(1000),
    wallet="wallet",
    auto_claim=False,
)
PAPERS = Papers(agreement=AGREEMENT, canaries="{}", token="token")  # noqa: S106 - a test's


def changed(key: str, text: str | None) -> dict[str, Any]:
    body = papers_body(order(), Papers(agreement=AGREEMENT, canaries="{}", token="t", taken=TAKEN))  # noqa: S106
    del body["data"][key]
    if text is not None:
        body["data"][key] = base64.b64encode(text.encode()).decode()
    return body


def test_papers_are_read_as_they_were_written() -> None:
    assert papers_of(papers_body(order(), PAPERS)) == PAPERS
    taken = Papers(agreement=AGREEMENT, canaries="{}", token="t", taken=TAKEN)  # noqa: S106
    assert papers_of(papers_body(order(), taken)) == taken
    assert papers_of(None) is None


@pytest.mark.parametrize("key", ["agreement.json", "canaries.json", "probe-token"])
def test_papers_that_are_not_whole_are_none(key: str) -> None:
    assert papers_of(changed(key, None)) is None


def test_papers_with_another_agreement_than_ours_are_none() -> None:
    assert papers_of(changed("agreement.json", "{}")) is None


@pytest.mark.parametrize("text", ["{", "{}", '{"autoClaim":true}', "[]"])
def test_what_was_taken_is_believed_only_whole(text: str) -> None:
    found = papers_of(changed("lease.json", text))
    assert found is not None
    assert found.taken is None


def test_the_canaries_are_the_canonical_text_of_the_customers_document() -> None:
    whole = canaries_text([canary(tensor(1.0))])
    assert canaries_document(canaries_map(f" {whole}\n"), name="c") == whole


def test_canaries_that_cannot_travel_are_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="ConfigMap c: it is missing: make it with"):
        canaries_document(None, name="c")
    with pytest.raises(Refused, match=r"ConfigMap c: it has no entry canaries\.json"):
        canaries_document({"metadata": {}}, name="c")
    large = canary(tensor(*[1.0] * (MOST_CANARIES_BYTES // 8)))
    with pytest.raises(Refused, match="bytes do not travel"):
        canaries_document(canaries_map(canaries_text([large])), name="c")


def test_an_offer_that_cannot_be_read_says_which_field() -> None:
    terms = {**offer_values(offer()), "rate": "007", "customer": CUSTOMER}
    answered = order(status={"offer": {"terms": terms, "signature": f"0x{'00' * 65}"}}).answer
    assert "offer.rate" in str(offered(answered.offer))
    assert offered(None) is None


def test_a_target_that_is_not_ours_to_read_has_no_record() -> None:
    assert sequence_of(None) == 0
    text = '{"agreement":"","canaries":"","endpoint":7,"offer":{},"signature":"","version":1}'
    data = {"target.json": base64.b64encode(text.encode()).decode()}
    assert sequence_of({"data": data}) == 0

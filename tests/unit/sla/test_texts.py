"""What is agreed, seen and computed has one text each, and whoever reads it checks every field."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.frames import FRAME, LEASE, TOWER, WATCHERS, carried, facts, inputs, vector
from fakes.offers import account, leaf, offer
from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import FrameIndex, LeaseId, SliceCount, SliceIndex
from modelbond.sla.agreement import Agreement, DeploymentName, agreement_of
from modelbond.sla.evidence import Evidence, Measured
from modelbond.sla.evidence_text import evidence, evidence_of
from modelbond.sla.rules import RULES, RULES_TEXT
from modelbond.sla.tally import tally
from modelbond.sla.terms import offer_of, offer_values
from modelbond.sla.text import canonical, parsed, text_hash
from modelbond.sla.vector import Commitment, commitment_of, vector_of, watcher_domain

AGREEMENT = Agreement(
    home="home-uid",
    deployment=DeploymentName(namespace="shop", name="magika", uid="deployment-uid"),
    slot=0,
    epoch=1,
    model="sha256:" + "a" * 64,
    model_name="magika",
    canaries=keccak(b"canaries"),
    latency_bound_ms=1_000,
    requests_per_minute=600,
    endpoint_key=bytes(32),
    probe_token=bytes(32),
)


def changed(text: str, *path: str | int, to: Any) -> str:
    """Return the text with one field set to another value."""
    value = json.loads(text)
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    return canonical(value)


def made() -> Evidence:
    lease = facts(settled=leaf(3, 2, 1), announced=((SliceIndex(5), SliceCount(2)),))
    given = inputs(["g" * 60] * 3, lease=lease, previous=carried(Measured(leaf=leaf(0))))
    return evidence(given, tally(given))


def test_a_text_has_sorted_keys_and_no_white_space() -> None:
    assert canonical({"b": 1, "a": ["é", True]}) == '{"a":["\\u00e9",true],"b":1}'


@pytest.mark.parametrize("text", ['{"b":1,"a":2}', '{"a": 1}', "{", "[" * 100_000, '{"a":1,"a":1}'])
def test_a_text_that_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"^agreement: it is not"):
        parsed(text, what="agreement")


def test_the_rules_of_the_tally_have_a_hash() -> None:
    assert text_hash(RULES_TEXT) == RULES


def test_an_agreement_is_read_as_it_was_written() -> None:
    assert agreement_of(AGREEMENT.text) == AGREEMENT
    assert keccak(AGREEMENT.text.encode()) == AGREEMENT.hash


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("version",), 2, "agreement.version: 2 is not 1: upgrade modelbond"),
        (("home",), "", "agreement.home: it must be a string of 1 to 253 characters"),
        (("deployment", "name"), 7, "agreement.name: it must be a string"),
        (("deployment",), "x", "agreement.deployment: it must have the fields namespace"),
        (("slot",), -1, "agreement.slot: it must be a whole number from 0"),
        (("epoch",), True, "agreement.epoch: it must be a whole number from 0"),
        (("latencyBoundMs",), 0, "agreement.latencyBoundMs: it must be from 1 to 600000"),
        (("canaries",), "0x00", "agreement.canaries: it must be 0x and 64 hex digits"),
        (("endpointKey",), "0X" + "00" * 32, "agreement.endpointKey: it must be 0x"),
        (("probeToken",), None, "agreement.probeToken: it must be 0x"),
        (("more",), 1, "agreement: it must have the fields canaries"),
    ],
)
def test_an_agreement_that_is_not_as_it_must_be_is_refused_by_its_field(
    path: tuple[str, ...], value: Any, complaint: str
) -> None:
    with pytest.raises(Refused) as refusal:
        agreement_of(changed(AGREEMENT.text, *path, to=value))
    assert str(refusal.value).startswith(complaint)


def test_an_offer_is_read_as_it_was_written() -> None:
    assert offer_of(offer_values(offer())) == offer()
    assert offer_values(offer())["rate"] == "1000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 1000),
        ("rate", "01"),
        ("rate", "-1"),
        ("rate", "1" * 40),
        ("cover", "٣"),
        ("customer", "0x" + "A" * 40),
        ("customer", 5),
        ("slot", "0x1"),
        ("epoch", "1"),
    ],
)
def test_an_offer_that_is_not_as_it_must_be_is_refused_by_its_field(name: str, value: Any) -> None:
    with pytest.raises(Refused, match=f"offer.{name}: "):
        offer_of({**offer_values(offer()), name: value})


def test_a_vector_is_read_as_it_was_written() -> None:
    signed = vector(WATCHERS[0], {LEASE: "gbu"})
    seen = vector_of(signed.text)
    assert (seen.frame, seen.watcher, seen.tower) == (FRAME, WATCHERS[0], TOWER)
    assert (seen.leases, seen.text) == ({LEASE: "gbu"}, signed.text)


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("version",), 2, "vector.version: 2 is not 1"),
        (("frame",), -1, "vector.frame: it must be"),
        (("chain",), "1", "vector.chain: it must be"),
        (("tower",), "0x" + "A" * 40, "vector.tower: it must be an address in lower case"),
        (("watcher",), None, "vector.watcher: it must be an address"),
        (("leases",), [], "vector.leases: it must hold a string for each lease"),
        (("leases",), {"0x00": "g"}, "vector.leases: it must be 0x and 64 hex digits"),
        (("leases",), {"0x" + "00" * 32: 1}, "vector.leases: it must hold a string"),
    ],
)
def test_a_vector_that_is_not_as_it_must_be_is_refused_by_its_field(
    path: tuple[str, ...], value: Any, complaint: str
) -> None:
    with pytest.raises(Refused) as refusal:
        vector_of(changed(vector(WATCHERS[0], {}).text, *path, to=value))
    assert str(refusal.value).startswith(complaint)


def test_a_commitment_hides_its_vector_and_fits_no_other() -> None:
    signed = vector(WATCHERS[0], {LEASE: "g"})
    assert signed.commitment == commitment_of(salt=bytes(32), text=signed.text)
    assert signed.commitment != commitment_of(salt=bytes(31) + b"1", text=signed.text)
    assert signed.commitment != commitment_of(salt=bytes(32), text=signed.text + " ")


def test_a_commitment_is_signed_for_one_tower_and_one_frame() -> None:
    said = Commitment(frame=FRAME, commitment=keccak(b"x"))
    here = watcher_domain(chain_id=1, tower=TOWER)
    digests = {
        said.digest(here),
        said.digest(watcher_domain(chain_id=2, tower=TOWER)),
        said.digest(watcher_domain(chain_id=1, tower=account("other"))),
        Commitment(frame=FrameIndex(FRAME + 1), commitment=said.commitment).digest(here),
    }
    assert len(digests) == 4
    assert said.typed_data(here)["message"] == said.values()


def test_evidence_is_read_as_it_was_written() -> None:
    one = made()
    assert evidence_of(one.text) == one
    assert keccak(one.text.encode()) == one.hash


LEASE_KEY = f"0x{LEASE.hex()}"


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("version",), 2, "evidence.version: 2 is not 1: upgrade modelbond"),
        (("rules",), "0x", "rules: it must be 0x and 64 hex digits"),
        (("tower",), "me", "address: 'me' must be 0x"),
        (("bond",), "0x" + "A" * 40, "bond: it must be an address in lower case"),
        (("frame",), 1.5, "frame: it must be a whole number"),
        (("referenceBlock",), {}, "referenceBlock: it must have the fields"),
        (("previous", "root"), 1, "previous.root: it must be 0x"),
        (("table",), {}, "table: it must be a list"),
        (("table", 0, "weight"), -1, "table.weight: it must be a whole number"),
        (("leases",), [], "leases: it must be an object"),
        (("leases",), {"0x01": {}}, "lease: it must be 0x and 64 hex digits"),
        (("leases", LEASE_KEY, "settled"), [1, 2], ".settled: it must hold 3 whole numbers"),
        (("leases", LEASE_KEY, "settled"), [1, 2, 3], "leaf: "),
        (("leases", LEASE_KEY, "announced"), [[1]], ".announced: it must hold 2 whole numbers"),
        (("vectors", 0, "vector"), {}, "vectors.vector: it must be a string"),
        (("vectors", 0, "salt"), "0x00", "vectors.salt: it must be 0x and 64 hex digits"),
        (("vectors", 0, "signature"), "0x00", "vectors.signature: it must be 0x"),
        (("result", "awarded"), {WATCHERS[0]: 1}, "result.awarded: it must be a whole number"),
        (("carried", "leases", LEASE_KEY, "bad"), "1", ".bad: it must be a whole number"),
    ],
)
def test_evidence_that_is_not_as_it_must_be_is_refused_by_its_field(
    path: tuple[str | int, ...], value: Any, complaint: str
) -> None:
    with pytest.raises(Refused) as refusal:
        evidence_of(changed(made().text, *path, to=value))
    assert complaint in str(refusal.value)


@given(st.data())
def test_no_byte_of_evidence_can_be_changed_under_its_hash(data: st.DataObject) -> None:
    one = made()
    place = data.draw(st.integers(0, len(one.text) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda found: found != one.text[place]))
    other = one.text[:place] + letter + one.text[place + 1 :]
    assert text_hash(other) != one.hash


def test_a_stranger_lease_id_is_bytes() -> None:
    reads: Callable[[str], Evidence] = evidence_of
    assert LeaseId(LEASE) in reads(made().text).inputs.leases

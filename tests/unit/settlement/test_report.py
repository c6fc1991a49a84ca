"""A report's digest is what watchers sign; two in one turn are equivocation."""

from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.backends.pycryptodome import keccak256

from fakes.offers import account
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT, Report, ReportRef, tower_domain
from modelbond.settlement.units import FrameIndex

DOMAIN = tower_domain(chain_id=31337, contract=account("WatchTower"))
REPORT = Report(
    frame=FrameIndex(490_000),
    round=0,
    reference_block=123,
    previous_root=NO_ROOT,
    root=keccak(b"root"),
    data_hash=keccak(b"data"),
)


def test_a_wallet_signs_the_reports_digest() -> None:
    signable = encode_typed_data(full_message=REPORT.typed_data(DOMAIN))
    assert keccak256(b"\x19\x01" + signable.header + signable.body) == REPORT.digest(DOMAIN)


@pytest.mark.parametrize(
    "other",
    [
        replace(REPORT, root=keccak(b"another root")),
        replace(REPORT, data_hash=keccak(b"other data")),
        replace(REPORT, previous_root=keccak(b"another branch")),
        replace(REPORT, reference_block=124),
    ],
)
def test_another_content_in_the_same_turn_is_equivocation(other: Report) -> None:
    assert REPORT.equivocates(other)
    assert other.digest(DOMAIN) != REPORT.digest(DOMAIN)


@pytest.mark.parametrize(
    "other",
    [
        REPORT,
        replace(REPORT, round=1, root=keccak(b"another root")),
        replace(REPORT, frame=FrameIndex(490_001), root=keccak(b"another root")),
    ],
    ids=["the same", "another round", "another frame"],
)
def test_the_same_report_and_other_turns_are_none(other: Report) -> None:
    assert not REPORT.equivocates(other)


def test_a_posted_report_is_named_as_the_contracts_name_it() -> None:
    ref = ReportRef(seq=3, frame=REPORT.frame, round=1, posted_at=1_800_000_000)
    named = {"seq": 3, "frame": 490_000, "round": 1, "postedAt": 1_800_000_000}
    assert ref.values() == named

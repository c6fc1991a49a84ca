"""What homes hand over becomes targets where it is signed, hashed and leased, and nowhere else."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anvil.people import key_of
from fakes.handed import TOKEN, agreed, handed_over
from fakes.offers import DOMAIN, offer
from modelbond.adapters.chain.signatures import signer_of
from modelbond.errors import Refused
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex, address
from modelbond.sla.leases import OpenLease
from modelbond.sla.text import canonical
from modelbond.watcher.target import Target
from modelbond.watcher.target_text import Handed, handed
from modelbond.watcher.targets import Source, Targets

HOST = key_of("host")


def terms() -> Offer:
    return offer(host=address(HOST.address), agreement=agreed(b"\1" * 32).hash)


def text(made: Offer | None = None, *, sequence: int = 1, at: str = "203.0.113.7:443") -> str:
    """Return a target as a home writes it, signed by the host."""
    return handed_over(
        made or terms(),
        agreement=agreed(b"\1" * 32),
        host=HOST,
        domain=DOMAIN,
        address=at,
        sequence=sequence,
    )


def read(said: str, token: str = TOKEN) -> Handed:
    return handed(
        said, token=token, chain_id=DOMAIN.chain_id, bond=DOMAIN.contract, recover=signer_of
    )


def opened(made: Offer | None = None) -> dict[LeaseId, OpenLease]:
    one = made or terms()
    lease = OpenLease(offer=one, first=SliceIndex(7), funded=SliceCount(100))
    return {lease_id(one, domain=DOMAIN): lease}


def put(folder: Path, name: str, said: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(said)
    (folder / f"{name}.token").write_text(TOKEN)


def targets(folder: Path, reads: Callable[[str, str], Handed] = read) -> Targets:
    return Targets([Source(name="home", folder=folder)], read=reads)


def look(one: Targets, leases: dict[LeaseId, OpenLease]) -> list[Target]:
    return asyncio.run(one.look(leases))


def test_a_leased_target_is_probed_as_it_was_agreed(tmp_path: Path) -> None:
    put(tmp_path, "one", text())
    (found,) = look(targets(tmp_path), opened())
    assert (str(found.place), found.first, found.token) == ("203.0.113.7:443", 7, TOKEN)
    assert (found.labels.home, found.labels.name) == ("home", "magika")


def test_without_a_lease_on_chain_nothing_is_probed(tmp_path: Path) -> None:
    put(tmp_path, "one", text())
    assert look(targets(tmp_path), {}) == []


def test_of_two_records_of_a_lease_the_later_counts(tmp_path: Path) -> None:
    put(tmp_path, "a", text(sequence=2, at="203.0.113.8:443"))
    put(tmp_path, "b", text(sequence=1))
    (found,) = look(targets(tmp_path), opened())
    assert str(found.place) == "203.0.113.8:443"


def test_what_did_not_change_is_read_once_and_what_did_anew(tmp_path: Path) -> None:
    reads: list[str] = []

    def counting(said: str, token: str) -> Handed:
        reads.append(said)
        return read(said, token)

    put(tmp_path, "one", text())
    one = targets(tmp_path, counting)
    assert look(one, opened()) == look(one, opened())
    assert len(reads) == 1
    put(tmp_path, "one", text(sequence=2, at="203.0.113.8:443"))
    (found,) = look(one, opened())
    assert (len(reads), str(found.place)) == (2, "203.0.113.8:443")


def test_a_target_that_is_refused_stops_no_other(tmp_path: Path) -> None:
    put(tmp_path, "a", "{")
    put(tmp_path, "b", text())
    assert len(look(targets(tmp_path), opened())) == 1


def test_a_target_that_is_gone_is_no_longer_probed(tmp_path: Path) -> None:
    put(tmp_path, "one", text())
    one = targets(tmp_path)
    assert len(look(one, opened())) == 1
    (tmp_path / "one.json").unlink()
    assert look(one, opened()) == []


def changed(**fields: Any) -> str:
    return canonical({**json.loads(text()), **fields})


@pytest.mark.parametrize(
    ("said", "token", "complaint"),
    [
        (changed(version=2), TOKEN, "target.version: 2 is not 1: upgrade modelbond"),
        (changed(canaries="{}"), TOKEN, "target.canaries: they are not those of the agreement"),
        (changed(canaries=7), TOKEN, "target.canaries: it must be a string"),
        (
            changed(agreement=agreed(b"\3" * 32).text),
            TOKEN,
            "target.agreement: it is not the one that the offer names",
        ),
        (text(), "another", "probe-token: it is not that of the agreement"),
        (
            text(replace(terms(), host=address(key_of("other").address))),
            TOKEN,
            "target.endpoint: it is not signed for this lease by its host",
        ),
    ],
)
def test_a_target_is_refused_by_what_its_hashes_and_signatures_do_not_say(
    said: str, token: str, complaint: str
) -> None:
    with pytest.raises(Refused) as refusal:
        read(said, token)
    assert str(refusal.value) == complaint

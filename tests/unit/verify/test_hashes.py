"""The contracts' hashes, made a second time: against the shared vectors and the first time."""

import json
from pathlib import Path

from fakes.evidence import BOND, CHAIN, Leased
from fakes.offers import DOMAIN, offer
from modelbond.adapters.chain.abi import interface
from modelbond.settlement.offer import lease_id as other_lease_id
from modelbond.verify.chain import LEASE_EVENTS, POSTED, VETOED
from modelbond.verify.hashes import NO_HASH, lease_id, leaves, root_of

VECTORS = json.loads((Path(__file__).parents[3] / "contracts/test/vectors/leaves.json").read_text())


def all_leaves() -> list[bytes]:
    """Return the leaves of the shared vectors, made by this implementation."""
    of_leases, of_pay = VECTORS["leases"], VECTORS["pays"]
    counts = zip(*(of_leases[name] for name in ("through", "unearned", "breach")), strict=True)
    made = [
        leaf
        for lease, leaf_ in zip(of_leases["lease"], counts, strict=True)
        for leaf in leaves({"leases": {lease: {"leaf": leaf_}}, "awarded": {}}, bond=BOND)
    ]
    pays = zip(of_pay["bond"], of_pay["watcher"], of_pay["awarded"], strict=True)
    for bond, watcher, amount in pays:
        made += leaves({"leases": {}, "awarded": {watcher: amount}}, bond=bond)
    return made


def test_leaves_are_those_of_the_contracts() -> None:
    expected = VECTORS["leases"]["leaf"] + VECTORS["pays"]["leaf"]
    assert [f"0x{leaf.hex()}" for leaf in all_leaves()] == expected


def test_roots_are_those_of_openzeppelin() -> None:
    made = all_leaves()
    roots = {tree["size"]: tree["root"] for tree in VECTORS["trees"]}
    assert len(roots) > 5
    assert {size: root_of(made[:size]) for size in roots} == roots


def test_no_leaf_makes_no_root() -> None:
    assert root_of([]) == NO_HASH


def test_a_leases_id_is_the_one_that_the_operator_computes() -> None:
    made = offer()
    values = {
        name: f"0x{value.hex()}" if isinstance(value, bytes) else value
        for name, value in made.values().items()
    }
    expected = f"0x{other_lease_id(made, domain=DOMAIN).hex()}"
    assert lease_id(values, chain=DOMAIN.chain_id, bond=DOMAIN.contract) == expected
    other = Leased(first=0, letters=[])
    assert other.id() != other.id(chain=CHAIN + 1)


def test_the_events_are_those_of_the_contracts() -> None:
    bond, tower = interface("ModelBond"), interface("WatchTower")
    expected = {f"0x{bond.topic(name).hex()}": name for name in LEASE_EVENTS.values()}
    assert expected == LEASE_EVENTS
    assert f"0x{tower.topic('Posted').hex()}" == POSTED
    assert f"0x{tower.topic('Vetoed').hex()}" == VETOED

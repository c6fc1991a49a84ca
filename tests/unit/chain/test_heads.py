"""Which nodes may be asked: the right chain, near the best head, near the clock."""

from typing import Any

from modelbond.adapters.chain.heads import HeadLimits, Sighting, Silence, judge

LIMITS = HeadLimits(lag_blocks=3, age_seconds=600)
NOW = 1_800_000_000


def node(rpc: str = "a", **changes: Any) -> Sighting:
    return Sighting(**{"rpc": rpc, "chain_id": 1, "head": 100, "head_time": NOW, **changes})


def objections(*seen: Sighting | Silence) -> list[str]:
    verdicts = judge(seen, chain_id=1, limits=LIMITS, now=NOW)
    assert [verdict.rpc for verdict in verdicts] == [one.rpc for one in seen]
    return [verdict.objection for verdict in verdicts]


def test_nodes_that_agree_are_all_asked() -> None:
    assert objections(node("a"), node("b", head=98)) == ["", ""]


def test_a_node_of_another_chain_is_not_asked_and_its_head_does_not_count() -> None:
    assert objections(node("a"), node("b", chain_id=5, head=10**9)) == [
        "",
        "speaks for chain 5, not 1",
    ]


def test_a_node_that_is_behind_the_best_is_not_asked() -> None:
    assert objections(node("a", head=97), node("b")) == ["", ""]
    assert objections(node("a", head=96), node("b")) == ["is 4 blocks behind", ""]


def test_a_node_whose_last_block_is_old_is_not_asked_even_if_all_agree() -> None:
    assert objections(node("a", head_time=NOW - 600)) == [""]
    assert objections(node("a", head_time=NOW - 601), node("b", head_time=NOW - 900)) == [
        "its last block is 601 s old",
        "its last block is 900 s old",
    ]


def test_a_silent_node_is_not_asked_for_its_own_reason() -> None:
    assert objections(Silence(rpc="a", reason="refused"), node("b")) == ["refused", ""]


def test_without_any_head_nobody_is_asked() -> None:
    assert objections(node("a", chain_id=2)) == ["speaks for chain 2, not 1"]

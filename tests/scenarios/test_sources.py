"""Weights are believed by their digest alone, whoever serves them."""

from dataclasses import replace

from federation.polling import eventually
from federation.world import World


def test_a_tampered_source_is_refused_and_the_next_one_serves(world: World) -> None:
    model = replace(world.tiny, sources=[f"{world.files}tampered", *world.tiny.sources])
    with world.deployed("tampered", model) as deployed:
        eventually(
            lambda: deployed.condition("Ready"),
            lambda seen: seen["status"] == "True",
            within_seconds=120,
        )
        assert world.tiny.digest in deployed.condition("ModelVerified")["message"]


def test_when_every_source_is_bad_nothing_is_served_and_the_customer_reads_why(
    world: World,
) -> None:
    model = replace(world.tiny, sources=[f"{world.files}tampered", f"{world.files}missing"])
    with world.deployed("allbad", model) as deployed:
        status = eventually(
            lambda: deployed.read()["status"],
            lambda seen: seen.get("lastFailure", {}).get("location") == "fetch",
            within_seconds=120,
        )
        assert "tampered" in status["lastFailure"]["message"]
        assert deployed.condition("ModelVerified")["status"] != "True"
        assert deployed.condition("Ready")["status"] == "False"


def test_a_wrong_digest_is_said_by_name(world: World) -> None:
    model = replace(world.tiny, digest="sha256:" + "0" * 64)
    with world.deployed("wrongsum", model) as deployed:
        seen = eventually(
            lambda: deployed.condition("ModelVerified"),
            lambda seen: seen.get("reason") == "DigestMismatch",
            within_seconds=120,
        )
        assert seen["status"] == "False"

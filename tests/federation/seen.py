"""What watchers saw and reported, and what the chain holds of it."""

import asyncio
import json
from collections.abc import Iterable
from functools import partial

import requests

from cluster.cluster import Cluster
from federation import joining, looking
from federation.chain import FRAME_SECONDS, Chain, address_of
from federation.deployments import Deployed, Json
from federation.install import SYSTEM
from federation.leasing import WATCHER, Leased, lease_of
from federation.onchain import happened
from federation.polling import eventually
from modelbond.adapters.chain.chain import Chain as View
from modelbond.adapters.evidence import HttpEvidence
from modelbond.settlement.accounts import Bond
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.report import FinalReport
from modelbond.settlement.units import Address, Digest, LeaseId, Wei, address
from modelbond.sla.evidence import Evidence, Measured
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.exchanged import Page
from modelbond.sla.page_text import page_of

LEDGER = "/var/lib/modelbond-watcher/state/slices.sqlite"
OPENED_WITHIN_SECONDS, REPORTED_WITHIN_SECONDS = 180, 200
SERVED_WITHIN_SECONDS = 120
"""Kubelet lets a container wait that died twice."""


def opened(deployed: Deployed, *, slot: int = 0) -> str:
    """Wait until a placement's lease is open, and return the lease's id."""
    lease = eventually(
        lambda: lease_of(deployed, slot=slot),
        lambda seen: seen.get("state") == "Open",
        within_seconds=OPENED_WITHIN_SECONDS,
    )
    return str(lease["id"])


def rows(watcher: Cluster, lease: str, *, after: float = 0) -> list[Json]:
    """Return what a watcher's ledger holds of a lease, of slices that ended after a moment."""
    export = ("modelbond", "ledger", "export", LEDGER, "--after", str(int(after)))
    printed = watcher.kubectl("exec", WATCHER, "-n", SYSTEM, "--", *export)
    found = (json.loads(line) for line in printed.splitlines())
    return [row for row in found if row["lease"] == lease]


def verdicts(watcher: Cluster, lease: str, *, after: float, until: float) -> str:
    """Return the letters of the slices that lie between two moments."""
    whole = (
        row
        for row in rows(watcher, lease, after=after)
        if row["slice"] * row["sliceSeconds"] >= after
        and (row["slice"] + 1) * row["sliceSeconds"] <= until
    )
    return "".join(row["verdict"] for row in whole)


def every_watcher_says(leased: Leased, lease: str, verdict: str, *, reason: str) -> None:
    """Wait until each watcher has a slice with that verdict and reason in its ledger."""
    for cluster in leased.world.clusters.values():
        eventually(
            partial(said_of, cluster, lease),
            lambda said: (verdict, reason) in said,
            within_seconds=90,
        )


def said_of(watcher: Cluster, lease: str) -> list[tuple[str, str]]:
    """Return verdict and reason of each slice of a lease, as a watcher has them."""
    return [(row["verdict"], row["reason"]) for row in rows(watcher, lease)]


def newest_report(leased: Leased) -> tuple[FinalReport, Evidence] | None:
    """Return the newest final report, with its evidence from whichever watcher serves that."""

    async def look(view: View) -> tuple[FinalReport, Evidence] | None:
        report = await view.final_reports().newest()
        watchers = HttpEvidence(list(leased.watchers.values()))
        text = await watchers.fetch(report.data_hash) if report else None
        return (report, evidence_of(text)) if report and text else None

    return leased.chain.read(look)


def reported(leased: Leased, lease: str, *, since: float) -> Measured:
    """Wait for a final report on a frame that began after a moment; return what it says."""
    found = eventually(
        lambda: newest_report(leased),
        lambda seen: (
            seen is not None
            and seen[0].ref.frame * FRAME_SECONDS >= since
            and id_of(lease) in seen[1].result.leases
        ),
        within_seconds=REPORTED_WITHIN_SECONDS,
    )
    assert found is not None
    return found[1].result.leases[id_of(lease)]


def id_of(lease: str) -> LeaseId:
    """Return a lease's id as the chain's adapter has it."""
    return LeaseId(bytes.fromhex(lease[2:]))


def settled(chain: Chain, lease: str) -> Leaf:
    """Return what the contract has counted of a lease."""
    found = chain.read(lambda view: view.bond.lease(id_of(lease)))
    assert found is not None
    return found.measured


def posted(chain: Chain) -> list[tuple[int, int]]:
    """Return frame and block of each report that was posted, the oldest first."""
    reports = happened(chain, "WatchTower", "Posted")
    return [(int(one.values["frame"]), one.block) for one in reports]


def evidence(leased: Leased, frame: int) -> Evidence:
    """Return what the report of a frame was counted from, by whichever watcher serves it."""
    reports = happened(leased.chain, "WatchTower", "Posted")
    hashes = (one.values["dataHash"] for one in reports if one.values["frame"] == frame)
    watchers = HttpEvidence(list(leased.watchers.values()))
    text = asyncio.run(watchers.fetch(Digest(next(hashes))))
    assert text is not None, f"nobody serves the evidence of frame {frame}"
    return evidence_of(text)


def page(leased: Leased, watcher: str, frame: int) -> Page:
    """Return what a watcher shows of a frame, once it serves: it may have died just now."""
    answer = eventually(
        lambda: requests.get(f"{leased.watchers[watcher]}/v1/frames/{frame}", timeout=30),
        lambda answer: answer.ok,
        within_seconds=SERVED_WITHIN_SECONDS,
    )
    return page_of(answer.text)


def contents_signed(pages: Iterable[Page]) -> dict[tuple[Address, int], set[Digest]]:
    """Return the roots that each signer signed in each round, as these pages show them."""
    roots: dict[tuple[Address, int], set[Digest]] = {}
    for shown in pages:
        for one in (*shown.signatures, *(proposal.signed for proposal in shown.proposals)):
            roots.setdefault((one.signer, one.report.round), set()).add(one.report.root)
    return roots


def live(leased: Leased, watcher: str) -> Json:
    """Return what a watcher says that it sees now."""
    answer = requests.get(f"{leased.watchers[watcher]}/v1/live", timeout=30)
    answer.raise_for_status()
    said: Json = answer.json()
    return said


def bond_of(chain: Chain, host: str) -> Bond:
    """Return the bond of a host."""
    return chain.read(lambda view: view.bond.bond_of(address(address_of(host))))


def claimable(chain: Chain) -> Wei:
    """Return what the customer can claim."""
    return chain.read(lambda view: view.bond.claimable(address(address_of("customer"))))


def events(home: Cluster, name: str) -> list[str]:
    """Return REASON: message of what a deployment was told."""
    told = looking.listed(home, "events.events.k8s.io")
    return [
        f"{each['reason']}: {each['note']}" for each in told if each["regarding"]["name"] == name
    ]


def verified(leased: Leased, frame: int) -> str:
    """Return what `modelbond verify` says of a frame, from a watcher's evidence and the chain."""
    return joining.modelbond(
        leased.world.home,
        *("verify", "--frame", str(frame), "--from", leased.watchers["beta"]),
        *("--rpc", leased.chain.url, "--deployment", str(leased.chain.deployment_file)),
    )

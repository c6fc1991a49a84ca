"""What the reporting half of a watcher tells Prometheus (docs/reference/exchange.md).

The registry is its own, as an operator has none of this: `modelbond watcher` registers it.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from modelbond.sla.merging import Drop

REPORTING = CollectorRegistry()

DROPPED = Counter(
    "modelbond_watcher_exchange_dropped",
    "Entries of others' pages that do not count",
    ["reason"],
    registry=REPORTING,
)
PEER_REACHABLE = Gauge(
    "modelbond_watcher_peer_reachable", "1 while a peer answers", ["peer"], registry=REPORTING
)
SIGNING_SEALED = Gauge(
    "modelbond_watcher_signing_sealed", "1 while nothing may be signed", registry=REPORTING
)
EVIDENCE_MISSING = Gauge(
    "modelbond_watcher_evidence_missing",
    "Reports that were signed here and cannot be served",
    registry=REPORTING,
)
SIGNATURES = Counter("modelbond_watcher_signatures", "Reports that were signed", registry=REPORTING)
REFUSALS = Counter(
    "modelbond_watcher_refusals", "Proposals that were not signed", registry=REPORTING
)
POSTS = Counter(
    "modelbond_watcher_posts", "Tries to post by how they ended", ["result"], registry=REPORTING
)
PROOFS = Counter(
    "modelbond_watcher_proofs", "Tries to prove an equivocation", ["result"], registry=REPORTING
)

for _drop in Drop:
    DROPPED.labels(_drop.value)
for _result in ("posted", "pending", "reverted", "others", "failed"):
    POSTS.labels(_result)
for _result in ("proven", "pending", "reverted", "others", "failed"):
    PROOFS.labels(_result)

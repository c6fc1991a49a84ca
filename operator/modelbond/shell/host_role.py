"""The host role, wired: links to homes are kept, and their orders become copies."""

from functools import partial
from random import random

from modelbond.adapters.host_key import EllipticKeys
from modelbond.api.config import HostConfig
from modelbond.api.kinds import HOME_CLUSTER, MODEL_PLACEMENT
from modelbond.controllers.copy import CopyController, copy_keys
from modelbond.controllers.home_cluster import HomeClusterController, home_keys
from modelbond.controllers.host_lease_offers import Means
from modelbond.runtime.backoff import LINK
from modelbond.runtime.work_queue import WorkQueue
from modelbond.shell.host_lease_role import host_means
from modelbond.shell.parts import Parts, Served


def host_role(parts: Parts, config: HostConfig) -> tuple[Served, ...]:
    """Return the controllers of a host: that of copies looks into the links of that of homes."""
    homes, copies = parts.queue("home-cluster"), parts.queue("copy")
    means = _means(parts, homes=homes, copies=copies)
    home_clusters = HomeClusterController(
        api=parts.api,
        homes=parts.objects(HOME_CLUSTER),
        copies=parts.objects(MODEL_PLACEMENT),
        connect=parts.connect,
        make_informer=parts.make_informer,
        supervisor=parts.supervisor,
        clock=parts.clock,
        wait=partial(LINK.seconds, random=random),
        events=parts.events,
        config=config,
        namespace=parts.config.namespace,
        queue_homes=homes,
        queue_copies=copies,
        watch=means.watch if means else None,
    )
    keys = {HOME_CLUSTER: home_keys}
    served = Served(name="home-cluster", queue=homes, keys=keys, controller=home_clusters)
    return served, _copies(parts, config, homes=home_clusters, queue=copies, means=means)


def _means(parts: Parts, *, homes: WorkQueue, copies: WorkQueue) -> Means | None:
    """Return what this host makes offers with; None without a chain, or a key of its own."""
    chain = parts.config.chain
    if chain is None or chain.host_key is None:
        return None
    return host_means(parts, chain, key=chain.host_key, homes=homes, copies=copies)


def _copies(
    parts: Parts,
    config: HostConfig,
    *,
    homes: HomeClusterController,
    queue: WorkQueue,
    means: Means | None,
) -> Served:
    controller = CopyController(
        api=parts.api,
        copies=parts.objects(MODEL_PLACEMENT),
        homes=parts.objects(HOME_CLUSTER),
        links=homes.links,
        workloads=homes.workloads,
        capacity=homes.capacity,
        keys=EllipticKeys(),
        clock=parts.clock,
        events=parts.events,
        config=config,
        means=means,
    )
    return Served(
        name="copy", queue=queue, keys={MODEL_PLACEMENT: copy_keys}, controller=controller
    )

"""A host's leases, wired: the chain's code is imported here, and only where one is configured."""

from functools import partial
from pathlib import Path

from modelbond.adapters.own_endpoint import PinnedEndpoint
from modelbond.api.config import ChainConfig, KeyConfig
from modelbond.api.kinds import HOME_CLUSTER, MODEL_PLACEMENT, Json
from modelbond.controllers.copy import copy_keys
from modelbond.controllers.host_lease_offers import Means
from modelbond.controllers.host_lease_watch import LeaseWatch
from modelbond.ports.cluster import Queue
from modelbond.settlement.units import Wei
from modelbond.shell.parts import Parts


def host_means(
    parts: Parts, config: ChainConfig, *, key: KeyConfig, homes: Queue, copies: Queue
) -> Means:
    """Return what a host makes offers with; what looks and acts on chain by itself is started."""
    from modelbond.adapters.chain.configured import configured
    from modelbond.adapters.chain.host_chain import HostChain
    from modelbond.adapters.chain.keys import KeyFile, Role, load_keys
    from modelbond.adapters.chain.offer_book import OfferFolder

    made = configured(config, clock=parts.clock)
    file = KeyFile(
        path=Path(key.file), password_path=Path(key.password_file) if key.password_file else None
    )
    chain = HostChain(
        made, key=load_keys({Role.STAKING: file})[Role.STAKING], supervisor=parts.supervisor
    )

    def concerned(copy: Json) -> None:
        for name in copy_keys(copy):
            copies.add(name)

    def bond_changed() -> None:
        for name in list(parts.objects(HOME_CLUSTER)):
            homes.add(name)

    watch = LeaseWatch(
        chain,
        copies=parts.objects(MODEL_PLACEMENT),
        book=OfferFolder(made.ledgers / f"{made.place.chain_id}-{chain.address}-offers"),
        target=Wei(int(config.bond.target)),
        on_lease=concerned,
        on_bond=bond_changed,
    )
    means = Means(chain=chain, watch=watch, endpoint=PinnedEndpoint())
    parts.supervisor.start("host-chain", chain.run)
    parts.supervisor.start("lease-watch", partial(watch.run, poll_seconds=config.poll_seconds))
    _start_treasury(parts, config, means=means)
    return means


def _start_treasury(parts: Parts, config: ChainConfig, *, means: Means) -> None:
    from modelbond.adapters.evidence import HttpEvidence
    from modelbond.controllers.host_treasury import HostTreasury
    from modelbond.controllers.lease_results import FinalResults

    treasury = HostTreasury(
        chain=means.chain,
        watch=means.watch,
        results=FinalResults(
            chain=means.chain,
            evidence=HttpEvidence(config.watchers),
            clock=parts.clock,
            look_seconds=config.poll_seconds,
        ),
        copies=parts.objects(MODEL_PLACEMENT),
        homes=parts.objects(HOME_CLUSTER),
        events=parts.events,
        clock=parts.clock,
        withdraw_seconds=config.bond.withdraw_seconds,
        takes_back=config.bond.take_back,
    )
    parts.supervisor.start("host-treasury", partial(treasury.run, poll_seconds=config.poll_seconds))

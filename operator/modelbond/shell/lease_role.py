"""A home's leases, wired: the chain's code is imported here, and only where one is configured."""

from modelbond.api.config import ChainConfig
from modelbond.api.kinds import MODEL_DEPLOYMENT, MODEL_PLACEMENT, Json, Kind, key_of
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.lease_book import LeaseBook
from modelbond.controllers.signing import Authority
from modelbond.ports.leases import LeaseChain
from modelbond.reconcile.home_order import is_order
from modelbond.shell.parts import Keys, Parts, Served


def home_chain(parts: Parts, config: ChainConfig) -> LeaseChain:
    """Return the configured chain; its ledgers are held until the process ends."""
    from modelbond.adapters.chain.configured import configured
    from modelbond.adapters.chain.home_chain import HomeChain

    made = configured(config, clock=parts.clock)
    chain = HomeChain(
        made.chain,
        place=made.place,
        pool=made.pool,
        ledgers=made.ledgers,
        supervisor=parts.supervisor,
    )
    parts.supervisor.start("home-chain", chain.run)
    return chain


def leases(
    parts: Parts, config: ChainConfig, *, book: LeaseBook, hosts: HostBook, authority: Authority
) -> Served:
    """Return the controller of leases, which is keyed as orders are."""
    from modelbond.adapters.evidence import HttpEvidence
    from modelbond.controllers.lease import LeaseController

    orders = parts.index(MODEL_PLACEMENT, _deployment_key)
    controller = LeaseController(
        api=parts.api,
        orders=parts.objects(MODEL_PLACEMENT),
        deployments=parts.objects(MODEL_DEPLOYMENT),
        hosts=hosts,
        authority=authority,
        chain=home_chain(parts, config),
        evidence=HttpEvidence(config.watchers),
        book=book,
        clock=parts.clock,
        poll_seconds=config.poll_seconds,
    )

    def orders_of(deployment: Json) -> list[str]:
        return [*orders.get(key_of(deployment), {})]

    keys: dict[Kind, Keys] = {MODEL_PLACEMENT: _order_key, MODEL_DEPLOYMENT: orders_of}
    return Served(name="lease", queue=parts.queue("lease"), keys=keys, controller=controller)


def _order_key(placement: Json) -> list[str]:
    return [key_of(placement)] if is_order(placement) else []


def _deployment_key(placement: Json) -> str | None:
    about = placement.get("spec", {}).get("deployment")
    if not is_order(placement) or about is None:
        return None
    return f"{about['namespace']}/{about['name']}"

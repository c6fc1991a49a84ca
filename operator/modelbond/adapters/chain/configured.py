"""The chain as the operator's configuration names it. Whoever calls this imports web3 with it."""

from dataclasses import dataclass
from pathlib import Path

from modelbond.adapters.chain.chain import Chain
from modelbond.adapters.chain.deployment import Deployment
from modelbond.adapters.chain.heads import HeadLimits
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Rpc, RpcAddress
from modelbond.api.config import ChainConfig, RpcConfig
from modelbond.errors import Refused
from modelbond.ports.process import Clock
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.units import address


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredChain:
    """One chain's parts, for homes and hosts alike."""

    chain: Chain
    place: ChainPlace
    pool: RpcPool
    ledgers: Path


def configured(config: ChainConfig, *, clock: Clock) -> ConfiguredChain:
    """Return the chain; Refused names what is wrong with the configuration. Nothing is asked."""
    deployment = Deployment.read(Path(config.deployment))
    place = ChainPlace(
        chain_id=deployment.chain_id,
        bond=deployment.model_bond.address,
        asset=deployment.asset,
        tower=deployment.watch_tower.address,
    )
    allowed = {address(one) for one in config.towers} or {place.tower}
    if place.tower not in allowed:
        raise Refused(f"chain.towers: the deployment's tower {place.tower} is not among them")
    pool = RpcPool(
        [Rpc(_address(rpc)) for rpc in config.rpcs],
        chain_id=deployment.chain_id,
        clock=clock,
        limits=HeadLimits(age_seconds=int(config.block_age_seconds)),
    )
    ledgers = Path(config.ledgers)
    ledgers.mkdir(parents=True, exist_ok=True)
    return ConfiguredChain(
        chain=Chain(deployment, pool=pool), place=place, pool=pool, ledgers=ledgers
    )


def _address(rpc: RpcConfig) -> RpcAddress:
    try:
        url = Path(rpc.url_file).read_text().strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"chain.rpcs: {rpc.url_file}: {type(failure).__name__}") from failure
    if not url.startswith(("http://", "https://")):
        raise Refused(f"chain.rpcs: {rpc.url_file} holds no http or https URL")
    return RpcAddress(name=rpc.name, url=url)

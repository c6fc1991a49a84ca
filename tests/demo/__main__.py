"""`python -m demo up|down`: what `make demo` and `make demo-down` call."""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from cluster import binaries
from cluster import world as clusters
from cluster.cluster import Cluster
from cluster.commands import CommandFailed
from cluster.steps import StepFailed, say
from demo import outage
from federation import chain, joining, looking
from federation import world as federation
from federation.deployments import KIND, Deployed, Json, deployment
from federation.install import CUSTOMER
from federation.leasing import CHAIN, Leased, lease_out, leased_spec
from federation.polling import eventually
from federation.world import World
from images import magika_features

REPOSITORY = Path(__file__).parents[2]
NEXT = "`make demo` goes on from here, `make demo-down` removes all"
SHOWN = ("operator/modelbond/ports/leases.py", "Makefile", "crds/modeldeployments.yaml")
NAME = "magika"
READY_WITHIN_SECONDS = 300
REMIND_SECONDS = 15


def main() -> int:
    """Run the verb and return the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("verb", choices=["up", "down"])
    verb = parser.parse_args().verb
    try:
        up() if verb == "up" else down()
    except NotReady as failure:
        say(f"{failure}\ndemo: not ready in {READY_WITHIN_SECONDS} s; {NEXT}")
        return 1
    except (StepFailed, CommandFailed, AssertionError) as failure:
        say(f"demo: {failure}\ndemo: {NEXT}")
        return 1
    except KeyboardInterrupt:
        say(f"demo: stopped; {NEXT}")
        return 130
    return 0


def up() -> None:
    """Bring up the world, classify three files, break a host, and show where to look."""
    started = time.monotonic()
    if chain.is_spent(CHAIN):  # by tests that kept their clusters
        down()
    names = list(federation.OWNERS)
    world = federation.federate(dict(zip(names, clusters.up(names), strict=True)))
    leased = lease_out(world)
    spec = leased_spec(f"{NAME}-canaries", autoClaim=True)
    body = deployment(NAME, world.magika, placement={"count": 2, "minOwners": 2}, **spec)
    print(f"\n$ kubectl apply -f -\n{yaml.safe_dump(body, sort_keys=False)}")
    world.home.apply(json.dumps(body))
    print("Waiting until both owners serve it:")
    deployed = Deployed(world.home, NAME)
    wait_until_ready(deployed)
    classify(world)
    outage.play(leased, deployed, classify=partial(classify, world))
    show(leased)
    print(f"\nThe demo took {(time.monotonic() - started) / 60:.1f} minutes.")


def down() -> None:
    """Remove clusters and state; built binaries and images stay in the cache."""
    clusters.down(list(federation.OWNERS))
    chain.down(CHAIN)


def wait_until_ready(deployed: Deployed) -> None:
    """Wait for Ready; say what is waited for whenever that changes, and how long it took."""
    told = Told(time.monotonic())
    try:
        eventually(
            lambda: told.take(deployed.condition("Ready")),
            lambda ready: ready.get("status") == "True",
            within_seconds=READY_WITHIN_SECONDS,
        )
    except AssertionError as failure:
        raise NotReady(explained(deployed.home)) from failure


class NotReady(Exception):
    """The model did not become ready in time; the message explains where it stands."""


@dataclass(slots=True)
class Told:
    """What was said last while waiting, so that a line appears only for news, or now and then."""

    began: float
    line: str = ""
    said_at: float = 0.0

    def take(self, ready: Json) -> Json:
        """Print the condition when it is news, and return it."""
        line = f"{ready.get('reason', 'Pending')}: {ready.get('message', 'not looked at yet')}"
        now = time.monotonic()
        if line != self.line or now - self.said_at > REMIND_SECONDS:
            print(f"  {now - self.began:5.1f} s  {line}", flush=True)
            self.line, self.said_at = line, now
        return ready


def explained(home: Cluster) -> str:
    """Return what `modelbond explain` says of the demo's deployment."""
    return joining.modelbond(home, "explain", NAME, "-n", CUSTOMER)


def classify(world: World) -> None:
    """Classify three files of this repository through the home's Service."""
    world.client.credentials(NAME)
    print(f"\nClassified by https://{NAME}.{CUSTOMER}.svc from a pod at the home:")
    for path in SHOWN:
        content = (REPOSITORY / path).read_bytes()
        request = {
            "name": NAME,
            "url": f"https://{NAME}.{CUSTOMER}.svc",
            "model": NAME,
            "inputs": magika_features.inputs(content),
        }
        answer = world.client.infer([request])[0]
        label, score = magika_features.label(answer["outputs"])
        print(f"  {path:32} {label:12} {score:.3f}  answered by {answer['host']}")


def show(leased: Leased) -> None:
    """Print the tables and the next things to try."""
    world = leased.world
    for kinds in ("mbd,mbp", "mbhost"):
        print(f"\n$ kubectl get {kinds} -A\n" + world.home.kubectl("get", kinds, "-A"))
    print(f"$ modelbond explain {NAME} -n {CUSTOMER}\n{explained(world.home)}")
    for name, cluster in world.clusters.items():
        print(f"{name:6} export KUBECONFIG={cluster.kubeconfig}")
    joined = looking.home_cluster(world.host("beta"), world.home)["metadata"]["name"]
    print(
        f"""
Look further, with the home's KUBECONFIG:
  kubectl describe {KIND} {NAME} -n {CUSTOMER}
  .venv/bin/modelbond explain {NAME} -n {CUSTOMER}
  .venv/bin/modelbond top -n {CUSTOMER}                        uptime, coverage, time to slash
  .venv/bin/modelbond lease show {NAME} -n {CUSTOMER}
  kubectl explain {KIND}.spec.lease
What a watcher waits for: {leased.watchers["home"]}/v1/status
The chain: {leased.chain.url}, the contracts: {leased.chain.deployment_file}
Try:
  kubectl scale mbd {NAME} -n {CUSTOMER} --replicas=0      pause it, and back to 1
  kubectl delete mbd {NAME} -n {CUSTOMER}                  its leases get their notice, then it goes
With a host's KUBECONFIG, look at the other side of the link, or be its owner:
  kubectl get homeclusters,mbp,pods -A
  kubectl patch mbhome {joined} --type=merge -p '{{"spec":{{"state":"Drained"}}}}'
Where is kubectl? {binaries.kubectl()}
Remove all: make demo-down"""
    )


if __name__ == "__main__":
    sys.exit(main())

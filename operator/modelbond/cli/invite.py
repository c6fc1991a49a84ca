"""`modelbond invite`: the home's consent. A host, or a watcher, gets short rights and a token."""

import argparse
import ipaddress
import re
import sys
from pathlib import Path

from modelbond.api.kinds import HOST_CLUSTER, Json
from modelbond.cli import home_objects
from modelbond.cli.ensure import ensure
from modelbond.cli.invitation import Invitation, check_way, render, render_for_watcher
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.output import as_yaml, typed
from modelbond.cli.person import (
    add_cluster_arguments,
    add_system_argument,
    check_operator,
    cluster_uid,
    in_cluster_of,
)
from modelbond.cli.say import say
from modelbond.cli.watch_objects import watch_objects, watcher_account
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_lease_target import WATCH_NAMESPACE
from modelbond.reconcile.home_names import host_namespace

TOKEN_SECONDS = 24 * 3600
WATCHER_TOKEN_SECONDS = 90 * 24 * 3600
"""A watcher may not renew its token: that would be a right to write."""

EXAMPLES = """\
examples:
  modelbond invite alpha --endpoint-cidr 203.0.113.0/24 > invitation.yaml
      let the host alpha in; hand the file to its owner over a private way
  modelbond invite alpha > invitation.yaml
      again: a new token mends a link that expired, and nothing else changes
  modelbond invite alpha --server https://api.example.org:6443 > invitation.yaml
      hosts reach this API server under another address than your kubeconfig does
  modelbond invite --watcher eu > invitation.yaml
      let the watcher eu read what it is to measure: leases, their endpoints and probe tokens

to revoke: kubectl delete serviceaccount host -n modelbond-host-alpha
           kubectl delete serviceaccount watcher-eu -n modelbond-watch
"""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,46}[a-z0-9])?")
_HOME_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,37}[a-z0-9])?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("host", metavar="NAME", nargs="?", help="the name that the host will have here")
    add("--watcher", metavar="NAME", help="let a watcher of that name in, and no host")
    add(
        "--endpoint-cidr",
        action="append",
        default=[],
        metavar="CIDR",
        help="where this host's endpoints may be; repeatable. Without one none is believed",
    )
    add(
        "--label",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for selectors; repeatable",
    )
    add("--home-name", default="home", metavar="NAME", help="this home's name at the host")
    add("--server", metavar="URL", help="this API server, as hosts reach it")
    add("--ca", type=Path, metavar="FILE", help="PEM of the CA behind --server")
    add("--dry-run", action="store_true", help="print what would be made, make nothing")
    add_system_argument(parser)
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make what the host or watcher needs here, then print its invitation."""
    _check(arguments)
    say(in_cluster_of(arguments, lambda cluster: invited(arguments, cluster)))
    return 0


async def invited(arguments: argparse.Namespace, cluster: PersonsCluster) -> str:
    """Return the invitation, or with --dry-run the objects that would be made."""
    host, system = arguments.host, arguments.system_namespace
    await check_operator(cluster.api, system_namespace=system)
    server, ca_pem = arguments.server or cluster.server, _ca(arguments.ca, cluster=cluster)
    _check_reachable(server, ca_pem)
    home = f"{arguments.home_name}-{(await cluster_uid(cluster.api))[:8]}"
    if arguments.dry_run:
        return _shown(arguments)
    if arguments.watcher is not None:
        return await _watcher(arguments, cluster.api, home=home, way=(server, ca_pem))
    for kind, body in home_objects.home_objects(host, system_namespace=system):
        await ensure(cluster.api, kind, body)
    await _host_cluster(arguments, cluster.api)
    token = await cluster.api.request_token(
        home_objects.ACCOUNT, namespace=host_namespace(host), seconds=TOKEN_SECONDS
    )
    invitation = Invitation(home=home, server=server, ca_pem=ca_pem, token=token.value)
    valid = token.expires.isoformat(timespec="minutes")
    return render(invitation, host=host, system_namespace=system, valid=valid)


async def _watcher(
    arguments: argparse.Namespace, api: KubeApi, *, home: str, way: tuple[str, str]
) -> str:
    """Make what a watcher needs here; return its invitation."""
    made = watch_objects(arguments.watcher, system_namespace=arguments.system_namespace)
    for kind, body in made:
        await ensure(api, kind, body)
    token = await api.request_token(
        watcher_account(arguments.watcher),
        namespace=WATCH_NAMESPACE,
        seconds=WATCHER_TOKEN_SECONDS,
    )
    invitation = Invitation(home=home, server=way[0], ca_pem=way[1], token=token.value)
    valid = token.expires.isoformat(timespec="minutes")
    return render_for_watcher(invitation, watcher=arguments.watcher, valid=valid)


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.host is None) == (arguments.watcher is None):
        raise Refused("name a host, or a watcher with --watcher NAME, and not both")
    if arguments.watcher is not None:
        _check_watcher(arguments)
    elif not _NAME.fullmatch(arguments.host):
        raise Refused(f"name {arguments.host!r}: use at most 48 lower-case letters, digits and '-'")
    if not _HOME_NAME.fullmatch(arguments.home_name):
        raise Refused(f"--home-name {arguments.home_name!r}: use at most 39 of a-z, 0-9 and '-'")
    for cidr in arguments.endpoint_cidr:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as failure:
            raise Refused(f"--endpoint-cidr: {failure}") from failure
    for label in arguments.label:
        if "=" not in label:
            raise Refused(f"--label {label!r}: write KEY=VALUE")


def _check_watcher(arguments: argparse.Namespace) -> None:
    if not _NAME.fullmatch(arguments.watcher):
        raise Refused(f"--watcher {arguments.watcher!r}: use at most 48 of a-z, 0-9 and '-'")
    if arguments.endpoint_cidr or arguments.label:
        raise Refused("--endpoint-cidr and --label are about hosts: leave them out for a watcher")


def _check_reachable(server: str, ca_pem: str) -> None:
    try:
        check_way(server=server, ca_pem=ca_pem)
    except Refused as refusal:
        raise Refused(
            f"{server} cannot be another cluster's way here ({refusal}): "
            "give the address that hosts reach with --server, and its CA with --ca"
        ) from refusal


def _ca(given: Path | None, *, cluster: PersonsCluster) -> str:
    if given is not None:
        try:
            return given.read_text()
        except (OSError, UnicodeDecodeError) as failure:
            raise Refused(f"--ca: {given} cannot be read") from failure
    if cluster.ca_pem is None:
        raise Refused("the kubeconfig holds no CA: give the one that hosts need with --ca FILE")
    return cluster.ca_pem


async def _host_cluster(arguments: argparse.Namespace, api: KubeApi) -> None:
    """Accept a new host; at a known one change only what the arguments say."""
    host = arguments.host
    wanted = _wanted(arguments)
    if await api.get(HOST_CLUSTER, host) is None:
        await api.create(HOST_CLUSTER, wanted)
        return
    wanted["spec"].pop("accepted")
    found = await api.merge(HOST_CLUSTER, host, wanted)
    if found and not found["spec"].get("accepted"):
        sys.stderr.write(
            f"modelbond: note: HostCluster {host} is not accepted, so nothing is placed there: "
            f'kubectl patch mbhost {host} --type=merge -p \'{{"spec":{{"accepted":true}}}}\'\n'
        )


def _wanted(arguments: argparse.Namespace) -> Json:
    labels = dict(label.split("=", 1) for label in arguments.label)
    return home_objects.host_cluster(arguments.host, cidrs=arguments.endpoint_cidr, labels=labels)


def _shown(arguments: argparse.Namespace) -> str:
    if arguments.watcher is not None:
        system = arguments.system_namespace
        return as_yaml(typed(watch_objects(arguments.watcher, system_namespace=system)))
    made = home_objects.home_objects(arguments.host, system_namespace=arguments.system_namespace)
    return as_yaml(typed([*made, (HOST_CLUSTER, _wanted(arguments))]))

"""What a host's owner opens for a home, in the words of the command line and back."""

import argparse

from modelbond.api.kinds import Json
from modelbond.errors import Refused


def add_terms_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be opened. Whatever is not named stays closed."""
    group = parser.add_argument_group("what you open (nothing, unless you say so)")
    add = group.add_argument
    add("--runtime", action="append", metavar="NAME", help="of your chart's values; repeatable")
    add("--format", action="append", metavar="NAME", help="of models, such as onnx; repeatable")
    add(
        "--source",
        action="append",
        metavar="PLACE",
        help="where weights may come from, a URL prefix or a CIDR; repeatable. "
        "Without one: public addresses over https",
    )
    add("--cpu", metavar="N", help='all copies together, such as "8" or "500m"')
    add("--memory", metavar="N", help="all copies together, such as 16Gi")
    add("--quota-gpu", action="append", metavar="CLASS=N", help="GPUs of a class; repeatable")
    add("--address", action="append", metavar="IP", help="leads to your node ports; repeatable")


def terms_of(arguments: argparse.Namespace) -> Json:
    """Return the part of a HomeCluster's spec that the arguments speak of."""
    gpus = None if arguments.quota_gpu is None else [_gpu(text) for text in arguments.quota_gpu]
    sources = None if arguments.source is None else [_source(text) for text in arguments.source]
    return _said(
        {
            "quota": _said({"gpus": gpus, "cpu": arguments.cpu, "memory": arguments.memory}),
            "policy": _said(
                {"runtimes": arguments.runtime, "formats": arguments.format, "sources": sources}
            ),
            "endpoint": _said({"addresses": arguments.address}),
        }
    )


def told(spec: Json) -> list[tuple[str, str]]:
    """Return what a HomeCluster opens, and the option that opens what is closed, line by line."""
    quota, policy = spec.get("quota") or {}, spec.get("policy") or {}
    gpus = [f"{gpu['class']}={gpu['count']}" for gpu in quota.get("gpus") or []]
    addresses = (spec.get("endpoint") or {}).get("addresses")
    return [
        ("runtimes", _listed(policy.get("runtimes"), closed="closed: --runtime NAME")),
        ("formats", _listed(policy.get("formats"), closed="closed: --format onnx")),
        ("cpu", _amount(quota.get("cpu"), closed="closed: --cpu N")),
        ("memory", _amount(quota.get("memory"), closed="closed: --memory N")),
        ("gpus", _listed(gpus, closed="closed: --quota-gpu CLASS=N")),
        ("sources", _listed(policy.get("sources"), closed="public addresses over https")),
        ("addresses", _listed(addresses, closed="those of a Ready node")),
        ("state", str(spec.get("state") or "Active")),
    ]


def _gpu(text: str) -> Json:
    gpu_class, separator, count = text.partition("=")
    if not separator or not gpu_class or not count.isdecimal():
        raise Refused(f"--quota-gpu {text!r}: write CLASS=N, such as NVIDIA-L4=2")
    return {"class": gpu_class, "count": int(count)}


def _source(text: str) -> str:
    return f"{text}/" if "://" in text and not text.endswith("/") else text


def _said(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _listed(values: object, *, closed: str) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) and values else closed


def _amount(value: object, *, closed: str) -> str:
    return closed if value in (None, "0") else str(value)

"""Ten thousand endpoints that are one server: names, canary, and the server's process."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from multiprocessing import get_context
from multiprocessing.connection import Connection

from aiohttp.abc import AbstractResolver, ResolveResult

from modelbond.adapters.addresses import Address
from modelbond.settlement.units import LeaseId
from modelbond.sla.canary import Canary, Expected, Rule, Tensor
from modelbond.watcher import echo
from modelbond.watcher.guard import Guard, Place
from modelbond.watcher.means import keep_tls_buffers_small
from modelbond.watcher.target import Target

WIDTH = 384  # an embedding's
DOMAIN = "endpoint.example"


class GuardWithLoopback(Guard):
    """The guard of strangers' addresses, which lets the bench's own server through."""

    def check(self, address: Address) -> None:
        """Judge as ever, but for loopback."""
        if address != IPv4Address(echo.LOOPBACK):
            super().check(address)


class ToLoopback(AbstractResolver):
    """Leads every name to the one server, and checks nothing."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the one address."""
        return [
            ResolveResult(
                hostname=host, host=echo.LOOPBACK, port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Release nothing."""


def lookup(_: str) -> list[str]:
    """Lead every name to the one server: each name has a connection of its own."""
    return [echo.LOOPBACK]


def canary() -> Canary:
    """Return a canary whose answer is close to the agreed one, and not equal: it is compared."""
    numbers = [math.sin(n) for n in range(WIDTH)]
    near = [number * (1 + 1e-4 * math.cos(n)) for n, number in enumerate(numbers)]
    expected = Expected(tensor=_tensor(near), rule=Rule.COSINE, ppm=1000)
    return Canary(name="embedding", inputs=(_tensor(numbers),), expected=(expected,))


def targets(count: int, *, port: int, public_key: bytes) -> list[Target]:
    """Return so many targets with two probes a minute each."""
    one = replace(echo.echo_target(public_key, port=port), canaries=(canary(),))
    return [
        replace(
            one,
            lease=LeaseId((number + 1).to_bytes(32, "big")),
            place=Place(host=f"t{number}.{DOMAIN}", port=port),
        )
        for number in range(count)
    ]


@contextmanager
def serving() -> Iterator[tuple[int, bytes]]:
    """Run the server in a process of its own; yields its port and its key's digest."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(10)
        process.terminate()


def _serve(parent: Connection) -> None:
    sys.stdin.close()
    keep_tls_buffers_small()
    asyncio.run(_serve_for_ever(parent))


async def _serve_for_ever(parent: Connection) -> None:
    identity = echo.fresh_identity()
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(parent.fileno(), gone.set)
    async with echo.serving(identity) as port:
        parent.send((port, identity.public_key))
        await gone.wait()  # nothing is ever sent: what can be read is the end of the parent


def _tensor(numbers: list[float]) -> Tensor:
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    return Tensor(name="x", datatype="FP32", shape=(1, len(numbers)), data=data)

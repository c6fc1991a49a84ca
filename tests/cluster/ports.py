"""Ports that nobody uses at the moment."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """Return a TCP port of this machine's address that was free just now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])

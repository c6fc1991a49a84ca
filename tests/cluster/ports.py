"""Ports that nobody uses at the moment."""

import errno
import random
import socket

# Below those that Linux gives by itself to whoever connects (32768 and on, where nobody changed
# that) and those of Kubernetes' services (30000 and on): so that no connection takes a port before
# its server listens, or while that restarts. Nothing is reserved.
_PORTS = range(10_000, 30_000)
_BY_CHANCE = random.SystemRandom()


def free_port(address: str = "127.0.0.1") -> int:
    """Return a TCP port of this machine's address that was free just now.

    Raises OSError when the address is not this machine's.
    """
    while True:
        port = _BY_CHANCE.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port

"""What a process with thousands of connections needs of its system, asked for once at the start."""

import resource
from asyncio import sslproto

_TLS_BUFFER_BYTES = 16 * 1024


def keep_tls_buffers_small() -> None:
    """Give each TLS connection of this process a buffer of one record.

    asyncio's own is 256 KiB, for each connection and for as long as it lives: 2.6 GB for 10,000.
    """
    sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES


def open_many_files() -> int:
    """Allow as many connections as the system lets this process have, and return how many.

    Beyond that a probe ends in `own_fault`: it is not made, and nobody is charged.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most

"""A stranger's answer, read as far as it may go."""

import aiohttp

_PIECE_BYTES = 65_536


async def bounded(content: aiohttp.StreamReader, *, limit_bytes: int) -> bytes | None:
    """Return the whole body, or None as soon as it is longer than that."""
    body = bytearray()
    async for piece in content.iter_chunked(_PIECE_BYTES):
        body += piece
        if len(body) > limit_bytes:
            return None
    return bytes(body)

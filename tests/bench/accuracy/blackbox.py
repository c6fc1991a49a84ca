"""The second instrument: Debian's prometheus-blackbox-exporter, which sees status and time."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from cluster import debian
from cluster.ports import free_port
from fakes.endpoint import TOKEN
from modelbond.watcher.echo import CANARY
from modelbond.watcher.inference import question_of

_PACKAGE = "prometheus-blackbox-exporter"
_MODULE = "inference"
_PATIENCE_SECONDS = 60.0
_UP, _DOWN = "probe_success 1", "probe_success 0"


class Blackbox:
    """A running exporter, which asks what it is told to, whenever it is asked."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._url, self._session = f"http://127.0.0.1:{port}", session

    async def is_up(self, url: str) -> bool:
        """Have it send one inference to that URL, and return what it says of it."""
        asked = {"target": url, "module": _MODULE}
        async with self._session.get(f"{self._url}/probe", params=asked) as response:
            lines = (await response.text()).splitlines()
        if (_UP in lines) == (_DOWN in lines):
            raise AssertionError(f"blackbox_exporter says nothing of {url}: {lines[:5]}")
        return _UP in lines

    async def starts(self) -> None:
        """Wait until it answers at all."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await self._answers():  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.1)

    async def _answers(self) -> bool:
        try:
            async with self._session.get(f"{self._url}/-/healthy") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def blackbox(folder: Path, *, timeout_seconds: float) -> AsyncIterator[Blackbox]:
    """Run it on loopback until the block ends; what takes longer than the time-out is down."""
    port, config = free_port(), folder / "blackbox.yml"
    config.write_text(yaml.safe_dump({"modules": {_MODULE: _module(timeout_seconds)}}))
    with (folder / "blackbox.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(_program(), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"),
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            made = Blackbox(port, session)
            await made.starts()
            yield made
    finally:
        process.kill()
        await process.wait()


def version() -> str:
    """Return what it says that it is: name and version."""
    said = subprocess.run([_program(), "--version"], check=True, capture_output=True, text=True)
    return (said.stdout or said.stderr).partition(" (")[0].replace(", version", "")


def _program() -> str:
    return str(debian.unpacked(_PACKAGE) / "usr/bin" / _PACKAGE)


def _module(timeout_seconds: float) -> dict[str, object]:
    """Return how it asks: the watcher's own canary, with the watcher's token."""
    question = question_of(CANARY)
    return {
        "prober": "http",
        "timeout": f"{round(1000 * timeout_seconds)}ms",
        "http": {
            "method": "POST",
            "headers": dict(question.headers),
            "body": question.body.decode(),
            "bearer_token": TOKEN,
            "preferred_ip_protocol": "ip4",
            "fail_if_not_ssl": True,
            "tls_config": {"insecure_skip_verify": True},
        },
    }

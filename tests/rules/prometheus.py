"""A real Prometheus of Debian's, that scrapes one exporter and evaluates our rules."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from cluster import debian
from cluster.ports import free_port

Json = dict[str, Any]
PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 0.2


class Prometheus:
    """Its HTTP API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the data of an answer; a refused query is an AssertionError with its reason."""
        try:
            with urlopen(f"{self._url}/{path}?{urlencode(parameters)}", timeout=30) as answer:  # noqa: S310
                body = json.load(answer)
        except URLError as failure:
            said = failure.read().decode() if hasattr(failure, "read") else str(failure)
            raise AssertionError(f"{parameters}: {said}") from failure
        assert body["status"] == "success", body
        return body["data"]

    def now(self, expr: str) -> list[Json]:
        """Return the series of an instant query."""
        found: list[Json] = self.get("query", query=expr)["result"]
        return found

    def over(self, expr: str, *, seconds: int) -> list[Json]:
        """Return the series of a query over the time until now."""
        now = time.time()
        window = {"start": now - seconds, "end": now, "step": 1}
        found: list[Json] = self.get("query_range", query=expr, **window)["result"]
        return found

    def waits_for(self, expr: str) -> None:
        """Wait until an instant query has an answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.now(expr):
                    return
            except AssertionError:
                pass  # it is not up yet
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{expr} has no answer after {PATIENCE_SECONDS} s")


@dataclass(frozen=True, slots=True)
class Scrape:
    """A page of metrics on this machine; or by `more`, in Prometheus' words, anywhere else."""

    port: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def config(self, place: int) -> Json:
        """Return it as Prometheus' configuration has it."""
        here = {"static_configs": [{"targets": [f"127.0.0.1:{self.port}"]}]}
        return {"job_name": f"modelbond-{place}", "honor_labels": True, **here, **self.more}


@contextmanager
def prometheus(
    folder: Path, *, scrapes: Sequence[Scrape], rules: Path, interval: str = "250ms"
) -> Iterator[Prometheus]:
    """Run it on a port of its own while the block lasts."""
    port = free_port()
    config = {
        "global": {"scrape_interval": interval, "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [one.config(place) for place, one in enumerate(scrapes)],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        str(debian.unpacked("prometheus") / "usr/bin/prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("w") as log, _running(command, stderr=log):
        yield Prometheus(port)


@contextmanager
def exporter(program: Path, *, path: str) -> Iterator[int]:
    """Run a program that prints its port; yield that."""
    command = [sys.executable, str(program)]
    with _running(command, stdout=subprocess.PIPE, env={"PYTHONPATH": path}) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

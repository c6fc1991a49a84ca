"""The composition root: one process for one cluster, from its configuration to a clean stop."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import kopf

from modelbond import __version__
from modelbond.adapters.connections import Connection, connect, own_connection
from modelbond.adapters.events import ApiEvents
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.api.config import OperatorConfig, decode_config
from modelbond.errors import Refused
from modelbond.ports.cluster import Connect
from modelbond.ports.process import Clock
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.informer import InformerFactory
from modelbond.runtime.supervisor import TaskSupervisor
from modelbond.runtime.workers import RECONCILE_DEADLINE_SECONDS, Workers
from modelbond.shell import handlers, health, roles
from modelbond.shell.discovery import wait_until_served
from modelbond.shell.logging import log_as_json
from modelbond.shell.parts import Parts, Router, Served
from modelbond.shell.resync import Resync

_log = logging.getLogger(__name__)

_LONGEST_LAG_SECONDS = 10.0
_LONGEST_RECONCILE_SECONDS = RECONCILE_DEADLINE_SECONDS + 60
_STOP_GRACE_SECONDS = 5.0


def run(config_path: str, *, health_port: int = health.PORT) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status, 1 when kopf died.

    Refused when the configuration or the way to the cluster is wrong. Outside a pod the
    environment variable KUBECONFIG says which cluster is meant.
    """
    log_as_json()
    config = decode_config(_text_of(config_path))
    return asyncio.run(_serve_here(config, health_port=health_port))


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"configuration {path}: {failure}") from failure


async def _serve_here(config: OperatorConfig, *, health_port: int) -> int:
    kubeconfig = os.environ.get("KUBECONFIG")
    connection = await own_connection(kubeconfig=kubeconfig, clock=SystemClock())
    return await Operator(config, connection=connection, health_port=health_port).serve()


class Operator:
    """All parts of the process, wired."""

    def __init__(
        self,
        config: OperatorConfig,
        *,
        connection: Connection,
        connect_home: Connect = connect,
        health_port: int = health.PORT,
    ) -> None:
        clock = SystemClock()
        self._connection = connection
        self._api: KubernetesApi = connection.open()
        self._supervisor = TaskSupervisor(clock=clock)
        self._parts = Parts(
            config=config,
            api=self._api,
            connect=connect_home,
            clock=clock,
            events=ApiEvents(self._api, clock=clock, instance=socket.gethostname()),
            supervisor=self._supervisor,
            make_informer=InformerFactory(clock=clock),
        )
        served = roles.served(self._parts)
        self._router = Router(caches=self._parts.caches, served=served)
        self._workers = [_workers(each, clock=clock) for each in served]
        self._working = False
        self._heartbeat = health.Heartbeat(clock=clock)
        self._resync = Resync(
            api=self._api,
            caches=self._parts.caches,
            router=self._router,
            on_synced=self._start_workers,
        )
        self.health = health.HealthServer(live=self.live, ready=self.ready, port=health_port)
        self.stopping = asyncio.Event()

    async def serve(self) -> int:
        """Run until asked to stop; return 0 then, and 1 when kopf died."""
        fields = {"version": __version__, "roles": list(self._parts.config.roles)}
        _log.info("starting", extra=fields)
        self._heed_signals()
        await self.health.start()
        self._supervisor.start("heartbeat", self._heartbeat.run)
        try:
            if await self._served_before_stop():
                await self._run_kopf()
        except Exception:  # noqa: BLE001 - whatever it was, the exit status tells it
            _log.exception("kopf died, the process ends")
            return 1
        finally:
            await self._close()
        if not self.stopping.is_set():
            _log.error("kopf ended by itself, the process ends")
            return 1
        _log.info("stopped")
        return 0

    def live(self) -> Iterator[str]:
        """Tell why the process should be started again."""
        if self._heartbeat.lag_seconds > _LONGEST_LAG_SECONDS:
            yield f"the event loop is {self._heartbeat.lag_seconds:.0f} s late"
        if not self._working:
            return
        for workers in self._workers:
            for name in workers.task_names:
                if not self._supervisor.running(name):
                    yield f"{name} is gone"
            if workers.longest_seconds() > _LONGEST_RECONCILE_SECONDS:
                yield f"{workers.name} hangs for {workers.longest_seconds():.0f} s"

    def ready(self) -> Iterator[str]:
        """Tell what is still missing before changes are acted upon."""
        if self.stopping.is_set():
            yield "stopping"
        for plural in self._resync.missing:
            yield f"first list of {plural} is not done"

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)

    async def _served_before_stop(self) -> bool:
        """Wait for the kinds; return False when asked to stop meanwhile."""
        waiting = asyncio.create_task(wait_until_served(self._api))
        stopping = asyncio.create_task(self.stopping.wait())
        done, pending = await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()
        return not self.stopping.is_set()

    async def _run_kopf(self) -> None:
        registry = handlers.registry_for(self._router, connection=self._connection)
        # kopf waits for tasks that it does not know: ours end before it looks for them.
        kopf.on.cleanup(registry=registry)(self._cleaned_up)
        before = asyncio.all_tasks()
        # kopf names itself by the password file, where a container's user has no entry.
        os.environ.setdefault("POD_ID", socket.gethostname())
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=handlers.settings(),
            clusterwide=True,
            stop_flag=self.stopping,
            memo=object(),
        )
        # kopf has put its own signal handlers: ours know that the stop was asked for.
        self._heed_signals()
        self._supervisor.start("resync", self._resync.run)
        await kopf.run_tasks(tasks, ignored=before)

    def _start_workers(self) -> None:
        if self._working:
            return
        for workers in self._workers:
            workers.start(self._supervisor)
        self._working = True
        _log.info("every kind is listed, working")

    async def _cleaned_up(self, **_: object) -> None:
        await self._close()

    async def _close(self) -> None:
        self._working = False
        await self._supervisor.close(grace_seconds=_STOP_GRACE_SECONDS)
        await self.health.close()
        await self._api.close()


def _workers(served: Served, *, clock: Clock) -> Workers:
    return Workers(
        served.name,
        queue=served.queue,
        controller=served.controller,
        clock=clock,
        count=served.workers,
    )

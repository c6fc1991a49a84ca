"""The link to one home: opens it, keeps it open, beats, reports, and shows its orders.

Each task of a link is supervised by itself, so that a slow report never delays the Lease, and
another home's failure never reaches this one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from modelbond.api.kinds import Json
from modelbond.controllers import link_state
from modelbond.controllers.link_credentials import Credential, Credentials
from modelbond.controllers.link_handshake import Handshake
from modelbond.controllers.link_patience import Patience
from modelbond.controllers.link_session import BEAT_SECONDS, Session
from modelbond.controllers.link_state import Fact, LinkState, Troubles
from modelbond.controllers.link_view import view_of
from modelbond.errors import ModelbondError, Refused, Unauthorized
from modelbond.ports.cluster import Connect, KubeApi, MakeInformer
from modelbond.ports.process import Clock, Supervisor, Wait
from modelbond.reconcile.host_course import View
from modelbond.reconcile.host_order import Order
from modelbond.reconcile.host_terms import Terms

_log = logging.getLogger(__name__)

REPORT_SECONDS = 2.0
_OPEN, _LEASE, _REPORT = "open", "lease", "report"


class Link:
    """One home. `state` is what the HomeCluster's status shows."""

    def __init__(  # noqa: PLR0913 - a link touches this many things
        self,
        terms: Terms,
        *,
        home_uid: str | None,
        cluster_uid: str,
        api: KubeApi,
        namespace: str,
        connect: Connect,
        make_informer: MakeInformer,
        supervisor: Supervisor,
        clock: Clock,
        wait: Wait,
        pin: Callable[[str], Awaitable[None]],
        report: Callable[[], str | None],
        on_order: Callable[[str], None],
        on_state: Callable[[], None],
    ) -> None:
        self.terms = terms
        self.state = LinkState(home_uid=home_uid)
        self._cluster_uid = cluster_uid
        self._credentials = Credentials(api=api, namespace=namespace)
        self._handshake = Handshake(
            credentials=self._credentials, connect=connect, clock=clock, state=self.state, pin=pin
        )
        self._patience = Patience(
            wait=wait, news=lambda: self._credentials.invitation_version(self.terms)
        )
        self._make_informer = make_informer
        self._supervisor = supervisor
        self._clock = clock
        self._report = report
        self._on_order = on_order
        self._on_state = on_state
        self._session: Session | None = None
        self._renew_at = 0.0
        self._troubles = Troubles()

    def start(self) -> None:
        """Run the link's three tasks until `stop`."""
        home = self.terms.home
        self._supervisor.start(f"link/{home}", self._keep_open)
        self._supervisor.start(f"link-lease/{home}", self._keep_beating)
        self._supervisor.start(f"link-report/{home}", self._keep_reporting)

    async def stop(self) -> None:
        """End the link; nothing is said to the home, which will hear silence."""
        home = self.terms.home
        for name in (f"link/{home}", f"link-lease/{home}", f"link-report/{home}"):
            self._supervisor.stop(name)
        await self._close()

    @property
    def answers(self) -> bool:
        """Tell whether the home takes what is written: a session is open and it is not silent.

        That one object is missing there, or one right, keeps no order from being answered.
        """
        return self._session is not None and not self._troubles.silent

    @property
    def leads_here(self) -> bool:
        """Tell whether the home is this very cluster, by the UIDs of both."""
        return self.state.home_uid == self._cluster_uid

    def view(self, order: str) -> View:
        """Return what is known of an order now."""
        return view_of(order, session=self._session, connected=self.state.connected)

    def order_object(self, name: str) -> Json | None:
        """Return the order as JSON, status included, or None."""
        return self._session.order(name) if self._session else None

    def orders(self) -> list[str]:
        """Return the names of all orders seen."""
        return self._session.order_names() if self._session else []

    def edge_secret(self, order: str) -> Json | None:
        """Return the home's edge Secret for an order, or None."""
        return self._session.edge_secret(order) if self._session else None

    def papers(self, order: str) -> Json | None:
        """Return the home's Secret with what it wants to be agreed about an order, or None."""
        return self._session.papers(order) if self._session else None

    async def tell(self, order: Order, status: Json) -> Json:
        """Write the status of an order, without what the home's version does not declare."""
        if self._session is None:
            raise Unauthorized("the link is not open")
        return await self._session.tell(order, status)

    async def open_or_tend(self) -> None:
        """Do one round: open the link where it is not, renew the token where it is due."""
        try:
            if self._session is None:
                await self._open()
            else:
                await self._tend(self._session)
        except Refused as failure:
            self.state.join = link_state.invalid_join(failure)
            self._on_state()
        except ModelbondError as failure:
            await self._failed(_OPEN, failure)
        else:
            self._worked(_OPEN)

    async def beat(self) -> None:
        """Renew the Lease once, if the link is open."""
        session = self._session
        if session is not None:
            now = self._clock.now()
            await self._try(_LEASE, session, session.beat(holder=self._cluster_uid, now=now))

    async def publish(self) -> None:
        """Write the report once, if the link is open and the report differs."""
        session, report = self._session, self._report()
        if session is not None and report is not None:
            await self._try(_REPORT, session, session.publish(report))

    async def _try(self, what: str, session: Session, doing: Awaitable[None]) -> None:
        try:
            await doing
        except ModelbondError as failure:
            if session is self._session:
                await self._failed(what, failure)
        else:
            self._worked(what)

    async def _open(self) -> None:
        await self._patience.tries()
        renewed = await self._handshake.opened(self.terms)
        if renewed is None:
            self._say(self.state.identity)
            return
        self._begin(renewed)
        await self.beat()

    def _begin(self, credential: Credential) -> None:
        """Begin a session with a token that was given just now."""
        self._patience.worked()
        self._renew_at = self._clock.monotonic() + credential.renewal_seconds
        self.state.host_name = credential.claims.host_name
        self.state.token_ends_at = credential.claims.expires_at or 0.0
        self._session = Session(
            api=self._handshake.connected(credential, terms=self.terms),
            credential=credential,
            make_informer=self._make_informer,
            on_order=self._on_order,
            on_synced=self._on_state,
        )
        self._session.start(self._supervisor, home=self.terms.home)

    async def _tend(self, session: Session) -> None:
        failure = session.failure or self._troubles.gravest
        if failure is not None and await self._invited_anew(session):
            await self._close()
            await self._open()
        elif isinstance(session.failure, ModelbondError):
            raise session.failure
        elif self._clock.monotonic() >= self._renew_at:
            await self._renew(session)

    async def _renew(self, session: Session) -> None:
        await self._patience.tries()
        if not await self._handshake.is_known(session.api):
            await self._close()
            self._say(self.state.identity)
            return
        renewed = await self._handshake.renewed(session.api, session.credential, terms=self.terms)
        await self._close()
        self._begin(renewed)

    async def _invited_anew(self, session: Session) -> bool:
        with link_state.own_side():
            return await self._credentials.is_replaced(session.credential, terms=self.terms)

    async def _failed(self, what: str, failure: ModelbondError) -> None:
        self._troubles.begin(what, failure)
        self._say_troubles()
        if isinstance(failure, Unauthorized):
            # A new invitation may lie there already: the next round looks.
            await self._close()

    def _worked(self, what: str) -> None:
        self._troubles.end(what)
        if self._session is not None:
            self._say_troubles()

    def _say_troubles(self) -> None:
        failure, expired = self._troubles.gravest, self._handshake.expired
        if self._session is not None:
            expired = self._session.credential.has_ended(self._clock.now())
        self._say(link_state.failed(failure, expired=expired) if failure else link_state.CONNECTED)

    def _say(self, fact: Fact) -> None:
        known = self.state.connected
        if (fact.holds, fact.reason) == (known.holds, known.reason):
            return
        fields = {"home": self.terms.home, "reason": fact.reason.value, "detail": fact.message}
        _log.info("link changed", extra=fields)
        self.state.connected = fact
        self._on_state()

    async def _close(self) -> None:
        session, self._session = self._session, None
        self._troubles.forget()
        if session is not None:
            session.stop(self._supervisor, home=self.terms.home)
            await session.api.close()

    async def _keep_open(self) -> None:
        while True:
            await self.open_or_tend()
            await self._patience.rest()

    async def _keep_beating(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self.beat()
            spent = self._clock.monotonic() - began
            await asyncio.sleep(max(BEAT_SECONDS - spent, 1.0))

    async def _keep_reporting(self) -> None:
        while True:
            await self.publish()
            await asyncio.sleep(REPORT_SECONDS)

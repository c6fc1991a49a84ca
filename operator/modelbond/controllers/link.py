"""The link to one home: opens it, keeps it open, beats, reports, and shows its orders.

Each task of a link is supervised by itself, so that a slow report never delays the Lease, and
another home's failure never reaches this one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from modelbond.api.conditions import Reason
from modelbond.api.kinds import MODEL_PLACEMENT, NAMESPACE, Json
from modelbond.api.versions import declared
from modelbond.controllers import link_state
from modelbond.controllers.link_credentials import Credential, Credentials
from modelbond.controllers.link_session import Session
from modelbond.controllers.link_state import Fact, LinkState
from modelbond.errors import ApiUnreachable, Forbidden, ModelbondError, Refused, Unauthorized
from modelbond.ports import Clock, Connect, KubeApi, MakeInformer, Supervisor
from modelbond.reconcile.host_course import Gone, Present, Unseen, View
from modelbond.reconcile.host_join import ACCOUNT, TOKEN_SECONDS, claims_of
from modelbond.reconcile.host_order import Order, order_of
from modelbond.reconcile.host_terms import Terms

_log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
REPORT_SECONDS = 2.0
RETRY_SECONDS = 2.0
_IDENTITY_NAMESPACE = "kube-system"
STATUS_MANAGER = "modelbond-status"
_SHORTEST_RENEWAL_SECONDS = 60.0
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
        pin: Callable[[str], Awaitable[None]],
        report: Callable[[], str | None],
        on_order: Callable[[str], None],
        on_state: Callable[[], None],
    ) -> None:
        self.terms = terms
        self.state = LinkState(home_uid=home_uid)
        self._cluster_uid = cluster_uid
        self._credentials = Credentials(api=api, namespace=namespace)
        self._connect = connect
        self._make_informer = make_informer
        self._supervisor = supervisor
        self._clock = clock
        self._pin = pin
        self._report = report
        self._on_order = on_order
        self._on_state = on_state
        self._session: Session | None = None
        self._renew_at = 0.0
        self._expired = True
        self._failures: dict[str, ModelbondError] = {}

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
    def host_name(self) -> str:
        """Return this host's name at the home, once a token told it."""
        return self.state.host_name

    def view(self, order: str) -> View:
        """Return what is known of an order now."""
        session, connected = self._session, self.state.connected
        found = session.order(order) if session else None
        if found is not None:
            return _present(found)
        if connected.reason in _LOOKING_IS_REFUSED:
            return Gone(message=connected.message)
        if session is None:
            return Unseen(reason=connected.reason, message=connected.message)
        if session.orders.failure is not None or not session.orders.synced:
            return Unseen(reason=Reason.UNREACHABLE, message="the home does not list its orders")
        return Gone(message="the home does not list the order any more; it runs on here")

    def order_object(self, name: str) -> Json | None:
        """Return the order as JSON, status included, or None."""
        return self._session.order(name) if self._session else None

    def orders(self) -> list[str]:
        """Return the names of all orders seen."""
        objects = self._session.orders.objects() if self._session else {}
        return [str(obj["metadata"]["name"]) for obj in objects.values()]

    def edge_secret(self, order: str) -> Json | None:
        """Return the home's edge Secret for an order, or None."""
        return self._session.edge_secret(order) if self._session else None

    async def tell(self, order: Order, status: Json) -> Json:
        """Write the status of an order, without what the home's version does not declare."""
        if self._session is None:
            raise Unauthorized("the link is not open")
        body = {
            "apiVersion": MODEL_PLACEMENT.api_version,
            "kind": MODEL_PLACEMENT.kind,
            "metadata": {"name": order.name, "namespace": order.namespace, "uid": order.uid},
            "status": declared(status, at="status", version=order.home_version),
        }
        return await self._session.api.apply_status(MODEL_PLACEMENT, body, manager=STATUS_MANAGER)

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
        refusal: ModelbondError | None = None
        ended: list[bool] = []
        with link_state.own_side():
            candidates = await self._credentials.candidates(self.terms)
        for credential in candidates:
            self.state.join = link_state.joined()
            try:
                await self._open_with(credential)
            except (Unauthorized, ApiUnreachable) as failure:
                # Another authority than the invitation's is an unreachable home as well.
                refusal = refusal or failure
                ended.append(self._has_ended(credential))
            else:
                return
        if refusal is not None:
            # An invitation holds for a day: it says nothing of a token that was to hold longer.
            self._expired = all(ended)
            raise refusal

    async def _open_with(self, credential: Credential) -> None:
        api = self._connected(credential)
        try:
            if not await self._is_known(api):
                return
            renewed = await self._renewed(api, credential)
        finally:
            await api.close()
        self.state.host_name = renewed.claims.host_name
        self._session = self._begun(renewed)
        self._failures.clear()
        await self.beat()

    def _connected(self, credential: Credential) -> KubeApi:
        return self._connect(
            server=self.terms.server, ca_pem=credential.ca_pem, token=credential.token
        )

    async def _is_known(self, api: KubeApi) -> bool:
        """Pin the home at first contact; afterwards tell whether it is still that cluster."""
        found = await api.get(NAMESPACE, _IDENTITY_NAMESPACE)
        if found is None:
            raise Forbidden(f"namespace {_IDENTITY_NAMESPACE} cannot be read at the home")
        uid = str(found["metadata"]["uid"])
        if self.state.home_uid is None:
            with link_state.own_side():
                await self._pin(uid)
            self.state.home_uid = uid
        if uid == self.state.home_uid:
            self.state.identity = link_state.pinned(uid)
            return True
        self.state.identity = link_state.stranger(pinned_uid=self.state.home_uid, seen_uid=uid)
        self._say(self.state.identity)
        return False

    async def _renewed(self, api: KubeApi, credential: Credential) -> Credential:
        namespace = credential.claims.namespace
        token = await api.request_token(ACCOUNT, namespace=namespace, seconds=TOKEN_SECONDS)
        claims = claims_of(token.value)
        renewed = Credential(
            ca_pem=credential.ca_pem, token=token.value, joined=credential.joined, claims=claims
        )
        with link_state.own_side():
            await self._credentials.keep(renewed, terms=self.terms)
        granted = claims.lifetime_seconds or TOKEN_SECONDS
        self._renew_at = self._clock.monotonic() + max(granted / 3, _SHORTEST_RENEWAL_SECONDS)
        return renewed

    def _begun(self, credential: Credential) -> Session:
        session = Session(
            api=self._connected(credential),
            credential=credential,
            make_informer=self._make_informer,
            on_order=self._on_order,
            on_synced=self._on_state,
        )
        session.start(self._supervisor, home=self.terms.home)
        return session

    async def _tend(self, session: Session) -> None:
        failure = session.failure or next(iter(self._failures.values()), None)
        if failure is not None and await self._invited_anew(session):
            await self._close()
            await self._open()
            return
        if isinstance(session.failure, ModelbondError):
            raise session.failure
        if self._clock.monotonic() < self._renew_at:
            return
        if not await self._is_known(session.api):
            await self._close()
            return
        renewed = await self._renewed(session.api, session.credential)
        await self._close()
        self._session = self._begun(renewed)

    async def _invited_anew(self, session: Session) -> bool:
        with link_state.own_side():
            return await self._credentials.is_replaced(session.credential, terms=self.terms)

    async def _failed(self, what: str, failure: ModelbondError) -> None:
        self._failures[what] = failure
        if self._session is not None:
            self._expired = self._has_ended(self._session.credential)
        self._say(link_state.failed(failure, expired=self._expired))
        if isinstance(failure, Unauthorized):
            # A new invitation may lie there already: the next round looks.
            await self._close()

    def _worked(self, what: str) -> None:
        self._failures.pop(what, None)
        if self._session is not None and not self._failures:
            self._say(link_state.connected())

    def _say(self, fact: Fact) -> None:
        known = self.state.connected
        if (fact.holds, fact.reason) == (known.holds, known.reason):
            return
        fields = {"home": self.terms.home, "reason": fact.reason.value, "detail": fact.message}
        _log.info("link changed", extra=fields)
        self.state.connected = fact
        self._on_state()

    def _has_ended(self, credential: Credential) -> bool:
        ends = credential.claims.expires_at
        return ends is None or ends <= self._clock.now().timestamp()

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.stop(self._supervisor, home=self.terms.home)
            await session.api.close()

    async def _keep_open(self) -> None:
        while True:
            await self.open_or_tend()
            await asyncio.sleep(RETRY_SECONDS)

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


def _present(obj: Json) -> View:
    try:
        return Present(order=order_of(obj))
    except Refused as refusal:
        return Unseen(reason=Reason.SPEC_INVALID, message=str(refusal))


_LOOKING_IS_REFUSED = (
    Reason.CREDENTIAL_EXPIRED,
    Reason.CREDENTIAL_REVOKED,
    Reason.RIGHTS_MISSING,
)

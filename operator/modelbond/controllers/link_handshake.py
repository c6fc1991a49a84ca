"""How a link opens: the home is known again by its UID, and gives a token of our own."""

from collections.abc import Awaitable, Callable

from modelbond.api.kinds import NAMESPACE
from modelbond.controllers import link_state
from modelbond.controllers.link_credentials import Credential, Credentials
from modelbond.controllers.link_state import LinkState
from modelbond.errors import ApiUnreachable, Forbidden, ModelbondError, Unauthorized
from modelbond.ports.cluster import Connect, KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.host_join import ACCOUNT, TOKEN_SECONDS, claims_of
from modelbond.reconcile.host_terms import Terms

_IDENTITY_NAMESPACE = "kube-system"


class Handshake:
    """Opens one home. Whom it met is said in `state`; `expired` is whether all tokens had ended."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        connect: Connect,
        clock: Clock,
        state: LinkState,
        pin: Callable[[str], Awaitable[None]],
    ) -> None:
        self.expired = True
        self._credentials = credentials
        self._connect = connect
        self._clock = clock
        self._state = state
        self._pin = pin

    async def opened(self, terms: Terms) -> Credential | None:
        """Return a renewed token, or None where a stranger answers.

        Raises what the likeliest of the known tokens met.
        """
        refusal: ModelbondError | None = None
        ended: list[bool] = []
        with link_state.own_side():
            candidates = await self._credentials.candidates(terms)
        for credential in candidates:
            self._state.join = link_state.joined()
            try:
                return await self._opened_with(credential, terms=terms)
            except (Unauthorized, ApiUnreachable) as failure:
                # Another authority than the invitation's is an unreachable home as well.
                refusal = refusal or failure
                ended.append(credential.has_ended(self._clock.now()))
        if refusal is not None:
            # An invitation holds for a day: it says nothing of a token that was to hold longer.
            self.expired = all(ended)
            raise refusal
        return None

    def connected(self, credential: Credential, *, terms: Terms) -> KubeApi:
        """Return a client of the home that speaks with that token."""
        return self._connect(server=terms.server, ca_pem=credential.ca_pem, token=credential.token)

    async def renewed(self, api: KubeApi, credential: Credential, *, terms: Terms) -> Credential:
        """Return a new token of our own, stored here; none is asked for that has no place."""
        with link_state.own_side():
            await self._credentials.reserve(terms)
        namespace = credential.claims.namespace
        token = await api.request_token(ACCOUNT, namespace=namespace, seconds=TOKEN_SECONDS)
        claims = claims_of(token.value)
        renewed = Credential(
            ca_pem=credential.ca_pem, token=token.value, joined=credential.joined, claims=claims
        )
        with link_state.own_side():
            await self._credentials.keep(renewed, terms=terms)
        return renewed

    async def is_known(self, api: KubeApi) -> bool:
        """Pin the home at first contact; afterwards tell whether it is still that cluster."""
        found = await api.get(NAMESPACE, _IDENTITY_NAMESPACE)
        if found is None:
            raise Forbidden(f"namespace {_IDENTITY_NAMESPACE} cannot be read at the home")
        uid = str(found["metadata"]["uid"])
        if self._state.home_uid is None:
            with link_state.own_side():
                await self._pin(uid)
            self._state.home_uid = uid
        if uid == self._state.home_uid:
            self._state.identity = link_state.pinned(uid)
            return True
        self._state.identity = link_state.stranger(pinned_uid=self._state.home_uid, seen_uid=uid)
        return False

    async def _opened_with(self, credential: Credential, *, terms: Terms) -> Credential | None:
        api = self.connected(credential, terms=terms)
        try:
            if not await self.is_known(api):
                return None
            return await self.renewed(api, credential, terms=terms)
        finally:
            await api.close()

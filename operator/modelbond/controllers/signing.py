"""What the home's certificate authority does for controllers, as a protocol."""

from collections.abc import Sequence
from typing import Protocol

from modelbond.reconcile.home_certificate import Certificate


class Authority(Protocol):
    """The home's own certificate authority. Customers trust it and nothing else."""

    async def ca_pem(self) -> str:
        """Return the authority's certificate; made and stored at the first call."""

    def new_token(self) -> str:
        """Return a fresh random bearer token."""

    def endpoint_key(self, signing_request: str) -> bytes:
        """Return SHA-256 of the request's key, as its SubjectPublicKeyInfo in DER.

        Refused says what is wrong with the request.
        """

    async def certificate(
        self, *, signing_request: str, names: Sequence[str], held: str | None
    ) -> Certificate:
        """Return a certificate for the request's key and exactly these names.

        `held` is returned while it still does. Refused says what is wrong with the request.
        """

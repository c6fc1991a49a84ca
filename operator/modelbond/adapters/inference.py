"""A model's endpoint, asked by the Open Inference Protocol: one question, one answer."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import requests

from modelbond import __version__
from modelbond.errors import EndpointFailed, Refused, Unauthorized
from modelbond.sla.inference import LENGTH_HEADER, answers, infer_path, json_bytes, question
from modelbond.sla.tensor import Tensor

LONGEST_ANSWER_BYTES = 64 * 2**20
_PIECE_BYTES = 64 * 1024
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0


class Endpoint:
    """The public route to one model. The token goes over TLS alone, and to no redirect's target.

    `ca` is a file in PEM; without one the system's certificates are trusted.
    """

    def __init__(self, url: str, *, model: str, ca: Path | None = None, token: str = "") -> None:
        if not url.startswith("https://") and (token or not url.startswith("http://")):
            raise Refused(f"endpoint {url!r}: it must begin with https:// for the token's sake")
        self._url = f"{url.rstrip('/')}{infer_path(model)}"
        self._session = requests.Session()
        self._session.trust_env = False  # else a .netrc would replace the token
        self._session.verify = True if ca is None else str(ca)
        self._session.headers["User-Agent"] = f"modelbond/{__version__}"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, inputs: Iterable[Tensor]) -> Mapping[str, Tensor]:
        """Return the outputs by name, or raise EndpointFailed, Unauthorized or Refused."""
        asked = question(inputs)
        try:
            with self._session.post(
                self._url,
                data=asked.body,
                headers=asked.headers,
                timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _outputs(response, self._url)
        except (requests.RequestException, OSError) as failure:
            raise EndpointFailed(f"{self._url}: {type(failure).__name__}: {failure}") from failure


def _outputs(response: requests.Response, url: str) -> Mapping[str, Tensor]:
    if response.status_code == requests.codes.unauthorized:
        raise Unauthorized(f"{url}: 401, it does not take this token")
    body = _body(response, url)
    if response.status_code != requests.codes.ok:
        said = body[:200].decode(errors="replace")
        raise EndpointFailed(f"{url}: HTTP {response.status_code}: {said}")
    return answers(body, json_bytes=json_bytes(response.headers.get(LENGTH_HEADER)))


def _body(response: requests.Response, url: str) -> bytes:
    body = b""
    for piece in response.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) > LONGEST_ANSWER_BYTES:
            raise EndpointFailed(f"{url}: the answer is larger than {LONGEST_ANSWER_BYTES} bytes")
    return body

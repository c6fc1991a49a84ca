"""The host's own copy of what was agreed: a dead or changed home takes nothing of it away."""

from dataclasses import dataclass

from modelbond.api.kinds import SECRET, Json
from modelbond.controllers.children import ensured
from modelbond.controllers.edge_identity import encoded, texts_of
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.host_lease_papers import Papers, papers_of, papers_secret
from modelbond.serving.names import metadata
from modelbond.serving.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The papers by which the copy is served, or why those that came cannot be read."""

    papers: Papers | None = None
    refusal: str = ""


class PapersKeeper:
    """Takes papers from the home into a Secret here, unless a signed offer holds those before."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def kept(
        self, workload: Workload, *, own: Json | None, sent: Json | None, held: bool
    ) -> Kept:
        """Return the papers that hold. `held` is whether an offer was made on those here."""
        ours = _read(own)
        if held or sent is None:
            return ours
        theirs = _read(sent)
        if theirs.papers is None or theirs.papers == ours.papers:
            return theirs
        await self._write(workload, theirs.papers, own=own)
        return theirs

    async def _write(self, workload: Workload, papers: Papers, *, own: Json | None) -> None:
        body = {
            "apiVersion": SECRET.api_version,
            "kind": SECRET.kind,
            "metadata": metadata(workload, name=papers_secret(workload.order)),
            "type": "Opaque",
            "data": {name: encoded(text) for name, text in papers.texts.items()},
        }
        found = await ensured(self._api, SECRET, body, known=own)
        if found.get("data") != body["data"]:
            meta = found["metadata"]
            patch = {"metadata": {"uid": meta["uid"]}, "data": body["data"]}
            await self._api.merge(SECRET, meta["name"], patch, namespace=meta["namespace"])


def _read(secret: Json | None) -> Kept:
    try:
        return Kept(papers=papers_of(texts_of(secret))) if secret else Kept()
    except Refused as refusal:
        return Kept(refusal=str(refusal))

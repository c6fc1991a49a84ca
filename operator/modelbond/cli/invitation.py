"""The document by which a home lets a host in: written here, and read as a stranger's."""

import re
import ssl
from dataclasses import dataclass, field
from typing import Any

import yaml

from modelbond.adapters.addresses import checked_server
from modelbond.api.kinds import HOME_CLUSTER, Json
from modelbond.cli.output import as_yaml
from modelbond.errors import Refused
from modelbond.reconcile.home_lease_target import WATCH_NAMESPACE

LIMIT_BYTES = 65_536
TOKEN_LIMIT = 8_192

_HOME = re.compile(r"[a-z0-9]([-a-z0-9]{0,37}[a-z0-9])?-[0-9a-f]{8}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The facts of an invitation: which home, where it is, and a token for a day."""

    home: str
    server: str
    ca_pem: str
    token: str = field(repr=False)

    @property
    def secret_name(self) -> str:
        """Return the name of the join Secret."""
        return f"join-{self.home}"


def check_way(*, server: str, ca_pem: str) -> None:
    """Raise Refused when another cluster cannot or must not connect by these facts."""
    checked_server(server)
    if "PRIVATE KEY" in ca_pem:
        raise Refused("ca: holds a private key, which belongs to nobody but its owner")
    try:
        ssl.create_default_context(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as failure:
        raise Refused("ca: is no PEM certificate") from failure


def render(invitation: Invitation, *, host: str, system_namespace: str, valid: str) -> str:
    """Return the YAML for the host's owner. `valid` says until when, for people."""
    heading = (
        f"# Invitation for the host {host!r}. It holds a token, valid until {valid}:\n"
        "# hand it over as you would a password. The host's owner applies it with\n"
        "#   modelbond join -f FILE --runtime NAME --format onnx --cpu N --memory N\n"
        "# and opens nothing but what these options say.\n"
    )
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": invitation.secret_name, "namespace": system_namespace},
        "type": "Opaque",
        "stringData": {
            "server": invitation.server,
            "ca": invitation.ca_pem,
            "token": invitation.token,
        },
    }
    home = {
        "apiVersion": HOME_CLUSTER.api_version,
        "kind": HOME_CLUSTER.kind,
        "metadata": {"name": invitation.home},
        "spec": {"server": invitation.server, "joinSecret": invitation.secret_name},
    }
    return heading + as_yaml([secret, home])


def render_for_watcher(invitation: Invitation, *, watcher: str, valid: str) -> str:
    """Return the YAML for a watcher: one Secret, whose entries it reads as files or from this."""
    heading = (
        f"# Invitation for the watcher {watcher!r}. It holds a token, valid until {valid}:\n"
        "# hand it over as you would a password. It opens the reading of Secrets in one namespace\n"
        "# of this home, and nothing else. Invite again for another token.\n"
    )
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"watch-{invitation.home}"},
        "type": "Opaque",
        "stringData": {
            "home": invitation.home,
            "server": invitation.server,
            "namespace": WATCH_NAMESPACE,
            "ca": invitation.ca_pem,
            "token": invitation.token,
        },
    }
    return heading + as_yaml([secret])


def parse(text: str) -> Invitation:
    """Read a stranger's document: exactly a join Secret and a HomeCluster that opens nothing."""
    documents = _documents(text)
    secret = _only(documents, api_version="v1", kind="Secret")
    home = _only(documents, api_version=HOME_CLUSTER.api_version, kind=HOME_CLUSTER.kind)
    if len(documents) != 2:
        raise Refused("an invitation holds a Secret and a HomeCluster and nothing else")
    name = _text(_mapping(home, "metadata", only={"name"}), "name")
    spec = _mapping(home, "spec", only={"server", "joinSecret"})
    facts = _mapping(secret, "stringData", only={"server", "ca", "token"})
    invitation = Invitation(
        home=name,
        server=_text(facts, "server"),
        ca_pem=_text(facts, "ca"),
        token=_text(facts, "token"),
    )
    _check_agreement(invitation, spec=spec, secret=secret)
    _check_facts(invitation)
    return invitation


def _documents(text: str) -> list[Any]:
    if len(text) > LIMIT_BYTES:
        raise Refused("this is no invitation: it is too large")
    if not text.strip():
        raise Refused("the invitation is empty: did `modelbond invite` print one?")
    try:
        return [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as failure:
        raise Refused(f"this is no invitation: {' '.join(str(failure).split())}") from failure


def _only(documents: list[Any], *, api_version: str, kind: str) -> Json:
    wanted = (api_version, kind)
    found = [
        document
        for document in documents
        if isinstance(document, dict)
        and (document.get("apiVersion"), document.get("kind")) == wanted
    ]
    if len(found) != 1:
        raise Refused(f"an invitation holds exactly one {kind}, this text holds {len(found)}")
    document: Json = found[0]
    known = {"apiVersion", "kind", "metadata", "type", "stringData", "spec"}
    _check_keys(document, known, where=kind)
    return document


def _mapping(document: Json, key: str, *, only: set[str]) -> Json:
    where = f"{document['kind']} {key}"
    value = document.get(key)
    if not isinstance(value, dict):
        raise Refused(f"{where}: is missing")
    _check_keys(value, only, where=where)
    return value


def _check_keys(mapping: Json, known: set[str], *, where: str) -> None:
    foreign = sorted(str(key) for key in mapping if key not in known)
    if foreign:
        raise Refused(
            f"{where}: holds {', '.join(foreign)}, which is not the inviting side's to say: "
            "ask for a plain invitation"
        )


def _text(mapping: Json, key: str) -> str:
    value = mapping.get(key)
    if not isinstance(value, str) or not value:
        raise Refused(f"{key}: is missing or is no text")
    return value


def _check_agreement(invitation: Invitation, *, spec: Json, secret: Json) -> None:
    metadata = _mapping(secret, "metadata", only={"name", "namespace"})
    if metadata.get("name") != invitation.secret_name:
        raise Refused(f"the Secret's name is not {invitation.secret_name}")
    if spec != {"server": invitation.server, "joinSecret": invitation.secret_name}:
        raise Refused("HomeCluster and Secret do not agree on server or joinSecret")


def _check_facts(invitation: Invitation) -> None:
    if not _HOME.fullmatch(invitation.home):
        raise Refused(
            f"home {invitation.home!r} is not NAME-HEX8 (lower case, at most 48 characters)"
        )
    check_way(server=invitation.server, ca_pem=invitation.ca_pem)
    if len(invitation.token) > TOKEN_LIMIT or not _TOKEN.fullmatch(invitation.token):
        raise Refused("token: must be one line of printable characters")

"""The link between two owners: broken tokens, revoked ones, strangers at a known address."""

import base64
import json
from collections.abc import Iterator

import pytest
import yaml

from cluster import proxies
from cluster.cluster import Cluster
from federation import joining, looking
from federation.install import SYSTEM
from federation.joining import modelbond
from federation.polling import always, eventually
from federation.settled import ready
from federation.world import World, opened

HOME = "homeclusters.modelbond.io"
LONG_AGO = 1_700_000_000


def condition(host: Cluster, home: str, of: str, *, reason: str) -> str:
    """Wait until a condition of the HomeCluster has the reason and return its message."""
    seen = eventually(
        lambda: looking.condition(host, HOME, home, of=of),
        lambda seen: seen.get("reason") == reason,
        within_seconds=60,
    )
    return str(seen["message"])


def with_token(invited: str, token: str) -> str:
    """Return the invitation with another token in it."""
    documents = list(yaml.safe_load_all(invited))
    for each in documents:
        if each["kind"] == "Secret":
            each["stringData"]["token"] = token
    return yaml.safe_dump_all(documents)


def token_of(invited: str) -> str:
    """Return the token of an invitation."""
    documents = yaml.safe_load_all(invited)
    secret = next(each for each in documents if each["kind"] == "Secret")
    return str(secret["stringData"]["token"])


def with_claims(token: str, **claims: object) -> str:
    """Return the token saying something else of itself, so that its signature is wrong."""
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    encoded = base64.urlsafe_b64encode(json.dumps({**said, **claims}).encode())
    return ".".join([head, encoded.decode().rstrip("="), signature])


@pytest.fixture
def guest(world: World) -> Iterator[str]:
    """An invitation of alpha under a second name, which is taken back at the end."""
    alpha = world.host("alpha")
    flags = ("--home-name", "visited")
    invited = joining.invitation(world.home, alpha, name="guest", flags=flags)
    yield invited
    joining.part(world.home, alpha, name="guest", known_as=joining.joined_name(invited))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [({"jti": "stolen"}, "CredentialRevoked"), ({"exp": LONG_AGO}, "CredentialExpired")],
)
def test_a_wrong_token_is_named_with_the_remedy_and_a_new_invitation_mends_it(
    world: World, guest: str, claims: dict[str, object], reason: str
) -> None:
    alpha, home = world.host("alpha"), joining.joined_name(guest)
    broken = with_token(guest, with_claims(token_of(guest), **claims))
    modelbond(alpha, "join", "-f", "-", *opened(world.files), stdin=broken)
    assert "modelbond invite" in condition(alpha, home, "Connected", reason=reason)
    assert condition(alpha, home, "Ready", reason=reason)
    modelbond(alpha, "join", "-f", "-", stdin=guest)
    condition(alpha, home, "Ready", reason="Ready")
    world.home.kubectl("wait", "--for=condition=Ready", "hostcluster/guest", "--timeout=60s")


def test_pods_serve_on_under_a_revoked_token_and_a_new_invitation_touches_no_copy(
    world: World,
) -> None:
    beta = world.host("beta")
    home = looking.home_cluster(beta, world.home)["metadata"]["name"]
    with world.deployed("revoked", placement={"hosts": ["beta"]}) as deployed:
        ready(deployed)
        before = looking.uids(looking.pods(beta, "revoked"))
        world.home.kubectl("delete", "serviceaccount", "host", "-n", "modelbond-host-beta")
        try:
            message = condition(beta, home, "Connected", reason="CredentialRevoked")
            assert "modelbond invite" in message
            eventually(
                lambda: [copy["status"]["conditions"] for copy in looking.copies(beta, "revoked")],
                lambda copies: "Orphaned" in {each["reason"] for each in copies[0]},
                within_seconds=30,
            )
            assert looking.uids(looking.pods(beta, "revoked")) == before
        finally:
            joining.join(world.home, beta, name="beta", opened=())
        condition(beta, home, "Ready", reason="Ready")
        ready(deployed)
        assert looking.uids(looking.pods(beta, "revoked")) == before


def test_another_cluster_at_the_homes_address_is_a_stranger_whatever_it_says(
    world: World,
) -> None:
    alpha, stranger = world.host("alpha"), world.host("beta")
    with proxies.slow_connection(world.home) as way:
        flags = ("--home-name", "moving", "--server", way.url)
        terms = opened(world.files)
        with (
            joining.joined(world.home, alpha, name="moving", opened=terms, flags=flags) as home,
            world.deployed("moved", placement={"hosts": ["moving"]}) as deployed,
        ):
            ready(deployed)
            before = looking.uids(looking.pods(alpha, "moved"))
            way.lead_to(stranger)
            foreign = joining.invitation(stranger, alpha, name="moving", flags=flags)
            try:
                put_join_secret(alpha, home, foreign)
                message = condition(alpha, home, "IdentityPinned", reason="IdentityChanged")
                assert looking.identity(world.home) in message
                assert looking.identity(stranger) in message
                always(
                    lambda: looking.uids(looking.pods(alpha, "moved")),
                    lambda pods: pods == before,
                    for_seconds=5,
                )
                assert is_untouched(stranger, "modelbond-host-moving")
            finally:
                way.lead_to(world.home)
                known_as = joining.joined_name(foreign)
                joining.part(stranger, alpha, name="moving", known_as=known_as)
            again = joining.invitation(world.home, alpha, name="moving", flags=flags)
            modelbond(alpha, "join", "-f", "-", stdin=again)
            condition(alpha, home, "Ready", reason="Ready")
            ready(deployed)
            assert looking.uids(looking.pods(alpha, "moved")) == before


def put_join_secret(host: Cluster, home: str, invited: str) -> None:
    """Lay the facts of an invitation down as those of another home."""
    secret = next(each for each in yaml.safe_load_all(invited) if each["kind"] == "Secret")
    secret["metadata"]["name"] = f"join-{home}"
    host.apply(json.dumps(secret))


def is_untouched(home: Cluster, namespace: str) -> bool:
    """Return whether no host ever beat or reported in that namespace."""
    lease = home.kubectl_json("get", "lease", "host", "-n", namespace)
    report = home.kubectl_json("get", "configmap", "host-report", "-n", namespace)
    return "renewTime" not in lease.get("spec", {}) and not report.get("data")


def test_the_operator_keeps_its_own_token_and_needs_the_invitation_no_more(world: World) -> None:
    alpha = world.host("alpha")
    home = looking.home_cluster(alpha, world.home)["metadata"]["name"]
    token = looking.secret(alpha, SYSTEM, f"link-{home}")["token"]
    assert token != looking.secret(alpha, SYSTEM, f"join-{home}")["token"]

"""Orders get certificates while they live, and stay as tombstones until they are released."""

import base64
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fakes.home import Home, deployment, said
from modelbond.api.kinds import HOST_CLUSTER, MODEL_DEPLOYMENT, MODEL_PLACEMENT, SECRET, Json
from modelbond.controllers.order import deployment_keys
from modelbond.errors import ApiUnreachable, Conflicted
from modelbond.ports.process import Again, Done


@pytest.fixture
async def home() -> Home:
    world = Home()
    await world.joins("alpha")
    world.applies(deployment())
    await world.settle()
    return world


def signing_request(*names: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    )
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    signed = request.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def asks(home: Home, request: str) -> None:
    home.answers("alpha", conditions=[said("Accepted", reason="Accepted")], signingRequest=request)


def edge(home: Home) -> Json:
    name = home.order_at("alpha")["metadata"]["name"]
    return home.api.at(SECRET, f"{name}-edge", namespace="modelbond-host-alpha")


def text(secret: Json, name: str) -> str:
    return base64.b64decode(secret["data"][name]).decode()


def names_in(secret: Json) -> Sequence[str]:
    certificate = x509.load_pem_x509_certificate(text(secret, "tls.crt").encode())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def key_of_order(home: Home) -> str:
    return f"modelbond-host-alpha/{home.order_at('alpha')['metadata']['name']}"


async def test_a_request_is_answered_with_a_certificate_and_the_customers_token(home: Home) -> None:
    asks(home, signing_request("whatever.the.host.wants", "bank.example.org"))
    await home.settle()
    order, secret = home.order_at("alpha"), edge(home)
    assert names_in(secret) == [
        "llama",
        "llama.models",
        "llama.models.svc",
        "llama.models.svc.cluster.local",
        order["metadata"]["name"],
    ]
    client = home.api.at(SECRET, "llama-client", namespace="models")
    assert text(secret, "token") == text(client, "token")
    assert len(text(client, "token")) == 43
    assert text(client, "url") == "https://llama.models.svc"
    assert secret["metadata"]["ownerReferences"][0]["uid"] == order["metadata"]["uid"]


async def test_an_unchanged_request_gets_the_same_certificate_until_half_its_life(
    home: Home,
) -> None:
    asks(home, signing_request("x"))
    await home.settle()
    first = edge(home)
    home.clock.pass_by(100 * 86_400)
    home.renews("alpha")
    await home.settle()
    assert edge(home) == first
    home.clock.pass_by(100 * 86_400)
    home.renews("alpha")
    await home.settle()
    assert text(edge(home), "tls.crt") != text(first, "tls.crt")


async def test_a_new_key_gets_a_new_certificate_at_once(home: Home) -> None:
    asks(home, signing_request("x"))
    await home.settle()
    first = edge(home)
    asks(home, signing_request("x"))
    await home.settle()
    assert text(edge(home), "tls.crt") != text(first, "tls.crt")
    assert edge(home)["metadata"]["uid"] == first["metadata"]["uid"]


async def test_a_bad_request_is_told_to_the_customer_and_not_signed(home: Home) -> None:
    asks(home, "-----BEGIN CERTIFICATE REQUEST-----\nnonsense\n")
    await home.settle()
    assert "NotSigned" in home.events.reasons()
    assert not [key for key in home.api.names(SECRET) if key.endswith("-edge")]


async def test_a_foreign_secret_of_the_edges_name_is_not_touched(home: Home) -> None:
    name = home.order_at("alpha")["metadata"]["name"]
    place = {"name": f"{name}-edge", "namespace": "modelbond-host-alpha"}
    before = home.api.put(SECRET, {"metadata": place, "data": {}})
    asks(home, signing_request("x"))
    await home.settle()
    assert edge(home) == before
    assert any("belongs to somebody else" in event.message for event in home.events.told)


async def test_without_the_customers_token_it_waits(home: Home) -> None:
    secret = home.api.at(SECRET, "llama-client", namespace="models")
    await home.api.delete(SECRET, "llama-client", namespace="models", uid=secret["metadata"]["uid"])
    asks(home, signing_request("x"))
    outcome = await home.order_controller.reconcile(key_of_order(home))
    assert outcome == Again(seconds=2.0)


async def test_a_stranger_gets_no_certificate(home: Home) -> None:
    home.reports("alpha", clusterUID="another")
    await home.settle()
    asks(home, signing_request("x"))
    await home.settle()
    assert not [key for key in home.api.names(SECRET) if key.endswith("-edge")]


async def test_a_deleted_edge_secret_comes_back(home: Home) -> None:
    asks(home, signing_request("x"))
    await home.settle()
    held = edge(home)
    await home.api.delete(
        SECRET,
        held["metadata"]["name"],
        namespace="modelbond-host-alpha",
        uid=held["metadata"]["uid"],
    )
    home.clock.pass_by(61)
    home.renews("alpha")
    await home.settle()
    assert edge(home)["metadata"]["uid"] != held["metadata"]["uid"]


async def test_a_person_who_deletes_an_order_withdraws_it(home: Home) -> None:
    held = home.order_at("alpha")
    meta = held["metadata"]
    await home.api.delete(
        MODEL_PLACEMENT, meta["name"], namespace=meta["namespace"], uid=meta["uid"]
    )
    await home.settle()
    assert "deletionTimestamp" in home.order_at("alpha")["metadata"], "our finalizer holds it"
    assert home.status()["placements"][0]["health"] == "Withdrawing"
    home.releases("alpha")
    await home.settle()
    assert home.order_at("alpha")["metadata"]["uid"] != meta["uid"], "placed anew"


async def test_a_release_from_before_the_withdrawal_is_not_believed(home: Home) -> None:
    home.answers("alpha", released=True, conditions=[])
    await home.deletes()
    await home.settle()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"


async def test_an_order_whose_deployment_is_gone_is_withdrawn(home: Home) -> None:
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    home.api.put(MODEL_DEPLOYMENT, {**held, "metadata": {**held["metadata"], "finalizers": []}})
    await home.deletes()
    assert home.api.names(MODEL_DEPLOYMENT) == []
    await home.settle()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"


async def test_a_lagging_cache_withdraws_nothing(home: Home) -> None:
    key = key_of_order(home)
    real = home.api.objects(MODEL_DEPLOYMENT)
    assert real
    home.deployments.freeze()
    home.deployments._frozen = {}
    await home.order_controller.reconcile(key)
    assert home.placed() == ["alpha"]


async def test_a_home_that_cannot_be_read_withdraws_nothing(home: Home) -> None:
    key = key_of_order(home)
    home.deployments._frozen = {}
    home.api.fail(ApiUnreachable("cut"), verb="get", kind=MODEL_DEPLOYMENT)
    with pytest.raises(ApiUnreachable):
        await home.order_controller.reconcile(key)
    assert home.placed() == ["alpha"]


async def test_a_host_missing_from_the_cache_alone_loses_no_order(home: Home) -> None:
    key = key_of_order(home)
    home.clusters._frozen = {}
    await home.order_controller.reconcile(key)
    assert home.placed() == ["alpha"]


async def remove_host(home: Home) -> None:
    held = home.api.at(HOST_CLUSTER, "alpha")
    await home.api.delete(HOST_CLUSTER, "alpha", uid=held["metadata"]["uid"])
    await home.settle()


async def test_a_host_whose_hostcluster_is_deleted_is_told_to_drop_its_copy(home: Home) -> None:
    home.serves("alpha")
    await home.settle()
    home.applies(deployment())
    key = key_of_order(home)
    held = home.api.at(HOST_CLUSTER, "alpha")
    await home.api.delete(HOST_CLUSTER, "alpha", uid=held["metadata"]["uid"])
    assert await home.order_controller.reconcile(key) == Again(seconds=60)
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"
    home.releases("alpha")
    await home.settle()
    assert home.orders_at("alpha") == []


async def test_orders_of_a_deleted_host_that_is_dead_go_without_its_word(home: Home) -> None:
    await remove_host(home)
    home.clock.pass_by(59)
    await home.settle()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"
    home.clock.pass_by(2)
    await home.settle()
    assert home.orders_at("alpha") == []


async def test_a_host_that_is_invited_again_meanwhile_keeps_its_tombstone(home: Home) -> None:
    await remove_host(home)
    home.clock.pass_by(59)
    await home.joins("alpha")
    home.clock.pass_by(59)
    await home.settle()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"
    await remove_host(home)
    home.clock.pass_by(59)
    await home.settle()
    assert home.orders_at("alpha"), "the wait begins anew"


async def test_a_strangers_release_removes_no_tombstone(home: Home) -> None:
    home.reports("alpha", clusterUID="another")
    await home.settle()
    await home.deletes()
    await home.looks_at()
    home.releases("alpha")
    await home.order_controller.reconcile(key_of_order(home))
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"


async def test_a_new_token_reaches_the_edge_though_it_was_signed_for_just_now(home: Home) -> None:
    asks(home, signing_request("x"))
    await home.settle()
    home.clock.pass_by(61)
    home.renews("alpha")
    await home.order_controller.reconcile(key_of_order(home))
    secret = home.api.at(SECRET, "llama-client", namespace="models")
    await home.api.delete(SECRET, "llama-client", namespace="models", uid=secret["metadata"]["uid"])
    await home.settle()
    client = home.api.at(SECRET, "llama-client", namespace="models")
    assert text(client, "token") != text(secret, "token")
    assert text(edge(home), "token") == text(client, "token")


async def test_an_order_that_changed_meanwhile_is_looked_at_again(home: Home) -> None:
    await home.deletes()
    await home.settle()
    home.releases("alpha")
    home.api.fail(Conflicted("changed"), verb="merge", kind=MODEL_PLACEMENT)
    with pytest.raises(Conflicted):
        await home.order_controller.reconcile(key_of_order(home))
    await home.settle()
    assert home.orders_at("alpha") == []


async def test_copies_and_foreign_objects_are_not_orders(home: Home) -> None:
    copy = home.order_at("alpha")
    assert deployment_keys(copy) == ["models/llama"]
    copy["spec"]["role"] = "Copy"
    copy["metadata"]["name"] = "copied"
    assert deployment_keys(copy) == []
    home.api.put(MODEL_PLACEMENT, copy)
    outcome = await home.order_controller.reconcile("modelbond-host-alpha/copied")
    assert outcome == Done()

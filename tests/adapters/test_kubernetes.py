"""The Kubernetes client against an API server over HTTP: the verbs, and every way to fail."""

from pathlib import Path

import pytest
from kubernetes.aio.client.configuration import Configuration

from fakes.api_server import TOKEN, ApiServer
from fakes.ports import FakeClock
from modelbond.adapters.api_errors import NotFound
from modelbond.adapters.credentials import TokenFile
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport
from modelbond.api.kinds import HOST_CLUSTER, MODEL_PLACEMENT, SECRET, Json
from modelbond.errors import (
    AlreadyExists,
    ApiBroken,
    ApiOverloaded,
    ApiUnreachable,
    Bug,
    Conflicted,
    Expired,
    FieldNotDeclared,
    Forbidden,
    Invalid,
    ModelbondError,
    Unauthorized,
)


def order(name: str = "a", **labels: str) -> Json:
    return {
        "metadata": {"namespace": "modelbond-host-alpha", "name": name, "labels": labels},
        "spec": {"state": "Active"},
    }


async def test_an_object_is_created_read_and_deleted(api: KubernetesApi) -> None:
    made = await api.create(MODEL_PLACEMENT, order())
    place = {"namespace": "modelbond-host-alpha"}

    found = await api.get(MODEL_PLACEMENT, "a", **place)
    assert found == made
    assert found["kind"] == "ModelPlacement"
    await api.delete(MODEL_PLACEMENT, "a", **place, uid=made["metadata"]["uid"])
    assert await api.get(MODEL_PLACEMENT, "a", **place) is None


async def test_deleting_what_is_gone_or_another_object_by_now_is_success(
    api: KubernetesApi, server: ApiServer
) -> None:
    place = {"namespace": "modelbond-host-alpha"}
    await api.delete(MODEL_PLACEMENT, "a", **place, uid="1")
    server.kube.put(MODEL_PLACEMENT, order())

    await api.delete(MODEL_PLACEMENT, "a", **place, uid="another")

    assert server.kube.names(MODEL_PLACEMENT) == ["modelbond-host-alpha/a"]


async def test_a_conflict_on_the_very_object_to_delete_is_told(
    api: KubernetesApi, server: ApiServer
) -> None:
    made = server.kube.put(MODEL_PLACEMENT, order())
    server.trouble(409, method="DELETE")

    with pytest.raises(Conflicted):
        await api.delete(
            MODEL_PLACEMENT, "a", namespace="modelbond-host-alpha", uid=made["metadata"]["uid"]
        )


async def test_creating_what_exists_says_so(api: KubernetesApi, server: ApiServer) -> None:
    server.kube.put(MODEL_PLACEMENT, order())

    with pytest.raises(AlreadyExists):
        await api.create(MODEL_PLACEMENT, order())


async def test_unknown_fields_are_refused_not_dropped(
    api: KubernetesApi, server: ApiServer
) -> None:
    await api.create(MODEL_PLACEMENT, order())

    assert server.seen[-1].query["fieldValidation"] == "Strict"


async def test_a_list_is_read_page_by_page(api: KubernetesApi, server: ApiServer) -> None:
    server.page_size = 3
    for number in range(7):
        server.kube.put(MODEL_PLACEMENT, order(f"order-{number}"))

    listed = await api.list(MODEL_PLACEMENT)

    assert len(listed.items) == 7
    assert server.count("GET", "modelplacements") == 3
    assert {item["apiVersion"] for item in listed.items} == {"modelbond.io/v1alpha1"}


async def test_a_list_selects_by_namespace_labels_and_name(
    api: KubernetesApi, server: ApiServer
) -> None:
    for name, team in (("a", "red"), ("b", "red"), ("c", "blue")):
        server.kube.put(MODEL_PLACEMENT, order(name, team=team))
    here = "modelbond-host-alpha"

    red = await api.list(MODEL_PLACEMENT, namespace=here, labels={"team": "red"})
    named = await api.list(MODEL_PLACEMENT, namespace=here, name="c")
    elsewhere = await api.list(MODEL_PLACEMENT, namespace="elsewhere")

    assert [item["metadata"]["name"] for item in red.items] == ["a", "b"]
    assert [item["metadata"]["name"] for item in named.items] == ["c"]
    assert elsewhere.items == []


async def test_apply_changes_the_object_that_was_meant(
    api: KubernetesApi, server: ApiServer
) -> None:
    made = server.kube.put(MODEL_PLACEMENT, order())
    metadata = {key: made["metadata"][key] for key in ("namespace", "name", "uid")}

    await api.apply(
        MODEL_PLACEMENT, {"metadata": metadata, "spec": {"replicas": 2}}, manager="modelbond"
    )
    await api.apply_status(
        MODEL_PLACEMENT, {"metadata": metadata, "status": {"replicas": 2}}, manager="status"
    )

    stored = server.kube.at(MODEL_PLACEMENT, "a", namespace="modelbond-host-alpha")
    assert stored["spec"] == {"state": "Active", "replicas": 2}
    assert stored["status"] == {"replicas": 2}
    applied = server.seen[0]
    assert applied.content_type == "application/apply-patch+yaml"
    assert applied.query == {"fieldManager": "modelbond", "force": "true"}
    assert server.seen[1].path.endswith("/modelplacements/a/status")


async def test_apply_without_a_uid_would_raise_the_dead_and_is_our_bug(
    api: KubernetesApi,
) -> None:
    with pytest.raises(Bug, match="uid"):
        await api.apply(MODEL_PLACEMENT, order(), manager="modelbond")


@pytest.mark.parametrize("status", [404, 409])
async def test_apply_to_what_is_gone_is_a_conflict(
    api: KubernetesApi, server: ApiServer, status: int
) -> None:
    server.trouble(status, method="PATCH")
    body = order()
    body["metadata"]["uid"] = "gone"

    with pytest.raises(Conflicted):
        await api.apply_status(MODEL_PLACEMENT, body, manager="status")


async def test_merge_compares_and_swaps(api: KubernetesApi, server: ApiServer) -> None:
    made = server.kube.put(MODEL_PLACEMENT, order())
    place = {"namespace": "modelbond-host-alpha"}
    version = made["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version, "finalizers": ["modelbond.io/home"]}}

    merged = await api.merge(MODEL_PLACEMENT, "a", patch, **place)

    assert merged is not None
    assert merged["metadata"]["finalizers"] == ["modelbond.io/home"]
    with pytest.raises(Conflicted):
        await api.merge(MODEL_PLACEMENT, "a", patch, **place)
    assert await api.merge(MODEL_PLACEMENT, "nobody", {}, **place) is None


async def test_a_token_is_asked_for_an_account(api: KubernetesApi) -> None:
    token = await api.request_token("host", namespace="modelbond-host-alpha", seconds=604_800)

    assert token.value == "token-host-1"
    assert token.expires.isoformat() == "2026-01-08T00:00:00+00:00"


async def test_the_tail_of_a_log_is_read_and_empty_before_the_container_starts(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.kube.logs["home/pod/triton"] = "one\ntwo\nthree"
    where = {"namespace": "home", "container": "triton", "lines": 2}

    assert await api.log_tail("pod", **where) == "two\nthree"
    server.trouble(400, message="container is waiting to start", path="/log")
    assert await api.log_tail("pod", **where) == ""


async def test_discovery_tells_what_is_served(api: KubernetesApi, server: ApiServer) -> None:
    server.served = {"hostclusters"}
    served = await api.served_plurals(group="modelbond.io", version="v1alpha1")
    assert served == {"hostclusters"}

    server.served = set()
    assert await api.served_plurals(group="modelbond.io", version="v1alpha1") == frozenset()


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "strict decoding error: unknown field", FieldNotDeclared),
        (400, "something else", Invalid),
        (401, "no", Unauthorized),
        (403, "no right", Forbidden),
        (404, "namespace not found", NotFound),
        (409, "changed", Conflicted),
        (410, "too old", Expired),
        (413, "too large", Invalid),
        (422, "spec.replicas: Invalid value", Invalid),
        (429, "storage is (re)initializing", ApiOverloaded),
        (500, ".status.surplus: field not declared in schema", FieldNotDeclared),
        (500, "failed to allocate a nodePort: range is full", Invalid),
        (500, "etcdserver: leader changed", ApiBroken),
        (503, "shutting down", ApiBroken),
    ],
)
async def test_each_answer_becomes_its_own_error_that_says_what_was_asked(
    api: KubernetesApi,
    server: ApiServer,
    status: int,
    message: str,
    error: type[ModelbondError],
) -> None:
    server.trouble(status, message=message)

    with pytest.raises(ModelbondError) as caught:
        await api.create(SECRET, {"metadata": {"namespace": "home", "name": "a"}})

    assert type(caught.value) is error
    assert "POST /api/v1/namespaces/home/secrets" in str(caught.value)
    assert message in str(caught.value)


async def test_the_servers_wish_for_a_pause_is_passed_on(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.trouble(429, headers={"Retry-After": "7"})

    with pytest.raises(ApiOverloaded) as caught:
        await api.create(MODEL_PLACEMENT, order())

    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize("wish", ["Fri, 31 Dec 1999 23:59:59 GMT", "-5", "soon"])
async def test_a_wish_that_makes_no_sense_is_none(
    api: KubernetesApi, server: ApiServer, wish: str
) -> None:
    server.trouble(429, headers={"Retry-After": wish})

    with pytest.raises(ApiOverloaded) as caught:
        await api.create(MODEL_PLACEMENT, order())

    assert caught.value.retry_after_seconds is None


async def test_a_read_survives_two_failures(api: KubernetesApi, server: ApiServer) -> None:
    server.kube.put(MODEL_PLACEMENT, order())
    server.trouble(500)
    server.trouble()  # the connection breaks

    found = await api.get(MODEL_PLACEMENT, "a", namespace="modelbond-host-alpha")

    assert found is not None
    assert server.count("GET", "modelplacements/a") == 3


async def test_a_read_gives_up_after_three_attempts(api: KubernetesApi, server: ApiServer) -> None:
    server.trouble(500, times=100)

    with pytest.raises(ApiBroken):
        await api.list(MODEL_PLACEMENT)

    assert server.count("GET", "modelplacements") == 3


async def test_a_write_is_never_sent_twice(api: KubernetesApi, server: ApiServer) -> None:
    server.trouble(500, times=100)

    with pytest.raises(ApiBroken):
        await api.create(MODEL_PLACEMENT, order())

    assert server.count("POST", "modelplacements") == 1


async def test_a_server_that_does_not_answer_in_time_is_unreachable(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.trouble(wait_seconds=30)

    with pytest.raises(ApiUnreachable, match="no answer within 2 s"):
        await api.get(MODEL_PLACEMENT, "a", namespace="x")


async def test_a_port_where_nobody_listens_is_unreachable(server: ApiServer) -> None:
    connection = server.connection()
    async with ApiServer().running() as another:
        closed_port = another.port
    api = KubernetesApi(
        Transport(
            Configuration(host=f"http://127.0.0.1:{closed_port}"),
            credential=connection.credential,
        )
    )

    with pytest.raises(ApiUnreachable):
        await api.list(HOST_CLUSTER)
    await api.close()


async def test_a_redirect_is_not_followed(api: KubernetesApi, server: ApiServer) -> None:
    server.trouble(302, headers={"Location": "/apis"}, times=100)

    with pytest.raises(ApiUnreachable, match="redirect"):
        await api.list(MODEL_PLACEMENT)

    assert server.count("GET", "^/apis$") == 0


async def test_an_answer_that_is_no_object_is_a_broken_server(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.trouble(200, message="a Status where an object should be", times=100)

    with pytest.raises(ApiBroken):
        await api.get(MODEL_PLACEMENT, "a", namespace="x")
    with pytest.raises(ApiBroken):
        await api.list(MODEL_PLACEMENT)


async def test_a_rotated_token_is_read_again_at_the_first_401(
    server: ApiServer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("the old one\n")
    api = server.connection(TokenFile(file, clock=FakeClock())).open()
    file.write_text(TOKEN)

    assert (await api.list(HOST_CLUSTER)).items == []

    await api.close()
    assert [seen.authorization for seen in server.seen] == [
        "Bearer the old one",
        f"Bearer {TOKEN}",
    ]


def test_the_token_file_is_read_again_each_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    file = tmp_path / "token"
    file.write_text("first")
    credential = TokenFile(file, clock=clock)
    file.write_text("second")

    assert credential.token() == "first"
    clock.pass_by(61)
    assert credential.token() == "second"

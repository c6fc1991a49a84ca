import pytest

from modelbond.errors import Refused
from modelbond.serving.edge import (
    CONNECTIONS,
    REQUESTS_AT_ONCE,
    Access,
    Agreed,
    access_files,
    agreed_rate,
    client_token,
    nginx_conf,
    takes_rates,
)

TOKEN = "A-b_" * 10
PROBE = "p-R_" * 10


def locations(conf: str) -> dict[str, str]:
    found = {}
    for part in conf.split("    location ")[1:]:
        path, _, rest = part.partition(" {")
        found[path] = rest.partition("\n    }")[0]
    return found


def test_only_this_models_paths_and_health_are_let_in() -> None:
    assert sorted(locations(nginx_conf("magika", host="alpha"))) == [
        "/",
        "= /edge/health",
        "= /v2/health/live",
        "= /v2/health/ready",
        "= /v2/models/magika",
        "= /v2/models/magika/infer",
        "= /v2/models/magika/ready",
        "= /v2/models/magika/versions/1",
        "= /v2/models/magika/versions/1/infer",
        "= /v2/models/magika/versions/1/ready",
        "@error",
    ]
    assert "return 404" in locations(nginx_conf("magika", host="alpha"))["/"]


def test_health_and_readiness_need_no_token_and_everything_else_does() -> None:
    for path, body in locations(nginx_conf("magika", host="alpha")).items():
        free = path in ("/", "@error") or path.endswith(("health", "live", "ready"))
        assert ("return 401" in body) is not free
        assert ("limits.conf" in body) is not free
        assert ("limit_req" in body) is not free
        assert ("limit_conn" in body) is not free


def test_one_token_leaves_connections_to_probes_and_others() -> None:
    conf = nginx_conf("magika", host="alpha")
    assert "worker_connections 8192;" in conf
    limits = access_files(Access(token=TOKEN))["limits.conf"]
    assert f"limit_conn requests {REQUESTS_AT_ONCE};" in limits
    assert REQUESTS_AT_ONCE * 2 <= CONNECTIONS // 2


def test_a_reload_waits_as_long_as_an_answer_may_take() -> None:
    conf = nginx_conf("magika", host="alpha")
    assert "worker_shutdown_timeout 300s;" in conf
    assert "proxy_read_timeout 300s;" in conf


def test_the_upstream_path_is_never_the_clients_spelling() -> None:
    for path, body in locations(nginx_conf("magika", host="alpha")).items():
        if "proxy_pass" in body:
            assert f"proxy_pass http://triton{path.removeprefix('= ')};" in body


def test_a_token_is_compared_with_its_case_and_its_scheme_without() -> None:
    tokens = access_files(Access(token=TOKEN))["tokens.conf"]
    assert tokens == f'"~^(?i:bearer) +{TOKEN}$" client-1;\n'
    assert client_token(tokens) == TOKEN
    assert client_token("") is None


def test_a_probe_has_a_name_and_so_a_budget_of_its_own() -> None:
    agreed = Agreed(probe_token=PROBE, requests_per_minute=600)
    files = access_files(Access(token=TOKEN, agreed=agreed))
    assert files["tokens.conf"].splitlines()[1] == f'"~^(?i:bearer) +{PROBE}$" probe;'
    assert client_token(files["tokens.conf"]) == TOKEN
    assert files["rates.conf"] == "limit_req_zone $customer zone=clients:1m rate=600r/m;\n"
    assert files["limits.conf"] == (
        "limit_req zone=clients burst=20 nodelay;\nlimit_conn requests 40;\n"
    )
    conf = nginx_conf("magika", host="alpha")
    assert 'probe "";' in conf.partition("map $client $customer")[2].partition("}")[0]


def test_an_agreed_rate_is_never_more_at_once_than_leaves_room_for_probes() -> None:
    assert agreed_rate(1).burst == 10
    assert agreed_rate(1_000_000).at_once == REQUESTS_AT_ONCE


def test_a_probe_token_that_is_the_clients_is_refused() -> None:
    agreed = Agreed(probe_token=TOKEN, requests_per_minute=600)
    with pytest.raises(Refused, match="budget of its own"):
        access_files(Access(token=TOKEN, agreed=agreed))


def test_an_edge_of_an_older_version_is_told_from_one_that_keeps_to_agreed_rates() -> None:
    conf = nginx_conf("magika", host="alpha")
    assert takes_rates(conf)
    assert not takes_rates(conf.replace("rates.conf", "tokens.conf"))


@pytest.mark.parametrize("token", ["", "short", "x" * 40 + '"; }', "a" * 129, "é" * 40])
def test_a_token_that_could_be_configuration_is_refused(token: str) -> None:
    agreed = Agreed(probe_token=token, requests_per_minute=600)
    for access in (Access(token=token), Access(token=TOKEN, agreed=agreed)):
        with pytest.raises(Refused, match="base64url"):
            access_files(access)


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a b", "a;b", "x" * 64])
def test_a_model_name_that_could_be_configuration_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="model name"):
        nginx_conf(name, host="alpha")


@pytest.mark.parametrize("name", ["", "-x", "a b", "a;b", "A", "x" * 64])
def test_a_hosts_name_that_could_be_configuration_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="host's name"):
        nginx_conf("magika", host=name)


def test_each_answer_says_which_host_gave_it() -> None:
    assert "add_header modelbond-host alpha always;" in nginx_conf("magika", host="alpha")


def test_a_new_certificate_is_read_without_a_reload() -> None:
    assert "ssl_certificate /etc/edge/tls/$pair.crt;" in nginx_conf("magika", host="alpha")

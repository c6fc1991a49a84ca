"""The configuration file is decoded strictly, and errors name the field."""

import pytest

from modelbond.api.config import decode_config
from modelbond.errors import Refused

WHOLE = """
roles: [home, host]
namespace: modelbond-system
home: {namespaces: [models], silenceSeconds: 15, withdrawDeadlineSeconds: 60, certificateDays: 365}
host:
  owner: alpha-labs
  region: eu-1
  zone: eu-1a
  provider: bare
  readNodes: true
  edgeImage: localhost/modelbond/operator:dev
  runtimes:
    triton:
      image: localhost/modelbond/triton:dev
      formats: [onnx]
      readOnlyRootFilesystem: true
      runtimeClassName: ""
      nodeSelector: {disk: fast}
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
      imagePullSecrets: [registry]
"""


def test_the_whole_file_is_understood() -> None:
    config = decode_config(WHOLE)

    assert config.home is not None
    assert config.home.namespaces == ("models",)
    assert config.host is not None
    triton = config.host.runtimes["triton"]
    assert triton.node_selector == {"disk": "fast"}
    assert triton.tolerations[0].key == "nvidia.com/gpu"


def test_a_chain_is_known_only_where_it_is_named() -> None:
    chain = """
chain:
  deployment: /etc/modelbond/chain/deployment.json
  ledgers: /var/lib/modelbond
  rpcs: [{name: own, urlFile: /etc/modelbond/rpcs/own}]
  hostKey: {file: /etc/modelbond/keys/host}
"""
    assert decode_config(WHOLE).chain is None
    config = decode_config(WHOLE + chain).chain
    assert config is not None
    assert config.rpcs[0].url_file == "/etc/modelbond/rpcs/own"
    assert config.host_key is not None
    assert (config.towers, config.watchers, config.poll_seconds) == ((), (), 12)


def test_what_is_left_out_has_a_safe_default() -> None:
    config = decode_config("{roles: [home], namespace: modelbond-system, home: {}}")

    assert config.home is not None
    assert config.home.namespaces == ()
    assert config.home.silence_seconds == 15
    assert config.host is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "not YAML"),
        ("", "configuration: Expected `object`"),
        ("{roles: [], namespace: a}", "roles: Expected `array` of length >= 1"),
        ("{roles: [house], namespace: a}", "roles.0.: Invalid enum value 'house'"),
        ("{roles: [home], namespace: A B}", "namespace: Expected `str` matching"),
        ("{roles: [home], namespace: a}", "home: missing"),
        ("{roles: [host], namespace: a}", "host: missing"),
        ("{roles: [home], namespace: a, home: {silence: 1}}", "home: .*`silence`"),
        (
            "{roles: [home], namespace: a, home: {silenceSeconds: soon}}",
            "home.silenceSeconds: Expected `float`",
        ),
        (
            "{roles: [home], namespace: a, home: {silenceSeconds: 0}}",
            "home.silenceSeconds: Expected `float` > 0",
        ),
        ("{roles: [host], namespace: a, host: {owner: x}}", "host: .*required field `edgeImage`"),
        (
            WHOLE.replace("[onnx]", "[pickle]"),
            "host.runtimes.*formats.0.: Invalid enum value 'pickle'",
        ),
    ],
)
def test_a_mistake_is_refused_with_the_name_of_the_field(text: str, error: str) -> None:
    with pytest.raises(Refused, match=error):
        decode_config(text)

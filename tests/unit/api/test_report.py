import json
from typing import Any

import pytest

from modelbond.api.report import ClassReport, HostReport, decode_report, encode_report
from modelbond.errors import Refused

REPORT = HostReport(
    version="0.1.0",
    cluster_uid="c",
    owner="alpha-labs",
    state="Active",
    policy_revision="0123",
    cpu_free_milli=1500,
    memory_free_bytes=2**30,
    classes=(ClassReport(gpu_class="NVIDIA-L4", free=4, largest_on_one_node=2),),
    runtimes=("triton",),
    formats=("onnx",),
    counted=("uid-1",),
)


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(encode_report(REPORT)), **fields})


def test_a_report_comes_back_as_it_was_written() -> None:
    assert decode_report(encode_report(REPORT)) == REPORT


def test_the_words_on_the_wire_are_those_of_the_reference() -> None:
    wire = json.loads(encode_report(REPORT))
    assert wire["clusterUID"] == "c"
    assert wire["cpuFree"] == 1500
    assert wire["classes"] == [{"class": "NVIDIA-L4", "free": 4, "largestOnOneNode": 2}]


def test_a_newer_hosts_fields_are_ignored() -> None:
    assert decode_report(changed(price="1")) == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\ud800",
        changed(owner="\ud800"),
        '{"nested":' * 50_000,
        changed(deep="@").replace('"@"', "[" * 5_000 + "]" * 5_000),
        changed(cpuFree=-1),
        changed(cpuFree="many"),
        changed(state="Sleeping"),
        changed(owner="x" * 64),
        changed(clusterUID=""),
        changed(clusterUID="not a uid"),
        changed(classes=[{"class": "a", "free": 1, "largestOnOneNode": 1}] * 2),
        changed(counted=["u"] * 4097),
        changed(classes=[{"class": "a b", "free": 1, "largestOnOneNode": 1}]),
        changed(runtimes=["x" * 64]),
        changed(filler="x" * 300_000),
    ],
)
def test_a_report_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        decode_report(text)

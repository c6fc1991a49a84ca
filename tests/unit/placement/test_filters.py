"""Each host that does not fit says why, in one word and one sentence."""

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.candidates import host, offer, request
from modelbond.api.v1alpha1 import PlacementRules, Resources
from modelbond.api.wire import read
from modelbond.placement.filters import objection
from modelbond.placement.host import FreeGpus, Heard, Host, Need, Taint, less
from modelbond.placement.reasons import Why
from modelbond.placement.request import Request, need_of
from modelbond.placement.selector import mismatch, untolerated

L4 = "NVIDIA-L4"


def gpus(count: int, *, per_pod: int = 1) -> Need:
    return Need(cpu_milli=100, memory_bytes=100, gpu_class=L4, gpus=count, gpus_per_pod=per_pod)


def test_a_host_that_has_it_all_has_no_objection() -> None:
    assert objection(request(need=gpus(4, per_pod=2)), host()) is None


@pytest.mark.parametrize(
    ("candidate", "wanted", "why"),
    [
        (host(accepted=False), request(), Why.NOT_ACCEPTED),
        (host(identity_changed=True), request(), Why.IDENTITY_CHANGED),
        (host(heard=Heard.NEVER), request(), Why.NEVER_HEARD),
        (host(heard=Heard.WAITING), request(), Why.NOT_HEARD_YET),
        (host(heard=Heard.SILENT), request(), Why.UNREACHABLE),
        (host(offer=None), request(), Why.NO_REPORT),
        (host(report_valid=False), request(), Why.NO_REPORT),
        (host(offers={"state": "Cordoned"}), request(), Why.CORDONED),
        (host(offers={"state": "Drained"}), request(), Why.DRAINED),
        (host(), request(rules={"hosts": ["beta"]}), Why.NOT_LISTED),
        (host(), request(rules={"selector": {"matchLabels": {"a": "b"}}}), Why.SELECTOR_MISMATCH),
        (host(), request(barred={"alpha": "no"}), Why.BARRED),
        (host(offers={"runtimes": frozenset()}), request(), Why.RUNTIME_NOT_OFFERED),
        (host(offers={"formats": frozenset({"gguf"})}), request(), Why.FORMAT_NOT_OFFERED),
        (host(offers={"gpus": {}}), request(need=gpus(1)), Why.CLASS_NOT_OFFERED),
        (host(), request(need=gpus(5)), Why.NOT_ENOUGH_GPUS),
        (host(), request(need=gpus(3, per_pod=3)), Why.NOT_ENOUGH_ON_ONE_NODE),
        (host(offers={"cpu_free_milli": 999}), request(), Why.NOT_ENOUGH_CPU),
        (host(offers={"memory_free_bytes": 1 << 29}), request(), Why.NOT_ENOUGH_MEMORY),
        (
            host(offers={"region": ""}),
            request(rules={"spreadConstraints": [{"spreadByField": "region"}]}),
            Why.GROUP_UNKNOWN,
        ),
        (
            host(taints=(Taint(key="gpu", value="only", effect="NoSchedule"),)),
            request(),
            Why.TAINTED,
        ),
    ],
)
def test_the_first_thing_that_is_wrong_is_the_reason(
    candidate: Host, wanted: Request, why: Why
) -> None:
    found = objection(wanted, candidate)
    assert found is not None
    assert found.why is why
    assert found.detail


def test_numbers_stand_in_the_detail() -> None:
    found = objection(request(need=gpus(5)), host())
    assert found is not None
    assert found.detail == "4 NVIDIA-L4 free, 5 needed"


def test_a_soft_taint_keeps_nobody_away() -> None:
    soft = Taint(key="gpu", value="", effect="PreferNoSchedule")
    assert objection(request(), host(taints=(soft,))) is None


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "gpu", "value": "only"}, True),
        ({"key": "gpu", "value": "other"}, False),
        ({"key": "gpu"}, False),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "PreferNoSchedule"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
    ],
)
def test_tolerations_are_read_as_kubernetes_reads_them(
    toleration: Mapping[str, str], *, tolerated: bool
) -> None:
    taint = Taint(key="gpu", value="only", effect="NoSchedule")
    rules = read(PlacementRules, {"tolerations": [dict(toleration)]})
    left = untolerated([taint], rules.tolerations, effect="NoSchedule")
    assert left == ([] if tolerated else [taint])


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, True),
        ({"key": "a", "operator": "In", "values": ["2"]}, False),
        ({"key": "a", "operator": "NotIn", "values": ["2"]}, True),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, False),
        ({"key": "b", "operator": "NotIn", "values": ["1"]}, True),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "b", "operator": "DoesNotExist"}, True),
        ({"key": "a", "operator": "DoesNotExist"}, False),
    ],
)
def test_selectors_are_read_as_kubernetes_reads_them(
    expression: Mapping[str, Any], *, met: bool
) -> None:
    rules = read(PlacementRules, {"selector": {"matchExpressions": [dict(expression)]}})
    found = mismatch(rules.selector, {"a": "1"})
    assert (found is None) is met
    assert found is None or found.startswith(str(expression["key"]))


def test_every_label_must_match() -> None:
    rules = read(PlacementRules, {"selector": {"matchLabels": {"a": "1", "b": "2"}}})
    assert mismatch(rules.selector, {"a": "1", "b": "2"}) is None
    assert mismatch(rules.selector, {"a": "1"}) == "b=2"


def test_what_was_promised_already_is_not_free() -> None:
    left = less(offer(), [gpus(3), Need(cpu_milli=1000, memory_bytes=1 << 30)])
    assert left.gpus[L4] == FreeGpus(free=1, largest_on_one_node=1)
    assert left.cpu_free_milli == 8000 - 1100
    assert less(offer(), [gpus(99)]).gpus[L4].free == 0


def test_a_need_is_that_of_all_replicas() -> None:
    resources = read(Resources, {"cpu": "500m", "memory": "1Gi", "gpu": {"class": L4, "count": 2}})
    need = need_of(resources, replicas=3)
    assert (need.cpu_milli, need.memory_bytes) == (1500, 3 << 30)
    assert (need.gpu_class, need.gpus, need.gpus_per_pod) == (L4, 6, 2)
    paused = need_of(resources, replicas=0)
    assert (paused.cpu_milli, paused.gpus, paused.gpus_per_pod) == (0, 0, 0)
    assert need_of(read(Resources, {}), replicas=1).gpu_class is None

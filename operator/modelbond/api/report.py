"""What a host tells a home about itself: one bounded JSON document in the ConfigMap host-report."""

from typing import Annotated, Literal

import msgspec

from modelbond.errors import Refused

REPORT_LIMIT = 262_144

Word = Annotated[str, msgspec.Meta(max_length=63)]
Uid = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
ClusterUid = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$"),
]
GpuClass = Annotated[
    str, msgspec.Meta(max_length=63, pattern="^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class ClassReport(msgspec.Struct, frozen=True, kw_only=True):
    """Free GPUs of one class: in all, and the most that one pod can get on one node."""

    gpu_class: GpuClass = msgspec.field(name="class")
    free: Count
    largest_on_one_node: Count = msgspec.field(name="largestOnOneNode")


class HostReport(msgspec.Struct, frozen=True, kw_only=True):
    """A host's facts for one home. `counted` are the order UIDs already in the free figures.

    A newer host may add fields: unknown ones are ignored, known ones are bounded.
    """

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    cluster_uid: ClusterUid = msgspec.field(name="clusterUID")
    owner: Word
    state: Literal["Active", "Cordoned", "Drained"]
    policy_revision: Word = msgspec.field(name="policyRevision")
    cpu_free_milli: Amount = msgspec.field(name="cpuFree")
    memory_free_bytes: Amount = msgspec.field(name="memoryFree")
    region: Word = ""
    zone: Word = ""
    provider: Word = ""
    classes: Annotated[tuple[ClassReport, ...], msgspec.Meta(max_length=64)] = ()
    runtimes: Annotated[tuple[Word, ...], msgspec.Meta(max_length=64)] = ()
    formats: Annotated[tuple[Word, ...], msgspec.Meta(max_length=16)] = ()
    counted: Annotated[tuple[Uid, ...], msgspec.Meta(max_length=4096)] = ()


def encode_report(report: HostReport) -> str:
    """Return the report as JSON; equal reports give equal text."""
    return msgspec.json.encode(report, order="deterministic").decode()


def decode_report(text: str) -> HostReport:
    """Return a stranger's report; Refused says which field breaks which bound."""
    if len(text) > REPORT_LIMIT:
        raise Refused(f"the report is longer than {REPORT_LIMIT} characters")
    try:
        report = msgspec.json.decode(text, type=HostReport)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as failure:
        raise Refused(f"the report is not valid: {failure}") from failure
    names = [each.gpu_class for each in report.classes]
    if len({*names}) != len(names):
        raise Refused("the report is not valid: classes names one twice")
    return report

"""A report and its evidence beside what the contracts' events say."""

from dataclasses import dataclass, field

from modelbond.verify.asking import Log, Node, NotChecked
from modelbond.verify.hashes import NO_HASH, hex_hash
from modelbond.verify.report import Report, Say, many
from modelbond.verify.tally import credit
from modelbond.verify.text import OFFER_FIELDS, Differs, Values, compare

_OFFER_KINDS = ",".join(kind for _, kind in OFFER_FIELDS)
_EVENTS = (
    f"Opened(bytes32,address,address,uint40,uint40,({_OFFER_KINDS}))",
    "Noticed(bytes32,address,uint40)",
    "ToppedUp(bytes32,address,uint40)",
    "MaintenanceAnnounced(bytes32,uint40,uint40)",
    "Settled(bytes32,uint40,uint40,uint40)",
    "Credited(bytes32,address,uint256)",
    "CoverUsedUp(bytes32,uint40)",
    "Released(bytes32,uint256,uint256)",
)
LEASE_EVENTS = {hex_hash(event.encode()): event.partition("(")[0] for event in _EVENTS}
POSTED = hex_hash(b"Posted(uint40,uint40,bytes32,uint16,uint40,uint64,bytes32,uint256)")
VETOED = hex_hash(b"Vetoed(uint40,uint40,uint40,uint16,uint8)")
_MEMBERS_AT = 5


@dataclass(slots=True, kw_only=True)
class _Lease:
    """A lease as its events up to a block leave it."""

    first: int
    funded: int
    noticed: int = 2**40 - 1
    settled: list[int] = field(default_factory=lambda: [0, 0, 0])
    announced: list[list[int]] = field(default_factory=list)
    credited: int = 0

    def facts(self) -> Values:
        """Return what evidence must say of it."""
        end = min(self.first + self.funded, self.noticed)
        known = {"first": self.first, "end": end}
        return {**known, "settled": self.settled, "announced": self.announced}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The contracts of one deployment, as one node knows them from block `since` on.

    What is compared is final. `codes` are the hashes of the code that must stand, by address.
    """

    node: Node = field(repr=False)
    chain: int
    tower: str
    bond: str
    codes: dict[str, str]
    since: int = 0

    def data_hash(self, frame: int) -> str:
        """Return the data hash of the report that stands on a frame."""
        return _hash(self._posted(frame)[-1].words[3])

    def check(self, report: Report, *, say: Say) -> None:
        """Compare all that the evidence says of the chain; Differs at the first difference."""
        own = {name: report.evidence[name] for name in ("chain", "tower", "bond")}
        compare(own, {"chain": self.chain, "tower": self.tower, "bond": self.bond}, path="")
        compare(self.chain, int(self.node.ask("eth_chainId"), 16), path="chain")
        self._check_code(say)
        self._check_posted(report, say)
        self._check_block(report, say)
        frame, block = (report.evidence["frame"], report.evidence["referenceBlock"]["number"])
        words = self.node.call(self.tower, "signersOf(uint40)", frame, block=block)[_MEMBERS_AT:]
        members = [
            {"signer": f"0x{signer:040x}", "weight": weight}
            for signer, weight in zip(words[::3], words[1::3], strict=True)
        ]
        for place, found in enumerate(report.evidence["table"]):
            compare(found, dict(enumerate(members)).get(place), path=f"table[{place}]")
        compare(len(report.evidence["table"]), len(members), path="members of the table")
        say("table", f"{many(members, 'watcher')}: equal to signersOf({frame})")
        self._check_leases(report, say)

    def _posted(self, frame: int) -> list[Log]:
        """Return the reports that stand, in order, the last of them on that frame."""
        standing = self._standing(until=int(self._block("finalized")["number"], 16))
        frames = [int(one.topics[2], 16) for one in standing]
        if frame in frames:
            return standing[: frames.index(frame) + 1]
        newest = self._standing(until=int(self.node.ask("eth_blockNumber"), 16))
        if frame in (int(one.topics[2], 16) for one in newest):
            raise NotChecked(f"the report on frame {frame} is in no finalized block yet")
        raise Differs("frame", frame, None, "no report on frame {0} stands on chain")

    def _standing(self, *, until: int) -> list[Log]:
        standing: list[Log] = []
        for log in self.node.logs(self.tower, [POSTED, VETOED], since=self.since, until=until):
            if log.topics[0] == POSTED:
                standing.append(log)
            else:
                first = int(log.topics[1], 16)
                standing = [one for one in standing if int(one.topics[1], 16) < first]
        return standing

    def _check_code(self, say: Say) -> None:
        for address, expected in self.codes.items():
            code = self.node.ask("eth_getCode", address, "finalized")
            found = hex_hash(bytes.fromhex(code.removeprefix("0x")))
            compare(found, expected, path=f"code of {address}")
        say("code", "of both contracts: equal to the deployment's")

    def _check_posted(self, report: Report, say: Say) -> None:
        *earlier, posted = self._posted(report.evidence["frame"])
        _, seq, _, root = posted.topics
        round_, _, reference, data_hash, _ = posted.words
        compare(report.root, root, path="root")
        compare(report.data_hash, _hash(data_hash), path="data hash")
        compare(
            report.evidence["referenceBlock"]["number"], reference, path="referenceBlock.number"
        )
        previous = {"root": NO_HASH, "dataHash": NO_HASH}
        if earlier:
            previous = {"root": earlier[-1].topics[3], "dataHash": _hash(earlier[-1].words[3])}
        elif int(seq, 16) > 1:
            raise NotChecked(f"the report before was posted before block {self.since}")
        compare(report.evidence["previous"], previous, path="previous")
        say("posted", f"report {int(seq, 16)}, round {round_}: equal root, data hash and previous")

    def _check_block(self, report: Report, say: Say) -> None:
        block = report.evidence["referenceBlock"]
        found = {"number": block["number"], "time": self._time(block["number"])}
        found["hash"] = self._block(hex(block["number"]))["hash"]
        compare(block, found, path="referenceBlock")
        if self._time(block["number"] + 1) <= report.ends_at:
            raise Differs(
                "referenceBlock.number", block["number"], f"later, before {report.ends_at}"
            )
        say("block", f"{block['number']}: equal, the last of the frame")

    def _check_leases(self, report: Report, say: Say) -> None:
        number = report.evidence["referenceBlock"]["number"]
        leases = self._leases(until=number)
        expected = {lease: one.facts() for lease, one in leases.items()}
        found = {
            lease: {name: value for name, value in facts.items() if name != "offer"}
            for lease, facts in report.evidence["leases"].items()
        }
        compare(found, expected, path="leases")
        say("leases", f"{many(found, 'lease')}: equal to the events up to block {number}")
        for lease, one in leases.items():
            owed = credit(one.settled, report.evidence["leases"][lease]["offer"])
            compare(one.credited, owed, path=f"leases.{lease}: credited")
        say("credited", f"{sum(one.credited for one in leases.values())} by then: equal")

    def _leases(self, *, until: int) -> dict[str, _Lease]:
        """Return this tower's leases that are open at a block."""
        leases: dict[str, _Lease] = {}
        for log in self.node.logs(self.bond, list(LEASE_EVENTS), since=self.since, until=until):
            event, name = LEASE_EVENTS[log.topics[0]], log.topics[1]
            if event == "Opened":
                terms = dict(zip((name for name, _ in OFFER_FIELDS), log.words[2:], strict=True))
                if terms["tower"] == int(self.tower, 16):
                    leases[name] = _Lease(first=log.words[0], funded=log.words[1])
            elif event == "Released":
                leases.pop(name, None)
            elif name in leases:
                _apply(event, log, leases[name])
        return leases

    def _time(self, number: int) -> int:
        return int(self._block(hex(number))["timestamp"], 16)

    def _block(self, which: str) -> Values:
        found: Values | None = self.node.ask("eth_getBlockByNumber", which, False)  # noqa: FBT003 - JSON-RPC
        if found is None:
            raise NotChecked(f"the RPC has no block {which}")
        return found


def _hash(number: int) -> str:
    return f"0x{number:064x}"


def _apply(event: str, log: Log, lease: _Lease) -> None:
    match event:
        case "ToppedUp":
            lease.funded += log.words[0]
        case "Noticed" | "CoverUsedUp":
            lease.noticed = log.words[0]
        case "MaintenanceAnnounced":
            lease.announced.append(log.words)
        case "Settled":
            lease.settled = log.words
        case "Credited":
            lease.credited += log.words[0]

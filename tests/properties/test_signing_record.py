"""However reports come, and whenever the process ends: no round gets two contents signed."""

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fakes.pens import FRAMES, TellingKey, pen, report
from modelbond.errors import Refused
from modelbond.settlement.report import Report

reports = st.builds(
    report,
    st.sampled_from(FRAMES),
    round_=st.integers(1, 4),
    content=st.sampled_from("abc"),
)


class Signing(RuleBasedStateMachine):
    """A watcher that is asked to sign anything, and ends at any point."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "signed.sqlite"
        self.key = TellingKey()
        self.pen = pen(self.path, self.key)
        self.floor = -1
        self.written: dict[int, Report] = {}

    @rule(wanted=reports)
    def sign(self, wanted: Report) -> None:
        allowed = self.is_allowed(wanted)
        try:
            self.pen.sign(wanted)
        except Refused:
            assert not allowed
        else:
            assert allowed
            self.written[wanted.frame] = wanted

    @rule(wanted=reports)
    def end_between_the_record_and_the_signature(self, wanted: Report) -> None:
        if self.is_allowed(wanted):
            self.pen.record.admit(wanted)
            self.written[wanted.frame] = wanted
        self.restart()

    @rule()
    def restart(self) -> None:
        self.pen.record.close()
        self.pen = pen(self.path, self.key)

    @rule(floor=st.sampled_from(FRAMES))
    def forget(self, floor: int) -> None:
        self.pen.record.raise_floor(floor)
        self.floor = max(self.floor, floor)
        self.written = {f: one for f, one in self.written.items() if f > self.floor}

    @invariant()
    def nothing_is_signed_twice(self) -> None:
        assert not self.key.equivocated

    @invariant()
    def the_record_holds_the_highest_rounds(self) -> None:
        assert self.pen.record.signed() == self.written

    def is_allowed(self, wanted: Report) -> bool:
        known = self.written.get(wanted.frame)
        rises = known is None or wanted.round > known.round or wanted == known
        return wanted.frame > self.floor and rises

    def teardown(self) -> None:
        self.pen.record.close()
        self.folder.cleanup()


TestSigning = Signing.TestCase

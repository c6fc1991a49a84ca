"""What is said of evidence that is not what it should be, to the letter."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fakes.evidence import (
    BEGIN,
    FRAME,
    WATCHERS,
    Leased,
    carried,
    evidence,
    signed,
    silent,
    text_of,
)
from modelbond.verify.hashes import NO_HASH, hex_hash
from modelbond.verify.report import check
from modelbond.verify.text import Differs, Values, canonical

LEASED = Leased(
    first=BEGIN - 60,
    letters=["g" * 50 + "b" * 10] * 3,
    carried=carried([60, 0, 0], unknown=2),
)
LEASE = LEASED.id()
OTHER = "0x" + "ab" * 32
FIRST = Leased(first=BEGIN - 60, letters=["g" * 60] * 3)


def difference(values: Values, *, data_hash: str | None = None) -> str:
    """Return what is said of this evidence."""
    return difference_in(text_of(values), data_hash=data_hash)


def difference_in(text: bytes, *, data_hash: str | None = None) -> str:
    with pytest.raises(Differs) as raised:
        check(text, say=silent, data_hash=data_hash)
    return str(raised.value)


def changed(change: Callable[[Values], Any], values: Values | None = None) -> Values:
    """Return evidence in which something was changed afterwards."""
    copy: Values = json.loads(canonical(values or evidence(LEASED)))
    change(copy)
    return copy


def test_evidence_that_is_right_is_told_step_by_step() -> None:
    told: list[str] = []
    text = text_of(evidence(LEASED))
    report = check(text, say=lambda what, _: told.append(what), data_hash=hex_hash(text))
    assert told == [
        "format", "data hash", "offers", "carried", "vectors", "tally", "credits", "awards", "root"
    ]  # fmt: skip
    assert report.credits() == {LEASE: "1500"}


def test_one_flipped_byte_is_seen_by_the_hash() -> None:
    text = bytearray(text_of(evidence(LEASED)))
    right = hex_hash(bytes(text))
    text[text.index(b"gggg")] ^= 1
    said = difference_in(bytes(text), data_hash=right)
    assert said == f"data hash: {hex_hash(bytes(text))}, should be {right}"


def test_one_flipped_letter_of_a_vector_makes_its_signature_anothers() -> None:
    text = text_of(evidence(LEASED)).replace(b"ggb", b"gbb", 1)
    head, _, tail = difference_in(text).partition("signed by 0x")
    assert head == "vectors[0].signature: "
    assert tail[40:] == f", not by watcher {WATCHERS[0]}"


def test_one_missing_vector_changes_what_watchers_are_awarded() -> None:
    values = changed(lambda values: values["vectors"].pop(1))
    assert difference(values) == f"result.awarded.{WATCHERS[0]}: 100, should be 150"


def test_two_missing_vectors_change_the_tally() -> None:
    values = changed(lambda values: values.update(vectors=values["vectors"][:1]))
    assert difference(values) == f"result.leases.{LEASE}.leaf: [120, 10, 5], should be [120, 52, 0]"


def test_a_foreign_signature_is_named_with_both() -> None:
    letters = {LEASE: LEASED.letters[1] or ""}

    def forge(values: Values) -> None:
        values["vectors"][1] = signed(values, WATCHERS[1], letters, by=WATCHERS[3])

    said = difference(changed(forge))
    assert said == f"vectors[1].signature: signed by {WATCHERS[3]}, not by watcher {WATCHERS[1]}"


def test_a_signature_that_is_no_point_of_the_curve_is_nobodys() -> None:
    def forge(values: Values) -> None:
        values["vectors"][2]["signature"] = "0x" + "f" * 128 + "1b"

    said = difference(changed(forge))
    assert said == f"vectors[2].signature: signed by nobody, not by watcher {WATCHERS[2]}"


def test_a_wrong_leaf_is_shown_beside_the_right_one() -> None:
    def flatter(values: Values) -> None:
        values["result"]["leases"][LEASE]["leaf"] = [120, 5, 0]

    said = difference(changed(flatter))
    assert said == f"result.leases.{LEASE}.leaf: [120, 5, 0], should be [120, 10, 5]"


def test_a_lease_that_the_result_leaves_out_or_makes_up_is_named() -> None:
    def made_up(values: Values) -> None:
        values["result"]["leases"][OTHER] = carried([1, 0, 0])

    kept = json.dumps(evidence(LEASED)["result"]["leases"][LEASE])
    without = changed(lambda values: values["result"]["leases"].clear())
    assert difference(without) == f"result.leases.{LEASE}: is missing, should be {kept}"
    said = difference(changed(made_up))
    assert said.startswith(f"result.leases.{OTHER}: ")
    assert said.endswith(", should not be there")


def test_another_offer_is_the_offer_of_another_lease() -> None:
    dearer = Leased(first=LEASED.first, letters=LEASED.letters, offer={"rate": "101"})

    def change(values: Values) -> None:
        values["leases"][LEASE]["offer"]["rate"] = "101"

    said = difference(changed(change))
    assert said == f"leases.{LEASE}.offer: is the offer of lease {dearer.id()}, not of {LEASE}"


def test_a_lease_of_another_tower_does_not_belong_there() -> None:
    stranger = Leased(first=BEGIN, letters=[None] * 3, offer={"tower": "0x" + "11" * 20})
    said = difference(evidence(stranger))
    tower = "0x" + "70" * 20
    assert said == f"leases.{stranger.id()}.offer.tower: 0x{'11' * 20}, should be {tower}"


def test_what_is_carried_must_make_the_root_before() -> None:
    def change(values: Values) -> None:
        values["carried"]["leases"][LEASE]["leaf"] = [60, 1, 0]

    values = evidence(LEASED)
    said = difference(changed(change))
    assert said.startswith(f"previous.root: {values['previous']['root']}, should be 0x")


def test_a_carried_period_that_does_not_go_with_its_slices_is_found() -> None:
    def change(values: Values) -> None:
        values["carried"]["leases"][LEASE]["period"] = 7

    said = difference(changed(change))
    assert said == f"carried.leases.{LEASE}.period: 7, should be 0"


def test_a_towers_first_report_follows_on_no_evidence() -> None:
    def change(values: Values) -> None:
        values["previous"]["dataHash"] = OTHER

    said = difference(changed(change, evidence(FIRST)))
    assert said == f"previous.dataHash: {OTHER}, should be {NO_HASH}"


def test_counts_that_no_leaf_has_are_found() -> None:
    def change(values: Values) -> None:
        values["leases"][LEASE]["settled"] = [10, 11, 0]

    said = difference(changed(change))
    words = "[10, 11, 0], should be through >= unearned >= breach"
    assert said == f"leases.{LEASE}.settled: {words}"


def test_a_reference_block_lies_before_the_frames_end() -> None:
    end = (FRAME + 1) * 3600

    def change(values: Values) -> None:
        values["referenceBlock"]["time"] = end + 1

    said = difference(changed(change))
    assert said == f"referenceBlock.time: {end + 1}, should be at most {end}"


def test_a_tally_by_other_rules_cannot_be_repeated() -> None:
    values = evidence(LEASED)
    said = difference(changed(lambda values: values.update(rules=OTHER)))
    assert said == f"rules: {OTHER}, should be {values['rules']}"


def test_a_table_is_in_the_order_of_its_keys() -> None:
    said = difference(changed(lambda values: values["table"].reverse()))
    assert said.startswith('table: ["0x')


@pytest.mark.parametrize(
    "vectors",
    [(1, 0), (0, 0)],
    ids=["in another order", "one watcher twice"],
)
def test_vectors_stand_in_the_order_of_the_table_each_once(vectors: tuple[int, ...]) -> None:
    def change(values: Values) -> None:
        values["vectors"] = [values["vectors"][place] for place in vectors]

    said = difference(changed(change))
    assert said.startswith('vectors: of ["0x')
    assert "should be of the table's watchers" in said


def test_a_watcher_outside_the_table_has_no_say() -> None:
    def change(values: Values) -> None:
        values["vectors"].append(signed(values, WATCHERS[3], {}))

    assert difference(changed(change)).startswith("vectors: of [")


def test_a_vector_of_another_frame_is_no_vector_of_this_one() -> None:
    def change(values: Values) -> None:
        late = {**values, "frame": FRAME - 1}
        entry = signed(late, WATCHERS[0], {})
        resigned = signed(values, WATCHERS[0], {})
        values["vectors"][0] = {**resigned, "vector": entry["vector"]}

    said = difference(changed(change))
    assert said.startswith("vectors[0].signature: signed by 0x")


def test_a_watcher_that_signs_a_vector_of_another_frame_is_told_which() -> None:
    def change(values: Values) -> None:
        signs(values, lambda vector: vector.update(frame=FRAME - 1))

    said = difference(changed(change))
    assert said == f"vectors[0].vector.frame: {FRAME - 1}, should be {FRAME}"


def test_a_signed_vector_that_is_not_canonical_is_no_vector() -> None:
    def change(values: Values) -> None:
        signs(values, dict, spaced=True)

    said = difference(changed(change))
    assert said == (
        'vectors[0].vector: not canonical at character 9:  31337, "frame": 500,'
        ' should be 31337,"frame":500000'
    )


def signs(values: Values, change: Callable[[Values], Any], *, spaced: bool = False) -> None:
    """Let the first watcher sign a vector that is not as it should be."""
    entry = values["vectors"][0]
    vector = json.loads(entry["vector"])
    change(vector)
    text = json.dumps(vector, sort_keys=True) if spaced else canonical(vector)
    values["vectors"][0] = signed(values, WATCHERS[0], {}, text=text)


COUNT = "a whole number from 0 to 1099511627775"


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        (["version"], 2, "2, should be a whole number from 1 to 1"),
        (["frame"], True, f"true, should be {COUNT}"),
        (["frame"], 1.5, f"1.5, should be {COUNT}"),
        (["frame"], -1, f"-1, should be {COUNT}"),
        (["frameSeconds"], 0, "0, should be a whole number from 1 to 4294967295"),
        (["tower"], "0xAB", "0xAB, should be 0x and 40 lower-case hex digits"),
        (["table"], {}, "{}, should be a list"),
        (["leases"], [], "[], should be an object"),
        (["table", 1, "weight"], "1", "1, should be a whole number from 1 to 255"),
        (["vectors", 0, "salt"], None, "null, should be 0x and 64 lower-case hex digits"),
        (["carried", "awarded", WATCHERS[0]], "01", "01, should be a whole number in a string"),
        (["leases", LEASE, "announced"], [[1]], "[1], should be a list of 2"),
        (["leases", LEASE, "offer", "note"], "hello", "is no field of this format"),
    ],
)
def test_a_value_of_another_shape_is_named_by_its_path(
    path: list[Any], wrong: object, said: str
) -> None:
    def change(values: Values) -> None:
        *way, last = path
        inner: Any = values
        for step in way:
            inner = inner[step]
        inner[last] = wrong

    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
    where += "[0]" if path[-1] == "announced" else ""
    assert difference(changed(change)) == f"{where}: {said}"


def test_a_strangers_words_cannot_command_a_terminal() -> None:
    def change(values: Values) -> None:
        values["result"]["awarded"]["\x1b[2J"] = "1"
        values["table"][0]["signer"] = "\x1b[2J"

    said = difference(changed(change))
    assert said == 'table[0].signer: "\\u001b[2J", should be 0x and 40 lower-case hex digits'


def test_a_missing_field_is_named() -> None:
    assert difference(changed(lambda values: values.pop("bond"))) == "bond: is missing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "evidence: , should be JSON"),
        (b"[]", "evidence: [], should be an object"),
        (b"\xff\xfe", "evidence: \\xff\\xfe, should be JSON"),
        (b"[" * 100_000, f"evidence: {'[' * 160}..., should be JSON"),
    ],
)
def test_what_is_no_evidence_at_all_is_said_to_be_none(text: bytes, said: str) -> None:
    assert difference_in(text) == said


def test_evidence_has_one_way_to_be_written() -> None:
    text = text_of(evidence(LEASED))
    assert difference_in(text + b"\n").startswith("evidence: not canonical at character ")
    twice = text.replace(b'"chain":31337', b'"chain":31337,"chain":31337', 1)
    assert "not canonical" in difference_in(twice)

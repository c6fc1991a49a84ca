"""`modelbond canaries`: make the questions with known answers that a lease is measured by."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelbond.adapters.inference import Endpoint
from modelbond.cli.output import as_yaml
from modelbond.cli.say import say
from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.sla import fields
from modelbond.sla.canary import (
    CANARIES_LIMIT,
    Canary,
    Expected,
    Rule,
    Tensor,
    canaries_of,
    canaries_text,
    mismatch,
)
from modelbond.sla.inference import tensor_of

KEY = "canaries.json"
TENSORS_LIMIT = 32

EXAMPLES = """\
examples:
  modelbond canaries --inputs inputs.json --rule cosine --ppm 1000 \\
      --from-endpoint https://magika.models.svc --model magika \\
      --ca ca.crt --token-file token > canaries.json
                                     ask a model that you trust and keep what it answers
  modelbond canaries --inputs recorded.json --rule argmax > canaries.json
                                     the same from recorded answers
  modelbond canaries --check canaries.json
                                     what a document holds, and its hash in the agreement
  modelbond canaries --check canaries.json --from-endpoint https://203.0.113.7:30443 \\
      --model magika --ca ca.crt --token-file token
                                     does this endpoint answer as agreed?
  kubectl create configmap magika-canaries -n models --from-file=canaries.json
                                     for spec.sla.canaries.configMap of a ModelDeployment

inputs.json is a list of named questions, tensors as in the JSON of an inference request:
  [{"name": "zeros", "inputs": [
      {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [0, 0]}]}]
recorded.json has "outputs" beside "inputs", as in the JSON of its answer.

rules (docs/reference/canaries.md helps to choose one and its tolerance):
  cosine   1 - cosine similarity at most --ppm millionths
  argmax   the largest number of each row at the same place
  topK     the same --k largest of each row, but in at most --ppm millionths of the rows
  close    each number within --ppm millionths of the larger of 1 and itself
BYTES are compared exactly, whatever the rule.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--inputs", type=Path, metavar="FILE", help="make a document of these")
    task.add_argument("--check", type=Path, metavar="FILE", help="check this document")
    endpoint = parser.add_argument_group("the model that is asked")
    endpoint.add_argument("--from-endpoint", metavar="URL", help="https://HOST[:PORT]")
    endpoint.add_argument("--model", metavar="NAME", help="as in /v2/models/NAME/infer")
    endpoint.add_argument("--ca", type=Path, metavar="FILE", help="PEM (default: the system's)")
    endpoint.add_argument("--token-file", type=Path, metavar="FILE", help="holds the client token")
    made = parser.add_argument_group("how answers are compared")
    made.add_argument("--rule", choices=[rule.value for rule in Rule], help="for all outputs")
    made.add_argument("--ppm", type=int, default=0, metavar="N", help="the tolerance (default: 0)")
    made.add_argument("--k", type=int, default=0, metavar="N", help="of topK")
    made.add_argument(
        "--output", action="append", metavar="NAME", help="agree on this output only; repeatable"
    )
    parser.add_argument("--configmap", metavar="NAME", help="print a ConfigMap instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the document, or what is to say about one."""
    endpoint = _endpoint(arguments)
    if arguments.check is not None:
        say(checked(canaries_of(_read(arguments.check)), endpoint))
        return 0
    if arguments.rule is None:
        raise Refused("--rule is missing: say how answers are compared")
    recorded = recordings(_read(arguments.inputs), endpoint)
    rule = Rule(arguments.rule)
    made = [
        agreed(each, rule=rule, ppm=arguments.ppm, k=arguments.k, only=arguments.output)
        for each in recorded
    ]
    text = canaries_text(made)
    canaries = canaries_of(text)  # Refused where nobody could agree on it
    _check_agreeing(canaries, endpoint)
    say(as_yaml([config_map(arguments.configmap, text)]) if arguments.configmap else f"{text}\n")
    return 0


def recordings(text: str, endpoint: Endpoint | None) -> list[Canary]:
    """Return the questions of an inputs file with all outputs, exact as yet."""
    entries = fields.listed(fields.loaded(text, "inputs"), "inputs", least=1, most=CANARIES_LIMIT)
    return [_recording(entry, f"inputs[{i}]", endpoint) for i, entry in enumerate(entries)]


def agreed(
    recording: Canary, *, rule: Rule, ppm: int, k: int, only: Sequence[str] | None
) -> Canary:
    """Return the canary that a recording becomes under a rule, of all outputs or `only` these."""
    held = {expected.tensor.name: expected for expected in recording.expected}
    for name in only or ():
        if name not in held:
            raise Refused(f"{recording.name}: there is no output {name}; it has {', '.join(held)}")
    chosen = [held[name] for name in only or held]
    return replace(
        recording, expected=tuple(_ruled(each, rule=rule, ppm=ppm, k=k) for each in chosen)
    )


def checked(canaries: Sequence[Canary], endpoint: Endpoint | None) -> str:
    """Return what a document holds; Refused where an endpoint does not answer as agreed."""
    text = canaries_text(canaries)
    rules = Counter(
        f"{each.rule.value} {each.ppm} ppm" for canary in canaries for each in canary.expected
    )
    lines = [
        f"canaries: {len(canaries)}",
        f"bytes: {len(text)}",
        f"hash: 0x{keccak(text.encode()).hex()}",
        *(f"rule: {rule} ({count} outputs)" for rule, count in sorted(rules.items())),
    ]
    if endpoint is not None:
        _check_agreeing(canaries, endpoint)
        lines.append("endpoint: answers all of them as agreed")
    return "".join(f"{line}\n" for line in lines)


def config_map(name: str, text: str) -> dict[str, Any]:
    """Return the ConfigMap that a ModelDeployment names in spec.sla.canaries."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {KEY: text},
    }


def _endpoint(arguments: argparse.Namespace) -> Endpoint | None:
    if arguments.from_endpoint is None:
        return None
    if arguments.model is None:
        raise Refused("--model is missing: say which model --from-endpoint serves")
    token = _read(arguments.token_file).strip() if arguments.token_file else ""
    url, ca = arguments.from_endpoint, arguments.ca
    return Endpoint(url, model=arguments.model, ca=ca, token=token)


def _recording(entry: Any, where: str, endpoint: Endpoint | None) -> Canary:
    name, said = fields.some_members(entry, where, "name", "inputs")
    inputs = _tensors(said, f"{where}.inputs")
    if endpoint is None:
        if "outputs" not in entry:
            raise Refused(f"{where}: it has no outputs: record them, or use --from-endpoint")
        outputs = _tensors(entry["outputs"], f"{where}.outputs")
    else:
        outputs = list(endpoint.ask(inputs).values())
    exact = [Expected(tensor=tensor, rule=Rule.CLOSE) for tensor in outputs]
    return Canary(name=name, inputs=tuple(inputs), expected=tuple(exact))


def _tensors(said: Any, where: str) -> list[Tensor]:
    entries = fields.listed(said, where, least=1, most=TENSORS_LIMIT)
    return [tensor_of(entry, f"{where}[{i}]") for i, entry in enumerate(entries)]


def _ruled(exact: Expected, *, rule: Rule, ppm: int, k: int) -> Expected:
    if exact.tensor.datatype == "BYTES":
        return exact
    return replace(exact, rule=rule, ppm=ppm, k=k)


def _check_agreeing(canaries: Sequence[Canary], endpoint: Endpoint | None) -> None:
    """Refuse canaries that the endpoint does not answer as agreed, now that it is asked."""
    if endpoint is None:
        return
    for canary in canaries:
        answers: Mapping[str, Tensor] = endpoint.ask(canary.inputs)
        reason = mismatch(canary, answers)
        if reason is not None:
            raise Refused(f"{canary.name}: the endpoint's answer does not agree: {reason}")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}") from error

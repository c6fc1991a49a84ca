"""Runs in the client's pod: inferences over HTTPS, in tritonclient's encoding.

Standard input: a JSON list of requests, each {"name", "url", "model", "inputs": {TENSOR:
{"datatype", "shape", "data"}}}. Standard output: a list of {"host": which owner's cluster
answered (the edge's header), "outputs": {TENSOR: nested lists}}.
"""

import json
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import triton_to_np_dtype


def main() -> None:
    """Read the requests, ask, print the answers."""
    json.dump([_infer(asked) for asked in json.load(sys.stdin)], sys.stdout)


def _infer(asked: dict[str, Any]) -> dict[str, Any]:
    folder = Path("/tmp") / asked["name"]  # noqa: S108 - the pod's own folder
    inputs = [_input(name, each) for name, each in asked["inputs"].items()]
    body, json_size = InferenceServerClient.generate_request_body(inputs)
    request = urllib.request.Request(  # noqa: S310 - https, by the test's own words
        f"{asked['url']}/v2/models/{asked['model']}/infer",
        data=body,
        headers={
            "Authorization": f"Bearer {(folder / 'token').read_text().strip()}",
            **({"Inference-Header-Content-Length": str(json_size)} if json_size else {}),
        },
    )
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    with urllib.request.urlopen(request, timeout=20, context=trust) as response:  # noqa: S310
        length = response.headers.get("Inference-Header-Content-Length")
        answer = InferenceServerClient.parse_response_body(
            response.read(), header_length=int(length) if length else None
        )
        host = response.headers["modelbond-host"]
    names = [each["name"] for each in answer.get_response()["outputs"]]
    return {"host": host, "outputs": {name: answer.as_numpy(name).tolist() for name in names}}


def _input(name: str, tensor: dict[str, Any]) -> InferInput:
    array = np.array(tensor["data"], dtype=triton_to_np_dtype(tensor["datatype"]))
    asked = InferInput(name, list(tensor["shape"]), tensor["datatype"])
    asked.set_data_from_numpy(array.reshape(tensor["shape"]))
    return asked


if __name__ == "__main__":
    main()

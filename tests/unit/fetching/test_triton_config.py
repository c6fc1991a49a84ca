import pytest

from modelbond.errors import Refused
from modelbond.fetching.triton_config import triton_config


def test_a_configuration_names_the_model_and_its_backend_and_adds_no_batch_dimension() -> None:
    assert triton_config(model_name="magika", format_name="onnx") == (
        'name: "magika"\nbackend: "onnxruntime"\nmax_batch_size: 0\n'
    )


@pytest.mark.parametrize("name", ["", "a/b", "..", 'a"b', "-a", "a-", "a" * 64, "a\n"])
def test_a_name_that_could_leave_its_place_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="model name"):
        triton_config(model_name=name, format_name="onnx")

import pytest

from modelbond.errors import Refused
from modelbond.fetching.formats import check_files


def test_a_graph_with_its_weights_labels_and_licence_is_an_onnx_model() -> None:
    check_files(
        ["LICENSE", "README.md", "labels/en.txt", "model.onnx", "model.onnx_data"],
        format_name="onnx",
    )


@pytest.mark.parametrize(
    "path", ["weights.pkl", "weights.PT", "a/model.bin", "model.pth", "x.npz", "x.pkl.onnx"]
)
def test_a_pickle_is_refused_whatever_else_its_name_says(path: str) -> None:
    with pytest.raises(Refused, match="pickle"):
        check_files(["model.onnx", path], format_name="onnx")


@pytest.mark.parametrize("path", ["model.py", "libtriton_evil.so", "run", "config.pbtxt"])
def test_a_file_that_the_format_does_not_know_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="does not belong"):
        check_files(["model.onnx", path], format_name="onnx")


def test_a_model_without_its_main_file_is_refused() -> None:
    with pytest.raises(Refused, match=r"no model\.onnx"):
        check_files(["sub/model.onnx"], format_name="onnx")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="known are: onnx"):
        check_files([], format_name="torch")

import pytest

from modelbond.errors import Refused
from modelbond.fetching.urls import file_url


@pytest.mark.parametrize("source", ["https://a.example/m", "https://a.example/m/"])
def test_a_file_lies_in_the_folder_that_the_source_names(source: str) -> None:
    assert file_url(source, "sub/model.onnx") == "https://a.example/m/sub/model.onnx"


def test_odd_names_are_quoted() -> None:
    assert file_url("https://a.example", "a b?#é.txt") == "https://a.example/a%20b%3F%23%C3%A9.txt"


def test_a_source_with_a_query_is_refused() -> None:
    with pytest.raises(Refused, match="query"):
        file_url("https://a.example/m?token=1", "model.onnx")

"""Names of what the home makes: each belongs to one thing alone."""

from modelbond.reconcile.home_names import slice_name


def test_two_deployments_never_share_a_slice() -> None:
    assert slice_name("llama", host="eu-alpha") != slice_name("llama-eu", host="alpha")

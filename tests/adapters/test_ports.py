"""The ports that tests give to servers."""

import socket

import pytest

from cluster.ports import free_port

FIRST_THAT_LINUX_GIVES = 32_768


def test_no_outgoing_connection_can_take_a_port_before_its_server_does() -> None:
    assert all(free_port() < FIRST_THAT_LINUX_GIVES for _ in range(1000))


def test_a_port_in_use_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)):
        other = free_port()
        monkeypatch.setattr("cluster.ports._PORTS", [taken, other])
        assert {free_port() for _ in range(20)} == {other}


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        free_port("192.0.2.1")

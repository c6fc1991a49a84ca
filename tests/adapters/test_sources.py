"""A watcher's way to a home, by the files of its invitation."""

from pathlib import Path

import pytest

from fakes.identity import self_signed
from modelbond.errors import Refused
from modelbond.watcher.sources import InvitedHome


@pytest.fixture
def invitation(tmp_path: Path) -> Path:
    """An invitation's files, as a mounted Secret has them."""
    facts = {"server": "https://api.example.org:6443", "ca": self_signed("home").ca_pem}
    return written(tmp_path, **facts, token="one")  # noqa: S106 - protects nothing


def written(folder: Path, **facts: str) -> Path:
    for name, said in facts.items():
        (folder / name).write_text(said)
    return folder


async def opened_twice(folder: Path, *, after: dict[str, str]) -> bool:
    """Open the way, let the files change, and tell whether it is another one then."""
    home = InvitedHome(folder)
    first = await home.open()
    written(folder, **after)
    second = await home.open()
    await home.close()
    return second is not first


async def test_a_way_is_kept_while_the_invitation_stays(invitation: Path) -> None:
    assert not await opened_twice(invitation, after={})


async def test_another_token_opens_another_way(invitation: Path) -> None:
    assert await opened_twice(invitation, after={"token": "two"})


@pytest.mark.parametrize("name", ["server", "ca", "token"])
async def test_a_missing_file_is_named(invitation: Path, name: str) -> None:
    (invitation / name).unlink()
    with pytest.raises(Refused, match=f"{invitation}.*{name}"):
        await InvitedHome(invitation).open()


async def test_a_server_that_may_not_be_reached_is_refused(invitation: Path) -> None:
    written(invitation, server="https://127.0.0.1:6443")
    with pytest.raises(Refused, match="loopback"):
        await InvitedHome(invitation).open()

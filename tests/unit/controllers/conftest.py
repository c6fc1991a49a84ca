"""What the controllers' tests begin with."""

import pytest

from fakes.home import Home


@pytest.fixture
async def home() -> Home:
    """A home that two hosts have joined."""
    world = Home()
    await world.joins("alpha", "beta")
    return world

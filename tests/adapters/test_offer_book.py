"""What a host signed is on the disk, and is read in the next life."""

from pathlib import Path

import pytest

from fakes.offers import DOMAIN, offer
from modelbond.adapters.chain.offer_book import OfferFolder
from modelbond.errors import Refused
from modelbond.settlement.offer import lease_id

FIRST, SECOND = offer(), offer(epoch=2)


async def test_offers_are_kept_over_lives_until_they_are_dropped(tmp_path: Path) -> None:
    book = OfferFolder(tmp_path / "offers")
    for each in (FIRST, SECOND, FIRST):
        await book.keep(lease_id(each, domain=DOMAIN), each)
    again = OfferFolder(tmp_path / "offers")
    assert sorted((await again.kept()).values(), key=lambda each: each.epoch) == [FIRST, SECOND]
    await again.drop(lease_id(FIRST, domain=DOMAIN))
    await again.drop(lease_id(FIRST, domain=DOMAIN))
    assert await book.kept() == {lease_id(SECOND, domain=DOMAIN): SECOND}


async def test_a_write_that_was_cut_off_is_no_offer(tmp_path: Path) -> None:
    book = OfferFolder(tmp_path)
    await book.keep(lease_id(FIRST, domain=DOMAIN), FIRST)
    (tmp_path / "00.new").write_text('{"half')
    assert list((await book.kept()).values()) == [FIRST]


@pytest.mark.parametrize("text", ["", "{}", "[1]"])
async def test_a_file_that_holds_no_offer_is_named_and_not_passed_over(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / f"{'00' * 32}.json").write_text(text)
    with pytest.raises(Refused, match="holds no offer"):
        await OfferFolder(tmp_path).kept()

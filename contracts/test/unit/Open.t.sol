// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { ContractHost } from "../base/ContractHost.sol";
import { Fixture } from "../base/Fixture.sol";

contract OpenTest is Fixture {
    function test_opening_reserves_the_cover_and_takes_the_prepayment() public {
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        LeaseId id = bondContract.leaseIdOf(offer);
        uint256 before = token.balanceOf(customer);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Opened(id, customer, host, SliceIndex.wrap(FIRST), 3000, offer);
        vm.prank(customer);
        LeaseId opened = bondContract.open(offer, signature, 3000);

        assertEq(LeaseId.unwrap(opened), LeaseId.unwrap(id), "a lease is the digest of its offer");
        assertEq(bondContract.bondOf(host).reserved, COVER, "the cover is reserved");
        assertEq(bondContract.bondOf(host).total, BONDED, "and nothing of the bond moved");
        assertEq(before - token.balanceOf(customer), 3000 * uint256(RATE), "whole slices are paid for");
        IModelBond.Lease memory lease = stateOf(id);
        assertEq(SliceIndex.unwrap(lease.first), FIRST, "the first slice is the first whole one");
        assertEq(lease.funded, 3000, "slices funded");
        assertEq(lease.slice, 60, "slice");
        assertEq(lease.notice, 1440, "notice");
        assertEq(lease.epoch, 1, "epoch");
        assertEq(endOf(id), FIRST + 3000, "it ends when the escrow is dry");
        assertEq(LeaseId.unwrap(bondContract.leaseIn(customer, offer.slot)), LeaseId.unwrap(id), "it fills the slot");
        assertBalanced(offer);
    }

    function test_a_lease_opened_at_the_beginning_of_a_slice_covers_that_slice() public {
        vm.warp(BEGIN + 60);
        assertEq(SliceIndex.unwrap(stateOf(open(offerOf(1), 2880)).first), FIRST, "aligned, so whole");
    }

    function test_only_the_named_customer_opens_so_an_observer_gains_nothing() public {
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotCustomer.selector, stranger, customer));
        vm.prank(stranger);
        bondContract.open(offer, signature, 2880);
    }

    function test_an_offer_changed_in_any_field_is_not_signed() public {
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        offer.agreement = keccak256("another agreement");
        LeaseId id = bondContract.leaseIdOf(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, host));
        vm.prank(customer);
        bondContract.open(offer, signature, 2880);
    }

    function test_an_offer_is_for_one_contract() public {
        IModelBond other = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(token)));
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        LeaseId id = other.leaseIdOf(offer);
        assertTrue(LeaseId.unwrap(id) != LeaseId.unwrap(bondContract.leaseIdOf(offer)), "two contracts share no id");
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, host));
        vm.prank(customer);
        other.open(offer, signature, 2880);
    }

    function test_an_offer_is_for_one_chain_and_its_lease_keeps_its_name_when_the_chain_splits() public {
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        LeaseId id = bondContract.leaseIdOf(offer);
        vm.chainId(4242);
        assertEq(LeaseId.unwrap(bondContract.leaseIdOf(offer)), LeaseId.unwrap(id), "the name stays");
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, host));
        vm.prank(customer);
        bondContract.open(offer, signature, 2880);
    }

    function test_a_host_may_be_a_contract() public {
        ContractHost safe = new ContractHost(host);
        token.mint(address(safe), BONDED);
        safe.bond(token, bondContract, BONDED);
        IModelBond.Offer memory offer = offerOf(1);
        offer.host = address(safe);
        LeaseId id = open(offer, 2880);
        assertEq(stateOf(id).funded, 2880, "its owner's signature opened the lease");

        safe.refuse();
        offer.epoch = 2;
        bytes memory signature = signed(offer);
        id = bondContract.leaseIdOf(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, address(safe)));
        vm.prank(customer);
        bondContract.open(offer, signature, 2880);
    }

    function test_an_offer_for_another_asset_is_refused() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.asset = stranger;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondAssetWrong.selector, stranger, address(token)));
    }

    function test_a_tower_without_code_is_refused() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.tower = stranger;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondTowerEmpty.selector, stranger));
    }

    function test_an_offer_can_be_opened_until_its_expiry_and_no_longer() public {
        IModelBond.Offer memory offer = offerOf(1);
        vm.warp(offer.expiry + 1);
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondOfferExpired.selector, offer.expiry));
        vm.warp(offer.expiry);
        open(offer, 2880);
    }

    function test_a_slice_is_from_one_second_to_an_hour() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.slice = 0;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondSliceOutOfBounds.selector, 0));
        offer.slice = 3601;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondSliceOutOfBounds.selector, 3601));
    }

    function test_a_period_is_from_one_slice_to_31_days() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.period = 0;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondPeriodOutOfBounds.selector, 0));
        offer.period = 31 days / 60 + 1;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondPeriodOutOfBounds.selector, 31 days / 60 + 1));
    }

    function test_notice_is_from_one_slice_to_30_days() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.notice = 0;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondNoticeOutOfBounds.selector, 0));
        offer.notice = 30 days / 60 + 1;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondNoticeOutOfBounds.selector, 30 days / 60 + 1));
    }

    function test_allowance_and_maintenance_fit_into_a_period() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.allowance = 10_081;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondAllowanceOutOfBounds.selector, 10_081, 120, 10_080));
        offer.allowance = 10;
        offer.maintenanceBudget = 10_081;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondAllowanceOutOfBounds.selector, 10, 10_081, 10_080));
    }

    function test_the_fee_is_a_part_of_the_rate() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.fee = RATE;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondFeeOutOfBounds.selector, RATE, RATE));
    }

    function test_a_breach_credits_something_and_not_more_than_the_cover() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.creditPerSlice = 0;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondCreditOutOfBounds.selector, 0, COVER));
        offer.creditPerSlice = COVER + 1;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondCreditOutOfBounds.selector, COVER + 1, COVER));
    }

    function test_k_is_at_most_ten() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.coverFactor = 11;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondCoverFactorOutOfBounds.selector, 11));
    }

    function test_the_cover_is_at_most_k_times_the_price_of_a_period() public {
        IModelBond.Offer memory offer = offerOf(1);
        uint256 most = 2 * uint256(RATE) * 10_080;
        offer.cover = uint128(most) + 1;
        refuses(offer, abi.encodeWithSelector(IModelBond.ModelBondCoverOutOfBounds.selector, most + 1, most));
        offer.cover = uint128(most);
        open(offer, 2880);
    }

    function test_opening_prepays_what_the_offer_says() public {
        refuses(offerOf(1), 2879, abi.encodeWithSelector(IModelBond.ModelBondPrepaymentTooSmall.selector, 2879, 2880));
    }

    function test_opening_prepays_the_notice_at_least() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.prepayment = 1;
        refuses(offer, 1439, abi.encodeWithSelector(IModelBond.ModelBondPrepaymentTooSmall.selector, 1439, 1440));
        open(offer, 1440);
    }

    function test_the_cover_must_be_free() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER + 1);
        refuses(offerOf(1), abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, host, COVER - 1, COVER));
    }

    function test_two_leases_cannot_share_a_cover() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER);
        open(offerOf(1), 2880);
        refuses(offerOf(2), abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, host, 0, COVER));
    }

    function test_an_epoch_opens_once() public {
        open(offerOf(7), 2880);
        refuses(offerOf(7), abi.encodeWithSelector(IModelBond.ModelBondEpochNotNewer.selector, 7, 7));
    }

    function test_an_older_epoch_never_opens() public {
        open(offerOf(7), 2880);
        refuses(offerOf(6), abi.encodeWithSelector(IModelBond.ModelBondEpochNotNewer.selector, 6, 7));
    }

    function test_epochs_begin_at_one() public {
        refuses(offerOf(0), abi.encodeWithSelector(IModelBond.ModelBondEpochNotNewer.selector, 0, 0));
    }

    function test_a_newer_epoch_gives_the_older_exactly_its_notice_in_the_same_transaction() public {
        LeaseId older = open(offerOf(1), 10_000);
        vm.warp(block.timestamp + 1 days);
        IModelBond.Offer memory offer = offerOf(2);
        bytes memory signature = signed(offer);
        uint40 end = uint40(block.timestamp / 60) + 1440;
        vm.expectEmit(address(bondContract));
        emit IModelBond.Noticed(older, customer, SliceIndex.wrap(end));
        vm.prank(customer);
        bondContract.open(offer, signature, 2880);
        assertEq(endOf(older), end, "the older lease ends after its notice");
        assertTrue(!stateOf(older).released, "and its money is still there");
    }

    function test_an_older_lease_that_has_notice_keeps_its_end() public {
        LeaseId older = open(offerOf(1), 10_000);
        vm.prank(host);
        bondContract.close(offerOf(1));
        uint40 end = endOf(older);
        vm.warp(block.timestamp + 1 hours);
        IModelBond.Offer memory offer = offerOf(2);
        open(offer, 2880);
        assertEq(endOf(older), end, "notice is given once");
    }

    function test_an_older_lease_that_ended_keeps_its_end() public {
        LeaseId older = open(offerOf(1), 2880);
        vm.warp((FIRST + 2880) * 60);
        open(offerOf(2), 2880);
        assertEq(endOf(older), FIRST + 2880, "it was dry already");
    }

    function test_another_slot_is_not_touched() public {
        LeaseId one = open(offerOf(1), 2880);
        IModelBond.Offer memory offer = offerOf(1);
        offer.slot = SlotId.wrap("another place");
        open(offer, 2880);
        assertEq(endOf(one), FIRST + 2880, "the other slot's lease runs on");
    }

    function test_a_customer_who_cannot_pay_opens_nothing() public {
        IModelBond.Offer memory offer = offerOf(1);
        vm.prank(customer);
        token.approve(address(bondContract), 0);
        bytes memory signature = signed(offer);
        vm.expectRevert(
            abi.encodeWithSelector(
                bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")),
                address(bondContract),
                0,
                2880 * uint256(RATE)
            )
        );
        vm.prank(customer);
        bondContract.open(offer, signature, 2880);
    }

    function refuses(IModelBond.Offer memory offer, bytes memory why) private {
        refuses(offer, 2880, why);
    }

    function refuses(IModelBond.Offer memory offer, uint32 slices, bytes memory why) private {
        bytes memory signature = signed(offer);
        vm.expectRevert(why);
        vm.prank(customer);
        bondContract.open(offer, signature, slices);
    }
}

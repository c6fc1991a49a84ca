// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

contract CloseTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 10_000);
        vm.warp(block.timestamp + 1 days);
    }

    function test_a_customer_gives_notice() public {
        uint40 end = uint40(block.timestamp / 60) + 1440;
        vm.expectEmit(address(bondContract));
        emit IModelBond.Noticed(lease, customer, SliceIndex.wrap(end));
        vm.prank(customer);
        bondContract.close(offer);
        assertEq(endOf(lease), end, "it ends after the notice");
    }

    function test_a_host_gives_the_same_notice() public {
        vm.prank(host);
        bondContract.close(offer);
        assertEq(endOf(lease), uint40(block.timestamp / 60) + 1440, "either side's notice is the offer's");
    }

    function test_nobody_else_gives_notice() public {
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotParty.selector, stranger));
        vm.prank(stranger);
        bondContract.close(offer);
    }

    function test_notice_is_given_once() public {
        vm.prank(host);
        bondContract.close(offer);
        SliceIndex end = bondContract.endOf(lease);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseNoticed.selector, lease, end));
        vm.prank(customer);
        bondContract.close(offer);
    }

    function test_an_escrow_that_is_dry_sooner_ends_the_lease_sooner() public {
        vm.warp(uint256(FIRST + 9900) * 60);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Noticed(lease, host, SliceIndex.wrap(FIRST + 9900 + 1440));
        vm.prank(host);
        bondContract.close(offer);
        assertEq(endOf(lease), FIRST + 10_000, "dry before the notice is over");
    }

    /// @dev Who follows events must know that end: it cannot be read off an escrow that is topped up later.
    function test_a_top_up_after_the_notice_leads_to_the_end_that_was_told() public {
        vm.warp(uint256(FIRST + 9900) * 60);
        vm.prank(customer);
        bondContract.close(offer);
        vm.prank(customer);
        bondContract.topUp(offer, 5000);
        assertEq(endOf(lease), FIRST + 9900 + 1440, "the notice's end, as its event said");
    }

    function test_an_ended_lease_needs_no_notice() public {
        vm.warp(uint256(FIRST + 10_000) * 60);
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondLeaseEnded.selector, lease, SliceIndex.wrap(FIRST + 10_000))
        );
        vm.prank(customer);
        bondContract.close(offer);
    }

    function test_a_lease_closed_before_its_first_slice_costs_nothing_for_what_it_does_not_cover() public {
        offer = offerOf(2);
        offer.notice = 1;
        offer.prepayment = 1;
        lease = open(offer, 10);
        vm.prank(customer);
        bondContract.close(offer);
        IModelBond.Proof memory none;
        bondContract.release(offer, leafOf(0, 0, 0), none);
        assertEq(bondContract.balanceOf(customer), 10 * uint256(RATE), "no slice, no price");
    }
}

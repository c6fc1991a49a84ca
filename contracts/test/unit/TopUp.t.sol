// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

contract TopUpTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 2880);
    }

    function test_topping_up_moves_the_dry_end() public {
        uint256 before = token.balanceOf(customer);
        vm.expectEmit(address(bondContract));
        emit IModelBond.ToppedUp(lease, customer, 500);
        vm.prank(customer);
        bondContract.topUp(offer, 500);
        assertEq(endOf(lease), FIRST + 3380, "it lasts longer");
        assertEq(before - token.balanceOf(customer), 500 * uint256(RATE), "and was paid for");
        assertBalanced(offer);
    }

    function test_anybody_may_pay() public {
        fund(stranger);
        vm.prank(stranger);
        bondContract.topUp(offer, 1);
        assertEq(endOf(lease), FIRST + 2881, "who pays does not matter");
    }

    function test_what_is_left_lasts_for_the_notice() public {
        // 100 slices before it is dry, 1340 more make a notice
        vm.warp(uint256(FIRST + 2780) * 60);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondPrepaymentTooSmall.selector, 1439, 1440));
        vm.prank(customer);
        bondContract.topUp(offer, 1339);
        vm.prank(customer);
        bondContract.topUp(offer, 1340);
        assertEq(endOf(lease), FIRST + 4220, "exactly the notice is enough");
    }

    function test_notice_stands_whatever_is_paid() public {
        vm.prank(customer);
        bondContract.close(offer);
        uint40 end = endOf(lease);
        vm.prank(customer);
        bondContract.topUp(offer, 5000);
        assertEq(endOf(lease), end, "money takes no notice back");
    }

    function test_topping_up_nothing_is_refused() public {
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(customer);
        bondContract.topUp(offer, 0);
    }

    function test_an_ended_lease_cannot_be_topped_up() public {
        vm.warp(uint256(FIRST + 2880) * 60);
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondLeaseEnded.selector, lease, SliceIndex.wrap(FIRST + 2880))
        );
        vm.prank(customer);
        bondContract.topUp(offer, 5000);
    }

    function test_a_lease_that_was_never_opened_cannot_be_topped_up() public {
        offer.epoch = 2;
        LeaseId unknown = bondContract.leaseIdOf(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseUnknown.selector, unknown));
        vm.prank(customer);
        bondContract.topUp(offer, 5000);
    }
}

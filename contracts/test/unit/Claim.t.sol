// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

contract ClaimTest is Fixture {
    IModelBond.Offer private offer;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        LeaseId lease = open(offer, 5000);
        vm.warp(uint256(FIRST + 5000) * 60 + 1 hours);
        Leaf memory leaf = leafOf(5000, 500, 60);
        bondContract.release(offer, leaf, finalProof(lease, leaf));
    }

    function test_a_customer_pulls_its_credits_and_refunds() public {
        uint256 amount = 60 * uint256(CREDIT) + 500 * uint256(RATE);
        uint256 before = token.balanceOf(customer);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Claimed(customer, amount);
        vm.prank(customer);
        bondContract.claim();
        assertEq(token.balanceOf(customer) - before, amount, "paid out");
        assertEq(bondContract.balanceOf(customer), 0, "nothing is left");
        assertBalanced(offer);
    }

    function test_a_host_pulls_what_release_left_it() public {
        uint256 before = token.balanceOf(host);
        vm.prank(host);
        bondContract.claim();
        assertEq(token.balanceOf(host) - before, 4500 * uint256(RATE - FEE), "the stream");
    }

    function test_a_balance_is_paid_once() public {
        vm.prank(customer);
        bondContract.claim();
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(customer);
        bondContract.claim();
    }

    function test_who_has_no_balance_claims_nothing() public {
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(stranger);
        bondContract.claim();
    }
}

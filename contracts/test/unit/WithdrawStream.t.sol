// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

contract WithdrawStreamTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 30_000);
        vm.warp(BEGIN + 2 days);
    }

    function test_the_host_is_paid_what_it_earned_less_the_watchers_fee() public {
        Leaf memory leaf = leafOf(2000, 100, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        uint256 before = token.balanceOf(host);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Settled(lease, 2000, 100, 0);
        vm.expectEmit(address(bondContract));
        emit IModelBond.StreamPaid(lease, 1900, 1900 * uint256(RATE - FEE));
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        assertEq(token.balanceOf(host) - before, 1900 * uint256(RATE - FEE), "1900 slices were earned");
        assertEq(bondContract.poolOf(address(tower)), 1900 * uint256(FEE), "the fee of each is in the pool");
        assertEq(stateOf(lease).paid, 1900, "counted as paid");
        assertBalanced(offer);
    }

    function test_the_same_call_settles_the_customers_credit() public {
        Leaf memory leaf = leafOf(2000, 100, 60);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        assertEq(bondContract.balanceOf(customer), 60 * uint256(CREDIT), "nobody is paid past a breach");
        assertBalanced(offer);
    }

    function test_later_leaves_pay_the_difference() public {
        withdraw(leafOf(2000, 100, 0));
        uint256 before = token.balanceOf(host);
        withdraw(leafOf(2500, 200, 0));
        assertEq(token.balanceOf(host) - before, 400 * uint256(RATE - FEE), "2300 less 1900 slices");
    }

    function test_withdrawing_twice_pays_once() public {
        Leaf memory leaf = leafOf(2000, 100, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
    }

    function test_who_earned_nothing_is_paid_nothing() public {
        Leaf memory leaf = leafOf(2000, 2000, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
    }

    function test_only_the_host_withdraws() public {
        Leaf memory leaf = leafOf(2000, 100, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotHost.selector, customer, host));
        vm.prank(customer);
        bondContract.withdrawStream(offer, leaf, proof);
    }

    function test_a_released_lease_has_no_stream() public {
        vm.warp(uint256(FIRST + 30_000) * 60 + 1 hours);
        Leaf memory leaf = leafOf(30_000, 100, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        bondContract.release(offer, leaf, proof);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseReleased.selector, lease));
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
    }

    function withdraw(Leaf memory leaf) private {
        vm.warp(block.timestamp + 6 hours);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
    }
}

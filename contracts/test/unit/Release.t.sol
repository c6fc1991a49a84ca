// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

contract ReleaseTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 5000);
    }

    function test_release_deals_out_all_the_money() public {
        Leaf memory leaf = leafOf(5000, 500, 60);
        IModelBond.Proof memory proof = atTheEnd(leaf);
        vm.expectEmit(address(bondContract));
        emit IModelBond.StreamPaid(lease, 4500, 4500 * uint256(RATE - FEE));
        vm.expectEmit(address(bondContract));
        emit IModelBond.Released(lease, 500 * uint256(RATE), COVER - 60 * CREDIT);
        vm.prank(stranger);
        bondContract.release(offer, leaf, proof);

        assertEq(bondContract.balanceOf(host), 4500 * uint256(RATE - FEE), "the host's stream");
        assertEq(bondContract.poolOf(address(tower)), 4500 * uint256(FEE), "the watchers' fee");
        assertEq(
            bondContract.balanceOf(customer), 500 * uint256(RATE) + 60 * uint256(CREDIT), "the rest and the credit"
        );
        assertEq(bondContract.bondOf(host).reserved, 0, "no cover is reserved");
        assertEq(bondContract.bondOf(host).total, BONDED - 60 * CREDIT, "the bond is free, less the credit");
        assertTrue(stateOf(lease).released, "released");
        assertBalanced(offer);
    }

    function test_what_was_withdrawn_before_is_not_paid_again() public {
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(2000, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        leaf = leafOf(5000, 0, 0);
        bondContract.release(offer, leaf, atTheEnd(leaf));
        assertEq(bondContract.balanceOf(host), 3000 * uint256(RATE - FEE), "the rest of the stream");
        assertEq(bondContract.balanceOf(customer), 0, "nothing is left of the escrow");
        assertBalanced(offer);
    }

    function test_a_lease_that_runs_is_not_released() public {
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(2879, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseNotMeasured.selector, lease, 2879, 5000));
        bondContract.release(offer, leaf, proof);
    }

    function test_only_a_leaf_through_the_end_releases() public {
        Leaf memory leaf = leafOf(4999, 0, 0);
        IModelBond.Proof memory proof = atTheEnd(leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseNotMeasured.selector, lease, 4999, 5000));
        bondContract.release(offer, leaf, proof);
    }

    function test_a_lease_is_released_once() public {
        Leaf memory leaf = leafOf(5000, 0, 0);
        IModelBond.Proof memory proof = atTheEnd(leaf);
        bondContract.release(offer, leaf, proof);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseReleased.selector, lease));
        bondContract.release(offer, leaf, proof);
    }

    function test_a_lease_settled_through_its_end_needs_no_leaf() public {
        Leaf memory leaf = leafOf(5000, 500, 60);
        bondContract.settle(offer, leaf, atTheEnd(leaf));
        IModelBond.Proof memory none;
        bondContract.release(offer, leafOf(0, 0, 0), none);
        assertEq(bondContract.balanceOf(host), 4500 * uint256(RATE - FEE), "by what was settled");
        assertBalanced(offer);
    }

    function test_a_lease_whose_cover_is_used_up_is_released_by_the_leaf_that_used_it_up() public {
        vm.warp(BEGIN + 3 days);
        Leaf memory leaf = leafOf(4000, 2100, 2000);
        bondContract.release(offer, leaf, finalProof(lease, leaf));
        assertEq(bondContract.bondOf(host).total, BONDED - COVER, "the cover is gone");
        assertEq(bondContract.bondOf(host).reserved, 0, "and no other bond is held");
        assertEq(bondContract.balanceOf(host), 1900 * uint256(RATE - FEE), "what it earned is its own");
        assertEq(bondContract.balanceOf(customer), COVER + 3100 * uint256(RATE), "the cover and the rest");
        assertBalanced(offer);
    }

    function test_total_loss_of_the_bond_leaves_no_lock_behind() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER);
        vm.warp(BEGIN + 3 days);
        Leaf memory leaf = leafOf(4000, 4000, 3900);
        bondContract.release(offer, leaf, finalProof(lease, leaf));
        assertEq(bondContract.bondOf(host).total, 0, "all of it is lost");
        vm.prank(host);
        bondContract.bond(COVER);
        open(offerOf(2), 5000);
        assertEq(bondContract.bondOf(host).reserved, COVER, "and who bonds again can host again");
    }

    function test_the_freed_cover_leaves_at_once() public {
        Leaf memory leaf = leafOf(5000, 0, 0);
        bondContract.release(offer, leaf, atTheEnd(leaf));
        vm.prank(host);
        bondContract.withdrawBond(BONDED);
        assertEq(bondContract.bondOf(host).total, 0, "free means free");
    }

    function test_a_host_that_a_stall_paid_too_much_gives_back_nothing_of_its_bond() public {
        vm.warp(BEGIN + 5 days);
        tower.stall();
        vm.prank(host);
        bondContract.withdrawStalled(offer);
        assertEq(stateOf(lease).paid, 5000, "the whole escrow was freed");
        Leaf memory leaf = leafOf(5000, 5000, 10);
        bondContract.release(offer, leaf, finalProof(lease, leaf));
        assertEq(bondContract.balanceOf(host), 0, "no more for the host");
        assertEq(bondContract.balanceOf(customer), 10 * uint256(CREDIT), "the credit, and no refund");
        assertEq(bondContract.bondOf(host).total, BONDED - 10 * CREDIT, "cover pays breaches only");
        assertBalanced(offer);
    }

    function atTheEnd(Leaf memory leaf) private returns (IModelBond.Proof memory) {
        vm.warp(uint256(FIRST + 5000) * 60 + 1 hours);
        return finalProof(lease, leaf);
    }
}

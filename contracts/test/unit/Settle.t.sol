// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

contract SettleTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 30_000);
        vm.warp(BEGIN + 2 days);
    }

    function test_a_breach_is_credited_out_of_the_cover() public {
        Leaf memory leaf = leafOf(2000, 50, 40);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Settled(lease, 2000, 50, 40);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Credited(lease, customer, 40 * uint256(CREDIT));
        vm.prank(stranger);
        bondContract.settle(offer, leaf, proof);

        assertEq(bondContract.balanceOf(customer), 40 * uint256(CREDIT), "the customer's balance");
        assertEq(bondContract.bondOf(host).total, BONDED - 40 * CREDIT, "out of the bond");
        assertEq(bondContract.bondOf(host).reserved, COVER - 40 * CREDIT, "out of what is reserved for this lease");
        IModelBond.Lease memory state = stateOf(lease);
        assertEq(state.through, 2000, "through");
        assertEq(state.unearned, 50, "unearned");
        assertEq(state.breach, 40, "breach");
        assertBalanced(offer);
    }

    function test_settling_twice_by_one_leaf_credits_once() public {
        Leaf memory leaf = leafOf(2000, 50, 40);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        bondContract.settle(offer, leaf, proof);
        bondContract.settle(offer, leaf, proof);
        assertEq(bondContract.balanceOf(customer), 40 * uint256(CREDIT), "once");
    }

    function test_a_later_leaf_credits_the_rest() public {
        settle(leafOf(2000, 50, 40));
        settle(leafOf(2200, 60, 45));
        assertEq(bondContract.balanceOf(customer), 45 * uint256(CREDIT), "leaves are cumulative");
    }

    function test_without_a_breach_nothing_moves() public {
        settle(leafOf(2000, 50, 0));
        assertEq(bondContract.balanceOf(customer), 0, "unearned slices credit nothing");
        assertEq(bondContract.bondOf(host).total, BONDED, "nor cost the host its bond");
    }

    function test_credit_ends_where_the_cover_is_used_up_and_so_does_the_lease() public {
        vm.warp(BEGIN + 3 days);
        // 10e18 of cover are 2000 slices of 5e15
        Leaf memory leaf = leafOf(4000, 2500, 2100);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectEmit(address(bondContract));
        emit IModelBond.CoverUsedUp(lease, SliceIndex.wrap(FIRST + 4000));
        bondContract.settle(offer, leaf, proof);
        assertEq(bondContract.balanceOf(customer), COVER, "the whole cover, and no more");
        assertEq(bondContract.bondOf(host).reserved, 0, "nothing is left reserved");
        assertEq(bondContract.bondOf(host).total, BONDED - COVER, "the host's other bond is untouched");
        assertEq(endOf(lease), FIRST + 4000, "the lease ended with that leaf");
    }

    function test_breach_beyond_the_cover_credits_nothing_more() public {
        vm.warp(BEGIN + 3 days);
        settle(leafOf(3000, 2000, 1999));
        settle(leafOf(4000, 2500, 2499));
        assertEq(bondContract.balanceOf(customer), COVER, "the second leaf credits what one slice does");
        assertEq(endOf(lease), FIRST + 4000, "and ends the lease");
    }

    function test_counts_above_the_elapsed_slices_never_settle() public {
        // The frame ends two days after the beginning: 2880 slices, of which the first began before the lease.
        Leaf memory leaf = leafOf(2880, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafAhead.selector, lease, 2880, 2879));
        bondContract.settle(offer, leaf, proof);
        leaf = leafOf(3239, 0, 0);
        bondContract.settle(offer, leaf, finalProof(lease, leaf));
        assertEq(stateOf(lease).through, 3239, "all that has elapsed");
    }

    function test_no_more_is_counted_than_the_lease_lasts() public {
        vm.prank(host);
        bondContract.close(offer);
        vm.warp(BEGIN + 5 days);
        uint40 length = endOf(lease) - FIRST;
        Leaf memory leaf = leafOf(length + 1, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafAhead.selector, lease, length + 1, length));
        bondContract.settle(offer, leaf, proof);
        settle(leafOf(length, 0, 0));
    }

    function test_a_report_from_before_the_lease_says_nothing_of_it() public {
        offer = offerOf(2);
        vm.warp(BEGIN + 3 days + 1800);
        lease = open(offer, 30_000);
        Leaf memory leaf = leafOf(1, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafAhead.selector, lease, 1, 0));
        bondContract.settle(offer, leaf, proof);
    }

    function test_breach_is_part_of_unearned_and_unearned_of_through() public {
        Leaf memory leaf = leafOf(2000, 10, 11);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafInconsistent.selector, lease, leaf));
        bondContract.settle(offer, leaf, proof);
        leaf = leafOf(2000, 2001, 11);
        proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafInconsistent.selector, lease, leaf));
        bondContract.settle(offer, leaf, proof);
    }

    function test_credited_breach_is_never_taken_back() public {
        settle(leafOf(2000, 50, 40));
        refusesAsBehind(leafOf(2100, 50, 39), leafOf(2000, 50, 40));
    }

    function test_slices_that_were_not_earned_stay_so() public {
        settle(leafOf(2000, 50, 40));
        refusesAsBehind(leafOf(2100, 50, 41), leafOf(2000, 50, 40));
    }

    function test_earnings_never_fall() public {
        settle(leafOf(2000, 50, 40));
        refusesAsBehind(leafOf(2001, 52, 40), leafOf(2000, 50, 40));
    }

    function test_an_older_leaf_comes_too_late() public {
        Leaf memory older = leafOf(1900, 50, 40);
        IModelBond.Proof memory proof = finalProof(lease, older);
        settle(leafOf(2000, 50, 40));
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondLeafBehind.selector, lease, older, leafOf(2000, 50, 40))
        );
        bondContract.settle(offer, older, proof);
    }

    function test_a_root_is_used_only_when_final() public {
        Leaf memory leaf = leafOf(2000, 50, 40);
        IModelBond.Proof memory proof = pendingProof(lease, leaf);
        vm.warp(proof.report.postedAt + WINDOW - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWatchTower.WatchTowerReportNotFinal.selector, proof.report.seq, proof.report.postedAt + WINDOW
            )
        );
        bondContract.settle(offer, leaf, proof);
    }

    function test_a_leaf_that_is_not_in_the_tree_settles_nothing() public {
        IModelBond.Proof memory proof = finalProof(lease, leafOf(2000, 50, 40));
        vm.expectRevert(unknownLeaf(proof, leafHash(lease, leafOf(2000, 50, 41))));
        bondContract.settle(offer, leafOf(2000, 50, 41), proof);
    }

    function test_another_leases_leaf_settles_nothing() public {
        IModelBond.Proof memory proof = finalProof(lease, leafOf(2000, 50, 40));
        offer = offerOf(2);
        LeaseId other = open(offer, 30_000);
        vm.expectRevert(unknownLeaf(proof, leafHash(other, leafOf(2000, 50, 40))));
        bondContract.settle(offer, leafOf(2000, 50, 40), proof);
    }

    function test_a_watchers_leaf_settles_no_lease() public {
        // Whatever is awarded: the first word of a watcher's leaf is the hash of something else than an offer.
        IModelBond.Proof memory proof = pendingProof(payHash(address(bondContract), customer, 2000));
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(unknownLeaf(proof, leafHash(lease, leafOf(2000, 0, 0))));
        bondContract.settle(offer, leafOf(2000, 0, 0), proof);
    }

    function test_a_lease_that_was_never_opened_has_nothing_to_settle() public {
        offer = offerOf(2);
        LeaseId unknown = bondContract.leaseIdOf(offer);
        IModelBond.Proof memory proof = finalProof(unknown, leafOf(1, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseUnknown.selector, unknown));
        bondContract.settle(offer, leafOf(1, 0, 0), proof);
    }

    function test_terms_cannot_be_changed_after_opening() public {
        Leaf memory leaf = leafOf(2000, 50, 40);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        offer.creditPerSlice = COVER;
        LeaseId other = bondContract.leaseIdOf(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseUnknown.selector, other));
        bondContract.settle(offer, leaf, proof);
    }

    function settle(Leaf memory leaf) private {
        vm.warp(block.timestamp + 1 hours);
        bondContract.settle(offer, leaf, finalProof(lease, leaf));
    }

    function refusesAsBehind(Leaf memory leaf, Leaf memory settled) private {
        vm.warp(block.timestamp + 1 hours);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafBehind.selector, lease, leaf, settled));
        bondContract.settle(offer, leaf, proof);
    }
}

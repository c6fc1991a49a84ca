// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev The pool holds the fees of 1000 slices.
contract ClaimPayTest is Fixture {
    uint256 private constant POOL = 1000 * uint256(FEE);

    address private watcher = address(0x3A7C4E5);
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 30_000);
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(1000, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
    }

    function test_a_watcher_pulls_what_a_report_awards() public {
        IModelBond.Proof memory proof = awarded(POOL / 2);
        vm.expectEmit(address(bondContract));
        emit IModelBond.WatcherPaid(address(tower), watcher, POOL / 2);
        vm.prank(watcher);
        bondContract.claimPay(address(tower), POOL / 2, proof);
        assertEq(token.balanceOf(watcher), POOL / 2, "paid");
        assertEq(bondContract.poolOf(address(tower)), POOL / 2, "out of the pool");
        assertEq(bondContract.paidTo(address(tower), watcher), POOL / 2, "and counted");
        assertBalanced(offer);
    }

    function test_awards_are_cumulative() public {
        claim(POOL / 2);
        claim(POOL * 3 / 4);
        assertEq(token.balanceOf(watcher), POOL * 3 / 4, "the difference");
    }

    function test_an_award_is_paid_once() public {
        IModelBond.Proof memory proof = awarded(POOL / 2);
        vm.prank(watcher);
        bondContract.claimPay(address(tower), POOL / 2, proof);
        refuses(POOL / 2, proof, abi.encodeWithSelector(IModelBond.ModelBondNothing.selector));
    }

    function test_an_older_award_takes_nothing_back() public {
        IModelBond.Proof memory older = awarded(POOL / 4);
        claim(POOL / 2);
        refuses(POOL / 4, older, abi.encodeWithSelector(IModelBond.ModelBondNothing.selector));
    }

    function test_a_pool_pays_what_it_holds_and_owes_the_rest() public {
        claim(POOL * 2);
        assertEq(token.balanceOf(watcher), POOL, "all that was there");
        vm.warp(block.timestamp + 1 days);
        Leaf memory leaf = leafOf(1600, 0, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        claim(POOL * 2);
        assertEq(token.balanceOf(watcher), POOL + 600 * uint256(FEE), "the rest, as fees come in");
        assertBalanced(offer);
    }

    function test_no_award_reaches_more_than_the_pool() public {
        claim(type(uint256).max);
        assertEq(token.balanceOf(watcher), POOL, "bonds and escrows are out of reach");
        assertBalanced(offer);
    }

    function test_anothers_award_is_not_ones_own() public {
        IModelBond.Proof memory proof = awarded(POOL / 2);
        bytes memory why = unknownLeaf(proof, payHash(address(bondContract), stranger, POOL / 2));
        vm.expectRevert(why);
        vm.prank(stranger);
        bondContract.claimPay(address(tower), POOL / 2, proof);
    }

    function test_a_leases_leaf_pays_no_watcher() public {
        IModelBond.Proof memory proof = finalProof(lease, leafOf(1001, 0, 0));
        refuses(1001, proof, unknownLeaf(proof, payHash(address(bondContract), watcher, 1001)));
    }

    function test_an_award_counts_when_its_report_is_final() public {
        IModelBond.Proof memory proof = pendingProof(payHash(address(bondContract), watcher, POOL));
        uint256 finalAt = proof.report.postedAt + WINDOW;
        refuses(
            POOL,
            proof,
            abi.encodeWithSelector(IWatchTower.WatchTowerReportNotFinal.selector, proof.report.seq, finalAt)
        );
    }

    function test_another_towers_pool_is_another() public {
        IWatchTower other = newTower();
        IModelBond.Proof memory proof = awarded(POOL);
        vm.expectRevert(unknownLeaf(proof, payHash(address(bondContract), watcher, POOL)));
        vm.prank(watcher);
        bondContract.claimPay(address(other), POOL, proof);
        assertEq(bondContract.poolOf(address(other)), 0, "nothing is in it");
    }

    function awarded(uint256 amount) private returns (IModelBond.Proof memory proof) {
        vm.warp(block.timestamp + 1 hours);
        proof = pendingProof(payHash(address(bondContract), watcher, amount));
        vm.warp(block.timestamp + WINDOW);
    }

    function claim(uint256 amount) private {
        IModelBond.Proof memory proof = awarded(amount);
        vm.prank(watcher);
        bondContract.claimPay(address(tower), amount, proof);
    }

    function refuses(uint256 amount, IModelBond.Proof memory proof, bytes memory why) private {
        vm.expectRevert(why);
        vm.prank(watcher);
        bondContract.claimPay(address(tower), amount, proof);
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev The tower's last report speaks until two days after the beginning: 2879 slices. Then it is silent.
contract WithdrawStalledTest is Fixture {
    uint40 private constant REPORTED = 2879;

    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 30_000);
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(REPORTED, 79, 0);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        vm.warp(BEGIN + 4 days);
    }

    function test_a_stall_frees_the_stream_for_the_gap() public {
        tower.stall();
        uint256 before = token.balanceOf(host);
        vm.expectEmit(address(bondContract));
        emit IModelBond.StreamPaid(lease, 2880, 2880 * uint256(RATE - FEE));
        withdraw();
        assertEq(token.balanceOf(host) - before, 2880 * uint256(RATE - FEE), "two days without a report");
        assertEq(stateOf(lease).through, REPORTED, "nothing counts as measured by it");
        assertBalanced(offer);
    }

    function test_without_a_stall_nothing_is_free() public {
        refusesNothing();
    }

    function test_the_gap_is_paid_once() public {
        tower.stall();
        withdraw();
        refusesNothing();
    }

    function test_a_longer_stall_frees_more() public {
        tower.stall();
        withdraw();
        vm.warp(BEGIN + 5 days);
        tower.stall();
        uint256 before = token.balanceOf(host);
        withdraw();
        assertEq(token.balanceOf(host) - before, 1440 * uint256(RATE - FEE), "one more day");
    }

    function test_what_was_freed_is_netted_against_what_the_next_leaf_says() public {
        tower.stall();
        withdraw();
        // The report says that of the two silent days half was not earned: 2800 + 1440 earned, 2800 + 2880 paid.
        Leaf memory leaf = leafOf(REPORTED + 2880, 79 + 1440, 100);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        bondContract.settle(offer, leaf, proof);
        assertEq(bondContract.balanceOf(customer), 100 * uint256(CREDIT), "a stall forgives no breach");

        vm.warp(BEGIN + 6 days);
        leaf = leafOf(REPORTED + 5760, 79 + 1440, 100);
        proof = finalProof(lease, leaf);
        uint256 before = token.balanceOf(host);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        assertEq(token.balanceOf(host) - before, 1440 * uint256(RATE - FEE), "2880 earned since, 1440 had before");
        assertBalanced(offer);
    }

    function test_a_report_closes_the_gap_as_soon_as_it_is_posted() public {
        tower.stall();
        pendingProof(lease, leafOf(REPORTED + 2880, 79 + 2880, 0));
        refusesNothing();
    }

    function test_what_was_reported_and_not_settled_is_not_free() public {
        Leaf memory leaf = leafOf(REPORTED + 2880, 79 + 2880, 0);
        finalProof(lease, leaf);
        vm.warp(BEGIN + 6 days);
        tower.stall();
        uint256 before = token.balanceOf(host);
        withdraw();
        assertEq(token.balanceOf(host) - before, 2880 * uint256(RATE - FEE), "the days after that report only");
    }

    function test_a_stall_frees_nothing_after_the_end() public {
        vm.warp(BEGIN + 2 days);
        vm.prank(customer);
        bondContract.close(offer);
        vm.warp(BEGIN + 9 days);
        tower.stall();
        uint256 before = token.balanceOf(host);
        withdraw();
        assertEq(token.balanceOf(host) - before, 1440 * uint256(RATE - FEE), "the notice, and no more");
    }

    function test_a_stall_moves_no_cover() public {
        tower.stall();
        withdraw();
        assertEq(bondContract.bondOf(host).total, BONDED, "bond");
        assertEq(bondContract.bondOf(host).reserved, COVER, "cover");
    }

    function test_only_the_host_withdraws() public {
        tower.stall();
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotHost.selector, stranger, host));
        vm.prank(stranger);
        bondContract.withdrawStalled(offer);
    }

    function test_a_vetoed_report_opens_the_gap_again() public {
        tower.stall();
        IWatchTower.ReportRef memory before =
            IWatchTower.ReportRef({ seq: 1, frame: tower.head().frame, round: 1, postedAt: tower.head().postedAt });
        bytes32 beforeRoot = newestRoot;
        IModelBond.Proof memory proof = pendingProof(lease, leafOf(REPORTED + 2880, 79 + 2880, 0));
        refusesNothing();
        vm.prank(guardian);
        tower.veto(proof.report, newestRoot, before, beforeRoot);
        withdraw();
        assertEq(stateOf(lease).paid, 2800 + 2880, "as if it had not been posted");
    }

    function withdraw() private {
        vm.prank(host);
        bondContract.withdrawStalled(offer);
    }

    function refusesNothing() private {
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.withdrawStalled(offer);
    }
}

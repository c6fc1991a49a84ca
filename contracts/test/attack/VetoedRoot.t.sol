// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev A vetoed report leaves its word in the ring until another is posted there. Nothing may be settled by it.
contract VetoedRootTest is Fixture {
    uint40 private constant RING = 64;

    function test_a_vetoed_report_cannot_come_back_under_the_number_that_had_its_place_in_the_ring() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId lease = open(offer, 20_000);
        IWatchTower.ReportRef memory previous;
        for (uint256 i = 0; i < RING; ++i) {
            vm.warp(block.timestamp + 1 hours);
            previous = postRoot(keccak256(abi.encode(i)));
        }
        bytes32 previousRoot = newestRoot;
        vm.warp(block.timestamp + 1 hours);
        Leaf memory lie = leafOf(3000, 3000, 3000);
        IModelBond.Proof memory proof = pendingProof(lease, lie);
        vm.prank(guardian);
        tower.veto(proof.report, newestRoot, previous, previousRoot);

        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, proof.report.seq, newestRoot)
        );
        bondContract.settle(offer, lie, proof);
        proof.report.seq -= RING;
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, proof.report.seq, newestRoot)
        );
        bondContract.settle(offer, lie, proof);
    }
}

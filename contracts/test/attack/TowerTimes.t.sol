// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev Frame, window, stall and abandonment are one clock. A tower whose times do not fit together could be stalled
///      between two punctual reports, or be given up while its last report still waits.
contract TowerTimesTest is Fixture {
    function refuses(uint32 frameSeconds, uint32 windowSeconds) private {
        IWatchTower.Terms memory terms = towerTerms();
        terms.frameSeconds = frameSeconds;
        terms.windowSeconds = windowSeconds;
        vm.expectRevert(IWatchTower.WatchTowerTermsOutOfBounds.selector);
        deployTower(terms);
    }

    function test_a_tower_that_could_be_stalled_between_two_punctual_reports_is_refused() public {
        refuses(1 days, 1 hours);
    }

    function test_a_tower_whose_window_is_longer_than_the_wait_before_abandonment_is_refused() public {
        refuses(1 days, 20 days);
    }

    function test_a_tower_whose_guardian_could_stall_it_by_three_late_vetoes_is_refused() public {
        refuses(1 hours, 7 hours + 1);
    }

    function test_a_tower_whose_frame_would_be_too_old_after_three_late_vetoes_is_refused() public {
        refuses(1 minutes, 7 minutes + 1);
    }

    /// @dev The guardian waits until the last second each time, and still neither holds the frame back a fourth time nor
    ///      makes a day without a report.
    function test_a_guardian_delays_a_frame_by_three_windows_and_no_more_and_makes_no_stall() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory previous = postRoot(keccak256("before"));
        bytes32 previousRoot = newestRoot;
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), previousRoot, keccak256("held up"));
        IWatchTower.ReportRef memory posted;
        for (uint16 round = 1; round <= 3; ++round) {
            report.round = round;
            posted = post(report);
            vm.warp(block.timestamp + WINDOW - 1);
            vm.prank(guardian);
            tower.veto(posted, report.root, previous, previousRoot);
            uint256 possibleAt = (uint256(previous.frame) + 1) * 1 hours + 1 days;
            vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerNotStalled.selector, possibleAt));
            tower.stall();
        }
        report.round = 4;
        posted = post(report);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerVetoesUsedUp.selector, report.frame, report.frame));
        tower.veto(posted, report.root, previous, previousRoot);
        vm.warp(block.timestamp + WINDOW);
        assertEq(
            tower.finalThrough(posted, report.root), (uint256(report.frame) + 1) * 1 hours, "the fourth post is final"
        );
    }

    /// @dev Why watchers post a vetoed frame again instead of going on: a limit of the contract, and known (ADR 6).
    function test_watchers_that_go_on_with_newer_frames_give_the_guardian_three_vetoes_more() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory previous = postRoot(keccak256("before"));
        bytes32 previousRoot = newestRoot;
        for (uint256 i = 0; i < 5; ++i) {
            vm.warp(block.timestamp + 1 hours);
            IWatchTower.Report memory report = reportOf(lastFrame(), previousRoot, keccak256("newer"));
            IWatchTower.ReportRef memory posted = post(report);
            vm.prank(guardian);
            tower.veto(posted, report.root, previous, previousRoot);
            assertEq(tower.head().vetoes, 1, "a row of its own");
        }
    }

    function test_vetoing_the_highest_round_does_not_stop_newer_frames() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory previous = postRoot(keccak256("before"));
        bytes32 previousRoot = newestRoot;
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), previousRoot, keccak256("last round"));
        report.round = type(uint16).max;
        IWatchTower.ReportRef memory posted = post(report);
        vm.prank(guardian);
        tower.veto(posted, report.root, previous, previousRoot);
        vm.warp(block.timestamp + 1 hours);
        report = reportOf(lastFrame(), previousRoot, keccak256("newer"));
        assertEq(post(report).seq, previous.seq + 1, "a newer frame starts again at any round");
    }

    function test_a_lease_cannot_be_given_up_while_its_last_report_still_waits() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId lease = open(offer, 2880);
        uint256 end = uint256(endOf(lease)) * 60;
        vm.warp(end + 8 days - 1);
        IModelBond.Proof memory proof = pendingProof(lease, leafOf(2880, 2880, 100));
        uint256 possibleAt = (uint256(proof.report.frame) + 1) * 1 hours + 8 days;
        vm.warp(end + 8 days);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondTowerNotAbandoned.selector, lease, possibleAt));
        bondContract.releaseAbandoned(offer);
        vm.warp(block.timestamp + WINDOW);
        bondContract.release(offer, leafOf(2880, 2880, 100), proof);
        assertEq(bondContract.balanceOf(customer), 100 * uint256(CREDIT) + 2880 * uint256(RATE), "all of it came back");
    }
}

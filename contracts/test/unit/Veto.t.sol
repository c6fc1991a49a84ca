// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";

contract VetoTest is Fixture {
    /// @dev The reports that stand, with their roots; the first is the tower's beginning.
    IWatchTower.ReportRef[] private reports;
    bytes32[] private roots;

    function setUp() public override {
        super.setUp();
        IWatchTower.Head memory head = tower.head();
        reports.push(IWatchTower.ReportRef({ seq: 0, frame: head.frame, round: 0, postedAt: head.postedAt }));
        roots.push(0);
        vm.warp(BEGIN + 2 days);
        next(1);
    }

    function test_a_veto_drops_the_report() public {
        vm.expectEmit(address(tower));
        emit IWatchTower.Vetoed(1, 1, reports[1].frame, 1, 1);
        veto(1);
        assertEq(tower.head().seq, 0, "the report before is the newest again");
        vm.warp(block.timestamp + 2 * uint256(WINDOW));
        isUnknown(reports[1], roots[1]);
    }

    function test_a_veto_drops_all_that_was_built_on_it() public {
        next(1);
        next(1);
        next(1);
        vm.expectEmit(address(tower));
        emit IWatchTower.Vetoed(2, 4, reports[2].frame, 1, 1);
        veto(2);
        vm.warp(block.timestamp + WINDOW);
        tower.finalThrough(reports[1], roots[1]);
        isUnknown(reports[2], roots[2]);
        isUnknown(reports[3], roots[3]);
        isUnknown(reports[4], roots[4]);
        assertEq(tower.head().frame, reports[1].frame, "the frame before");
        assertEq(tower.head().postedAt, reports[1].postedAt, "and its time");
    }

    function test_dropped_reports_do_not_come_back_when_new_ones_follow() public {
        next(1);
        next(1);
        IWatchTower.ReportRef memory dropped = reports[3];
        bytes32 droppedRoot = roots[3];
        veto(2);
        forget(2);
        again(reports[1].frame + 1, 2);
        again(reports[1].frame + 2, 2);
        vm.warp(block.timestamp + WINDOW);
        isUnknown(dropped, droppedRoot);
        tower.finalThrough(reports[3], roots[3]);
    }

    function test_what_was_vetoed_is_not_posted_again() public {
        veto(1);
        IWatchTower.Report memory report = reportOf(reports[1].frame, 0, roots[1]);
        refuses(report, abi.encodeWithSelector(IWatchTower.WatchTowerRoundVetoed.selector, report.frame, 1, 1));
        report.round = 2;
        post(report);
        assertEq(tower.head().seq, 1, "a higher round is a new vote");
    }

    function test_frames_beyond_the_vetoed_ones_take_any_round() public {
        veto(1);
        forget(1);
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, keccak256("later"));
        report.round = 0;
        post(report);
        assertEq(tower.head().frame, lastFrame(), "watchers went on with the next frame");
    }

    function test_a_frame_is_vetoed_three_times_at_most() public {
        for (uint16 round = 2; round <= 4; ++round) {
            veto(1);
            forget(1);
            again(lastFrame(), round);
        }
        refusesUsedUp(1);
        vm.warp(block.timestamp + WINDOW);
        tower.finalThrough(reports[1], roots[1]);
    }

    function test_changing_between_frames_gives_no_more_vetoes() public {
        // A second frame is vetoed, then the first one, then the second again: a row is a row.
        next(1);
        uint40 first = reports[1].frame;
        veto(2);
        forget(2);
        again(first + 1, 2);
        veto(1);
        forget(1);
        again(first, 3);
        again(first + 1, 3);
        veto(2);
        forget(2);
        again(first + 1, 4);
        refusesUsedUp(2);
        refusesUsedUp(1);
    }

    function test_a_newer_frame_begins_a_new_row() public {
        test_a_frame_is_vetoed_three_times_at_most();
        next(0);
        veto(2);
        assertEq(tower.head().vetoes, 1, "the first of its row");
        assertEq(tower.head().vetoRound, 3, "vetoed rounds stay vetoed");
    }

    function test_a_final_report_is_not_vetoed() public {
        vm.warp(reports[1].postedAt + WINDOW);
        refuses(1, abi.encodeWithSelector(IWatchTower.WatchTowerReportFinal.selector, 1, reports[1].postedAt + WINDOW));
    }

    function test_only_the_guardian_vetoes() public {
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerNotGuardian.selector, stranger));
        vm.prank(stranger);
        tower.veto(reports[1], roots[1], reports[0], roots[0]);
    }

    function test_an_unknown_report_is_not_vetoed() public {
        roots[1] = keccak256("another");
        refuses(1, abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, 1, roots[1]));
    }

    function test_the_report_before_is_named_rightly() public {
        next(1);
        bytes memory why = abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, 0, roots[0]);
        vm.expectRevert(why);
        vm.prank(guardian);
        tower.veto(reports[2], roots[2], reports[0], roots[0]);

        roots[1] = keccak256("another");
        refuses(2, abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, 1, roots[1]));
    }

    function test_a_vetoed_frame_counts_as_not_reported() public {
        veto(1);
        (uint256 reported,) = tower.progress();
        assertEq(reported, BEGIN, "back to the tower's beginning");
        tower.stall();
    }

    function next(uint16 round) private {
        vm.warp(block.timestamp + 1 hours);
        again(lastFrame(), round);
    }

    function again(uint40 frame, uint16 round) private {
        bytes32 root = keccak256(abi.encode("root", frame, round));
        IWatchTower.Report memory report = reportOf(frame, roots[roots.length - 1], root);
        report.round = round;
        reports.push(post(report));
        roots.push(root);
    }

    function veto(uint256 seq) private {
        vm.prank(guardian);
        tower.veto(reports[seq], roots[seq], reports[seq - 1], roots[seq - 1]);
    }

    function forget(uint256 from) private {
        while (reports.length > from) {
            reports.pop();
            roots.pop();
        }
    }

    function refuses(uint256 seq, bytes memory why) private {
        vm.expectRevert(why);
        veto(seq);
    }

    function refuses(IWatchTower.Report memory report, bytes memory why) private {
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        vm.expectRevert(why);
        tower.post(report, FIVE_OF_SEVEN, list);
    }

    function refusesUsedUp(uint256 seq) private {
        uint40 mark = tower.head().vetoMark;
        refuses(seq, abi.encodeWithSelector(IWatchTower.WatchTowerVetoesUsedUp.selector, reports[seq].frame, mark));
    }

    function isUnknown(IWatchTower.ReportRef memory report, bytes32 root) private {
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, report.seq, root));
        tower.finalThrough(report, root);
    }
}

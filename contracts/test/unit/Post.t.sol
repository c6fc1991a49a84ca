// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";

contract PostTest is Fixture {
    bytes32 private constant ROOT = keccak256("root");

    function setUp() public override {
        super.setUp();
        vm.warp(BEGIN + 2 days + 30);
    }

    function test_a_quorum_posts_a_report() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        vm.expectEmit(address(tower));
        emit IWatchTower.Posted(1, report.frame, ROOT, 1, uint40(block.timestamp), 7, keccak256("data"), FIVE_OF_SEVEN);
        vm.prank(stranger);
        uint40 seq = tower.post(report, FIVE_OF_SEVEN, list);
        assertEq(seq, 1, "the first");
        IWatchTower.Head memory head = tower.head();
        assertEq(head.seq, 1, "seq");
        assertEq(head.frame, report.frame, "frame");
        assertEq(head.round, 1, "round");
        assertEq(head.postedAt, block.timestamp, "posted at");
        (uint256 reported, uint256 stalled) = tower.progress();
        assertEq(reported, BEGIN + 2 days, "it speaks through the end of its frame");
        assertEq(stalled, 0, "there was no stall");
    }

    function test_a_report_is_final_after_its_window() public {
        IWatchTower.ReportRef memory report = postRoot(ROOT);
        vm.warp(report.postedAt + WINDOW - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerReportNotFinal.selector, 1, report.postedAt + WINDOW)
        );
        tower.finalThrough(report, ROOT);
        vm.warp(report.postedAt + WINDOW);
        assertEq(tower.finalThrough(report, ROOT), BEGIN + 2 days, "through the end of its frame");
    }

    function test_a_report_has_one_root_one_frame_one_round_and_one_time() public {
        IWatchTower.ReportRef memory report = postRoot(ROOT);
        vm.warp(report.postedAt + WINDOW);
        isUnknown(report, keccak256("another"));
        report.frame -= 1;
        isUnknown(report, ROOT);
        report.frame += 1;
        report.round += 1;
        isUnknown(report, ROOT);
        report.round -= 1;
        report.postedAt -= 1;
        isUnknown(report, ROOT);
        report.postedAt += 1;
        report.seq += 1;
        isUnknown(report, ROOT);
    }

    function test_frames_pipeline_before_they_are_final() public {
        IWatchTower.ReportRef memory one = postRoot(ROOT);
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory two = postRoot(keccak256("next"));
        assertEq(two.seq, 2, "the next report");
        vm.warp(two.postedAt + WINDOW);
        assertEq(tower.finalThrough(one, ROOT), BEGIN + 2 days, "the older");
        assertEq(tower.finalThrough(two, keccak256("next")), BEGIN + 2 days + 1 hours, "the newer");
    }

    function test_frames_may_be_skipped_because_leaves_are_cumulative() public {
        postRoot(ROOT);
        vm.warp(block.timestamp + 5 hours);
        assertEq(postRoot(keccak256("next")).frame, lastFrame(), "five frames later");
    }

    function test_a_ring_of_64_reports_is_kept() public {
        IWatchTower.ReportRef memory first = postRoot(ROOT);
        IWatchTower.ReportRef memory second;
        for (uint256 i = 2; i <= 65; ++i) {
            vm.warp(block.timestamp + 1 hours);
            IWatchTower.ReportRef memory report = postRoot(keccak256(abi.encode(i)));
            if (i == 2) second = report;
        }
        isUnknown(first, ROOT);
        assertEq(
            tower.finalThrough(second, keccak256(abi.encode(2))), BEGIN + 2 days + 1 hours, "the 64th from the end"
        );
    }

    function test_the_first_report_of_a_frame_stands() public {
        postRoot(ROOT);
        IWatchTower.Report memory report = reportOf(lastFrame(), ROOT, keccak256("second"));
        refuses(
            report,
            FIVE_OF_SEVEN,
            abi.encodeWithSelector(IWatchTower.WatchTowerFrameNotNewer.selector, report.frame, report.frame)
        );
    }

    function test_older_frames_never_come_back() public {
        postRoot(ROOT);
        IWatchTower.Report memory report = reportOf(lastFrame() - 1, ROOT, keccak256("older"));
        refuses(
            report,
            FIVE_OF_SEVEN,
            abi.encodeWithSelector(IWatchTower.WatchTowerFrameNotNewer.selector, report.frame, report.frame + 1)
        );
    }

    function test_a_frame_is_reported_when_it_is_over() public {
        IWatchTower.Report memory report = reportOf(lastFrame() + 1, 0, ROOT);
        uint256 endsAt = BEGIN + 2 days + 1 hours;
        refuses(
            report,
            FIVE_OF_SEVEN,
            abi.encodeWithSelector(IWatchTower.WatchTowerFrameNotOver.selector, report.frame, endsAt)
        );
        vm.warp(endsAt);
        post(report);
    }

    function test_a_frame_more_than_24_frames_old_is_skipped() public {
        IWatchTower.Report memory report = reportOf(lastFrame() - 24, 0, ROOT);
        refuses(
            report,
            FIVE_OF_SEVEN,
            abi.encodeWithSelector(IWatchTower.WatchTowerFrameTooOld.selector, report.frame, report.frame + 1)
        );
        report.frame += 1;
        post(report);
    }

    function test_a_report_follows_on_the_newest_root() public {
        postRoot(ROOT);
        vm.warp(block.timestamp + 1 hours);
        refuses(
            reportOf(lastFrame(), keccak256("another"), keccak256("next")),
            FIVE_OF_SEVEN,
            abi.encodeWithSelector(IWatchTower.WatchTowerRootNotPrevious.selector, 1, keccak256("another"))
        );
    }

    function test_a_report_has_a_root() public {
        refuses(
            reportOf(lastFrame(), 0, 0), FIVE_OF_SEVEN, abi.encodeWithSelector(IWatchTower.WatchTowerRootEmpty.selector)
        );
    }

    function test_four_of_seven_are_no_quorum() public {
        refuses(
            reportOf(lastFrame(), 0, ROOT),
            15,
            abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, 4, 7)
        );
    }

    function test_nobody_signs_nothing() public {
        refuses(
            reportOf(lastFrame(), 0, ROOT), 0, abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, 0, 7)
        );
    }

    function test_any_five_are_a_quorum() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        // the places 0, 2, 3, 5 and 6
        tower.post(report, 109, signatures(report, 109));
        assertEq(tower.head().seq, 1, "posted");
    }

    function test_a_signer_counts_once() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        list[4] = list[3];
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, 4, vm.addr(keys[4])));
        tower.post(report, FIVE_OF_SEVEN, list);
    }

    function test_a_signature_is_for_one_report() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        report.dataHash = keccak256("other data");
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, 0, vm.addr(keys[0])));
        tower.post(report, FIVE_OF_SEVEN, list);
    }

    function test_a_signature_is_for_one_tower_and_one_chain() public {
        IWatchTower other = newTower();
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32 digest = tower.digestOf(report);
        assertTrue(other.digestOf(report) != digest, "another tower's digest is another");
        vm.chainId(4242);
        assertTrue(tower.digestOf(report) != digest, "another chain's too");
    }

    function test_a_signature_has_one_form_only() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint256 vs = uint256(list[0][1]);
        uint256 highS = order - (vs & (type(uint256).max >> 1));
        list[0][1] = bytes32(highS | ((1 - (vs >> 255)) << 255));
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, 0, vm.addr(keys[0])));
        tower.post(report, FIVE_OF_SEVEN, list);
    }

    function test_each_signer_brings_one_signature() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignaturesMiscounted.selector, 5, 63));
        tower.post(report, 63, list);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignaturesMiscounted.selector, 5, 15));
        tower.post(report, 15, list);
    }

    function test_places_outside_the_table_do_not_count() public {
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignerNotCounted.selector, 143, 127));
        tower.post(report, 143, list);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignerNotCounted.selector, type(uint256).max, 127));
        tower.post(report, type(uint256).max, list);
    }

    function test_without_a_table_nothing_is_posted() public {
        tower = newTower();
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        refuses(
            report, FIVE_OF_SEVEN, abi.encodeWithSelector(IWatchTower.WatchTowerTableUnknown.selector, report.frame)
        );
    }

    function test_frames_before_the_first_table_have_none() public {
        tower = newTower();
        vm.warp(block.timestamp + 3 hours);
        seatAll(tower, keys);
        setTable(tower, keys);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, ROOT);
        refuses(
            report, FIVE_OF_SEVEN, abi.encodeWithSelector(IWatchTower.WatchTowerTableUnknown.selector, report.frame)
        );
        vm.warp(block.timestamp + 1 hours);
        post(reportOf(lastFrame(), 0, ROOT));
    }

    function refuses(IWatchTower.Report memory report, uint256 signers, bytes memory why) private {
        bytes32[2][] memory list = signatures(report, signers);
        vm.expectRevert(why);
        tower.post(report, signers, list);
    }

    function isUnknown(IWatchTower.ReportRef memory report, bytes32 root) private {
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, report.seq, root));
        tower.finalThrough(report, root);
    }
}

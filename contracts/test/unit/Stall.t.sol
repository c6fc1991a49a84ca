// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";

contract StallTest is Fixture {
    function test_a_day_without_a_report_is_a_stall() public {
        vm.warp(BEGIN + 1 days);
        vm.expectEmit(address(tower));
        emit IWatchTower.Stalled(BEGIN, uint40(BEGIN + 1 days));
        vm.prank(stranger);
        tower.stall();
        (uint256 reported, uint256 stalled) = tower.progress();
        assertEq(reported, BEGIN, "nothing is reported by it");
        assertEq(stalled, BEGIN + 1 days, "free until now");
    }

    function test_a_shorter_silence_is_none() public {
        vm.warp(BEGIN + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerNotStalled.selector, BEGIN + 1 days));
        tower.stall();
    }

    function test_a_report_ends_the_silence() public {
        vm.warp(BEGIN + 1 days);
        postRoot(keccak256("root"));
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerNotStalled.selector, BEGIN + 2 days));
        tower.stall();
    }

    function test_a_stall_erases_nothing() public {
        vm.warp(BEGIN + 1 days);
        IWatchTower.ReportRef memory report = postRoot(keccak256("root"));
        vm.warp(BEGIN + 3 days);
        IWatchTower.Head memory before = tower.head();
        tower.stall();
        IWatchTower.Head memory head = tower.head();
        assertEq(head.seq, before.seq, "the newest report is the same");
        assertEq(tower.finalThrough(report, keccak256("root")), BEGIN + 1 days, "and as final as before");
        postRoot(keccak256("next"));
        (uint256 reported, uint256 stalled) = tower.progress();
        assertEq(reported, BEGIN + 3 days, "the next report speaks for the silent time too");
        assertEq(stalled, BEGIN + 3 days, "the stall is remembered");
    }
}

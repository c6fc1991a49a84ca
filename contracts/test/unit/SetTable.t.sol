// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

contract SetTableTest is Fixture {
    uint256 private constant DELAY = 30 days + uint256(WINDOW);

    function test_the_first_table_signs_at_once() public view {
        (IWatchTower.Table memory table, IWatchTower.Member[] memory members) = tower.signersOf(lastFrame() + 1);
        assertEq(table.fromFrame, BEGIN / 1 hours, "from the frame in which it was set");
        assertEq(members.length, 7, "seven signers");
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(members[i].signer, vm.addr(keys[i]), "in the order of their keys");
            assertEq(members[i].weight, 1, "with their weight");
        }
    }

    function test_a_later_table_waits_longer_than_the_longest_notice_and_the_window() public {
        (IWatchTower.Table memory before,) = tower.signersOf(lastFrame() + 1);
        setTable(tower, keys);
        uint40 from = uint40((block.timestamp + DELAY) / 1 hours + 1);
        (IWatchTower.Table memory table,) = tower.signersOf(from);
        assertEq(table.fromFrame, from, "its first frame");
        assertTrue(uint256(from) * 1 hours > block.timestamp + DELAY, "begins after the delay");
        (table,) = tower.signersOf(from - 1);
        assertEq(table.code, before.code, "until then the older table signs");
        assertEq(tower.delayOfTables(), DELAY, "the delay is what it says");
    }

    function test_a_report_is_signed_by_the_table_of_its_frame() public {
        uint256[] memory fewer = new uint256[](3);
        (fewer[0], fewer[1], fewer[2]) = (keys[0], keys[1], keys[2]);
        setTable(tower, fewer);
        (IWatchTower.Table memory table,) = tower.signersOf(type(uint40).max);
        vm.warp((uint256(table.fromFrame) + 1) * 1 hours);
        IWatchTower.Report memory report = reportOf(table.fromFrame - 1, 0, keccak256("old"));
        bytes32[2][] memory list = signatures(report, 3);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, 2, 7));
        tower.post(report, 3, list);
        post(report);
        report = reportOf(table.fromFrame, keccak256("old"), keccak256("new"));
        tower.post(report, 3, signatures(report, 3));
        assertEq(tower.head().seq, 2, "two of the new three");
    }

    function test_a_table_that_waits_is_replaced_and_the_wait_begins_anew() public {
        (IWatchTower.Table memory first,) = tower.signersOf(lastFrame() + 1);
        setTable(tower, keys);
        vm.warp(block.timestamp + 20 days);
        setTable(tower, keys);
        uint40 from = uint40((block.timestamp + DELAY) / 1 hours + 1);
        (IWatchTower.Table memory table,) = tower.signersOf(from - 1);
        assertEq(table.code, first.code, "the one that signs stays");
        (table,) = tower.signersOf(from);
        assertEq(table.fromFrame, from, "the new one waits its whole time");
    }

    function test_frames_of_a_table_two_back_have_none() public {
        setTable(tower, keys);
        (IWatchTower.Table memory second,) = tower.signersOf(type(uint40).max);
        vm.warp(uint256(second.fromFrame) * 1 hours);
        setTable(tower, keys);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerTableUnknown.selector, second.fromFrame - 1));
        tower.signersOf(second.fromFrame - 1);
    }

    function test_setting_a_table_says_all_of_it() public {
        vm.recordLogs();
        setTable(tower, keys);
        (IWatchTower.Table memory table,) = tower.signersOf(type(uint40).max);
        bytes memory data = vm.getRecordedLogs()[0].data;
        (uint40 from, IWatchTower.Member[] memory members) = abi.decode(data, (uint40, IWatchTower.Member[]));
        assertEq(from, table.fromFrame, "its first frame");
        assertEq(members[6].domain, bytes32(uint256(6)), "and the failure domains");
    }

    function test_a_table_has_from_1_to_31_members() public {
        refuses(new IWatchTower.Member[](0), abi.encodeWithSelector(IWatchTower.WatchTowerTableSize.selector, 0));
        refuses(new IWatchTower.Member[](32), abi.encodeWithSelector(IWatchTower.WatchTowerTableSize.selector, 32));
    }

    function test_a_key_stands_once_and_in_order() public {
        IWatchTower.Member[] memory members = membersOf(keys);
        members[3] = members[2];
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerTableOrder.selector, members[3].signer));
        members = membersOf(keys);
        (members[3], members[4]) = (members[4], members[3]);
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerTableOrder.selector, members[4].signer));
    }

    function test_a_member_has_a_weight() public {
        IWatchTower.Member[] memory members = membersOf(keys);
        members[5].weight = 0;
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerTableOrder.selector, members[5].signer));
    }

    function test_a_member_has_staked() public {
        address poor = address(type(uint160).max);
        vm.prank(owner);
        tower.grantSeat(poor, staker);
        token.mint(staker, STAKE);
        vm.prank(staker);
        tower.stake(poor, STAKE - 1);
        IWatchTower.Member[] memory members = membersOf(keys);
        members[6].signer = poor;
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotReady.selector, poor));
        vm.prank(staker);
        tower.stake(poor, 1);
        vm.prank(owner);
        tower.setTable(members);
    }

    function test_who_leaves_is_in_no_new_table() public {
        address leaver = address(type(uint160).max);
        vm.prank(owner);
        tower.grantSeat(leaver, staker);
        token.mint(staker, STAKE);
        vm.prank(staker);
        tower.stake(leaver, STAKE);
        vm.prank(staker);
        tower.leaveSeat(leaver);
        IWatchTower.Member[] memory members = membersOf(keys);
        members[6].signer = leaver;
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotReady.selector, leaver));
    }

    function test_who_equivocated_is_in_no_new_table_even_with_a_new_stake() public {
        IWatchTower.Report memory a = reportOf(lastFrame(), 0, keccak256("a"));
        IWatchTower.Report memory b = reportOf(lastFrame(), 0, keccak256("b"));
        bytes32[2] memory signatureA = signedBy(keys[1], tower.digestOf(a));
        bytes32[2] memory signatureB = signedBy(keys[1], tower.digestOf(b));
        tower.proveEquivocation(a, b, signatureA, signatureB);
        token.mint(staker, STAKE);
        vm.prank(staker);
        tower.stake(vm.addr(keys[1]), STAKE);
        refuses(membersOf(keys), abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotReady.selector, vm.addr(keys[1])));
    }

    function test_a_failure_domain_holds_a_third_at_most() public {
        IWatchTower.Member[] memory members = membersOf(keys);
        members[1].domain = members[0].domain;
        vm.prank(owner);
        tower.setTable(members);
        members[2].domain = members[0].domain;
        refuses(members, abi.encodeWithSelector(IWatchTower.WatchTowerDomainTooHeavy.selector, members[0].domain, 3, 7));
    }

    function test_a_weight_counts_towards_its_domain() public {
        IWatchTower.Member[] memory members = membersOf(keys);
        members[4].weight = 4;
        refuses(
            members, abi.encodeWithSelector(IWatchTower.WatchTowerDomainTooHeavy.selector, members[4].domain, 4, 10)
        );
        members[4].weight = 3;
        vm.prank(owner);
        tower.setTable(members);
    }

    function test_31_signers_of_the_highest_weight_fit() public {
        tower = newTower();
        keys = sortedKeys(31);
        seatAll(tower, keys);
        IWatchTower.Member[] memory members = membersOf(keys);
        for (uint256 i = 0; i < 31; ++i) {
            members[i].weight = 255;
        }
        vm.prank(owner);
        tower.setTable(members);
        (, IWatchTower.Member[] memory stored) = tower.signersOf(lastFrame() + 1);
        assertEq(stored[30].signer, members[30].signer, "the last signer");
        assertEq(stored[30].weight, 255, "and its weight");
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, keccak256("root"));
        bytes32[2][] memory list = signatures(report, (1 << 20) - 1);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, 20 * 255, 31 * 255));
        tower.post(report, (1 << 20) - 1, list);
        tower.post(report, (1 << 21) - 1, signatures(report, (1 << 21) - 1));
    }

    function test_only_the_owner_sets_a_table() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        tower.setTable(membersOf(keys));
    }

    function refuses(IWatchTower.Member[] memory members, bytes memory why) private {
        vm.expectRevert(why);
        vm.prank(owner);
        tower.setTable(members);
    }
}

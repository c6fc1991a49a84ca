// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";

contract ProveEquivocationTest is Fixture {
    IWatchTower.Report private a;
    IWatchTower.Report private b;
    address private liar;

    function setUp() public override {
        super.setUp();
        vm.warp(BEGIN + 1 days);
        a = reportOf(lastFrame(), 0, keccak256("a"));
        b = reportOf(lastFrame(), 0, keccak256("b"));
        liar = vm.addr(keys[2]);
    }

    function test_two_reports_of_one_round_cost_the_stake() public {
        uint256 held = token.balanceOf(address(tower));
        (bytes32[2] memory signatureA, bytes32[2] memory signatureB) = both(keys[2]);
        vm.expectEmit(address(tower));
        emit IWatchTower.Equivocated(liar, a.frame, 1, stranger, BOUNTY, STAKE - BOUNTY);
        vm.prank(stranger);
        tower.proveEquivocation(a, b, signatureA, signatureB);
        assertEq(token.balanceOf(stranger), BOUNTY, "the prover's bounty");
        assertEq(held - token.balanceOf(address(tower)), BOUNTY, "the rest stays locked");
        assertEq(tower.seatOf(liar).stake, 0, "no stake is left");
        assertTrue(tower.seatOf(liar).slashed, "slashed");
    }

    function test_who_equivocated_no_longer_counts() public {
        prove(keys[2]);
        bytes32[2][] memory list = signatures(a, FIVE_OF_SEVEN);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSignerNotCounted.selector, 31, 123));
        tower.post(a, FIVE_OF_SEVEN, list);
        // 0, 1, 3, 4, 5
        list = signatures(a, 59);
        tower.post(a, 59, list);
        assertEq(tower.head().seq, 1, "five others are a quorum still");
    }

    function test_who_equivocated_counts_in_no_waiting_table_either() public {
        setTable(tower, keys);
        prove(keys[2]);
        (IWatchTower.Table memory now_,) = tower.signersOf(lastFrame());
        (IWatchTower.Table memory then,) = tower.signersOf(type(uint40).max);
        assertTrue(now_.code != then.code, "two tables");
        assertEq(now_.barred, 4, "barred from the one that signs");
        assertEq(then.barred, 4, "and from the one that waits");
    }

    function test_who_is_in_no_table_has_only_a_stake_to_lose() public {
        uint256 key = uint256(keccak256("newcomer"));
        uint256[] memory one = new uint256[](1);
        one[0] = key;
        seatAll(tower, one);
        prove(key);
        assertEq(tower.seatOf(vm.addr(key)).stake, 0, "slashed");
        (IWatchTower.Table memory table,) = tower.signersOf(lastFrame());
        assertEq(table.barred, 0, "nobody else is barred");
    }

    function test_a_stake_is_slashed_once() public {
        prove(keys[2]);
        refuses(keys[2], keys[2], notSlashable(liar, liar));
    }

    function test_a_stake_smaller_than_the_bounty_is_all_bounty() public {
        uint256 key = uint256(keccak256("newcomer"));
        vm.prank(owner);
        tower.grantSeat(vm.addr(key), staker);
        token.mint(staker, BOUNTY - 1);
        vm.prank(staker);
        tower.stake(vm.addr(key), BOUNTY - 1);
        prove(key);
        assertEq(token.balanceOf(address(this)), BOUNTY - 1, "no more than there is");
    }

    function test_one_report_signed_twice_is_none() public {
        b = a;
        refuses(keys[2], keys[2], notEquivocation());
    }

    function test_another_round_is_none() public {
        b.round = 2;
        refuses(keys[2], keys[2], notEquivocation());
    }

    function test_another_frame_is_none() public {
        b.frame += 1;
        refuses(keys[2], keys[2], notEquivocation());
    }

    function test_two_signers_are_none() public {
        refuses(keys[2], keys[3], notSlashable(liar, vm.addr(keys[3])));
    }

    function test_a_stranger_has_nothing_to_slash() public {
        refuses(77, 77, notSlashable(vm.addr(77), vm.addr(77)));
    }

    function test_broken_signatures_are_nobodys() public {
        bytes32[2] memory broken;
        vm.expectRevert(notSlashable(address(0), address(0)));
        tower.proveEquivocation(a, b, broken, broken);
    }

    function prove(uint256 key) private {
        (bytes32[2] memory signatureA, bytes32[2] memory signatureB) = both(key);
        tower.proveEquivocation(a, b, signatureA, signatureB);
    }

    function both(uint256 key) private view returns (bytes32[2] memory, bytes32[2] memory) {
        return (signedBy(key, tower.digestOf(a)), signedBy(key, tower.digestOf(b)));
    }

    function refuses(uint256 keyA, uint256 keyB, bytes memory why) private {
        bytes32[2] memory signatureA = signedBy(keyA, tower.digestOf(a));
        bytes32[2] memory signatureB = signedBy(keyB, tower.digestOf(b));
        vm.expectRevert(why);
        tower.proveEquivocation(a, b, signatureA, signatureB);
    }

    function notEquivocation() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IWatchTower.WatchTowerNotEquivocation.selector);
    }

    function notSlashable(address one, address other) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IWatchTower.WatchTowerSignerNotSlashable.selector, one, other);
    }
}

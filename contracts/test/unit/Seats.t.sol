// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";
import { FeeToken } from "../base/Tokens.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

/// @dev Granting, staking for, leaving and giving up a seat.
contract SeatsTest is Fixture {
    uint256 private constant DELAY = 30 days + uint256(WINDOW);

    address private signer = address(0x51614E4);

    function setUp() public override {
        super.setUp();
        token.mint(staker, 10 * uint256(STAKE));
    }

    function test_the_owner_grants_a_seat() public {
        vm.expectEmit(address(tower));
        emit IWatchTower.SeatGranted(signer, staker);
        grant();
        assertEq(tower.seatOf(signer).staker, staker, "its staker");
        assertEq(tower.seatOf(signer).stake, 0, "nothing is staked yet");
    }

    function test_nobody_else_grants_one() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        tower.grantSeat(signer, staker);
    }

    function test_a_seat_is_granted_once() public {
        grant();
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatTaken.selector, signer));
        grant();
    }

    function test_a_seat_has_a_signer_and_a_staker() public {
        vm.expectRevert(IWatchTower.WatchTowerSeatEmpty.selector);
        vm.prank(owner);
        tower.grantSeat(address(0), staker);
        vm.expectRevert(IWatchTower.WatchTowerSeatEmpty.selector);
        vm.prank(owner);
        tower.grantSeat(signer, address(0));
    }

    function test_a_staker_stakes_in_parts() public {
        grant();
        vm.prank(staker);
        tower.stake(signer, 1e18);
        vm.expectEmit(address(tower));
        emit IWatchTower.Staked(signer, staker, 2e18, 3e18);
        vm.prank(staker);
        tower.stake(signer, 2e18);
        assertEq(tower.seatOf(signer).stake, 3e18, "both");
    }

    function test_only_the_staker_stakes() public {
        grant();
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerNotStaker.selector, stranger, staker));
        vm.prank(stranger);
        tower.stake(signer, 1);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        FeeToken taking = new FeeToken();
        IWatchTower.Terms memory terms = towerTerms();
        terms.asset = address(taking);
        IWatchTower other = deployTower(terms);
        taking.mint(staker, 1e18);
        vm.prank(staker);
        taking.approve(address(other), 1e18);
        vm.prank(owner);
        other.grantSeat(signer, staker);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerAssetNotPlain.selector, 1e18, 0.99e18));
        vm.prank(staker);
        other.stake(signer, 1e18);
    }

    function test_a_seat_in_no_table_is_left_and_its_stake_comes_back_after_the_delay() public {
        grantAndStake();
        uint256 leavesAt = block.timestamp + DELAY;
        vm.expectEmit(address(tower));
        emit IWatchTower.SeatLeft(signer, uint40(leavesAt));
        leaveSeat(signer);
        vm.warp(leavesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotLeft.selector, signer, leavesAt));
        unstake();
        vm.warp(leavesAt);
        uint256 before = token.balanceOf(staker);
        vm.expectEmit(address(tower));
        emit IWatchTower.Unstaked(signer, staker, STAKE);
        unstake();
        assertEq(token.balanceOf(staker) - before, STAKE, "all of it");
        assertEq(tower.seatOf(signer).staker, address(0), "the seat is gone");
    }

    function test_a_seat_that_is_not_left_keeps_its_stake() public {
        grantAndStake();
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotLeft.selector, signer, 0));
        unstake();
    }

    function test_only_the_staker_leaves_and_unstakes() public {
        grantAndStake();
        bytes memory why = abi.encodeWithSelector(IWatchTower.WatchTowerNotStaker.selector, stranger, staker);
        vm.expectRevert(why);
        vm.prank(stranger);
        tower.leaveSeat(signer);
        vm.expectRevert(why);
        vm.prank(stranger);
        tower.unstake(signer);
    }

    function test_a_signer_of_the_table_does_not_leave() public {
        refusesToLeave(vm.addr(keys[0]));
    }

    function test_a_signer_of_a_waiting_table_does_not_leave() public {
        grantAndStake();
        vm.prank(owner);
        tower.setTable(withNewcomer());
        refusesToLeave(signer);
    }

    function test_a_signer_of_the_last_table_leaves_when_that_can_sign_no_more() public {
        grantAndStake();
        address out = vm.addr(keys[6]);
        vm.prank(owner);
        tower.setTable(withNewcomer());
        refusesToLeave(out);
        (IWatchTower.Table memory table,) = tower.signersOf(type(uint40).max);
        // The new table signs, yet frames of the last may be posted until they are 24 frames old.
        vm.warp((uint256(table.fromFrame) + 24) * 1 hours - 1);
        refusesToLeave(out);
        vm.warp((uint256(table.fromFrame) + 24) * 1 hours);
        leaveSeat(out);
        refusesToLeave(vm.addr(keys[0]));
    }

    function test_a_slashed_stake_leaves_nothing_to_take_back() public {
        uint256 key = uint256(keccak256("newcomer"));
        signer = vm.addr(key);
        grantAndStake();
        leaveSeat(signer);
        vm.warp(block.timestamp + DELAY);
        IWatchTower.Report memory a = reportOf(lastFrame(), 0, keccak256("a"));
        IWatchTower.Report memory b = reportOf(lastFrame(), 0, keccak256("b"));
        bytes32[2] memory signatureA = signedBy(key, tower.digestOf(a));
        bytes32[2] memory signatureB = signedBy(key, tower.digestOf(b));
        tower.proveEquivocation(a, b, signatureA, signatureB);
        uint256 before = token.balanceOf(staker);
        unstake();
        assertEq(token.balanceOf(staker), before, "leaving does not outrun a proof");
    }

    /// @dev The seven signers, the last of whom makes room for the newcomer.
    function withNewcomer() private view returns (IWatchTower.Member[] memory members) {
        members = membersOf(keys);
        members[6].signer = signer;
        for (uint256 i = 6; i > 0 && members[i - 1].signer > members[i].signer; --i) {
            (members[i - 1], members[i]) = (members[i], members[i - 1]);
        }
    }

    function grant() private {
        vm.prank(owner);
        tower.grantSeat(signer, staker);
    }

    function grantAndStake() private {
        grant();
        vm.prank(staker);
        tower.stake(signer, STAKE);
    }

    function leaveSeat(address of_) private {
        vm.prank(staker);
        tower.leaveSeat(of_);
    }

    function unstake() private {
        vm.prank(staker);
        tower.unstake(signer);
    }

    function refusesToLeave(address of_) private {
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatInTable.selector, of_));
        leaveSeat(of_);
    }
}

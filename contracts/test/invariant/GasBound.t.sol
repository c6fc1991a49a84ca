// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev Item 14 of the list: nothing costs more because there are more leases, and what grows with watchers stops
///      growing at the table's cap.
contract GasBoundTest is Fixture {
    uint256 private constant CAP = 31;

    function test_no_actions_gas_grows_with_the_number_of_leases() external {
        uint256 start = vm.snapshotState();
        uint256[] memory few = _life(1);
        vm.revertToState(start);
        uint256[] memory many = _life(200);
        string[9] memory names =
            ["bond", "open", "topUp", "announce", "close", "settle", "withdrawStream", "withdrawBond", "release"];
        for (uint256 i = 0; i < names.length; ++i) {
            assertTrue(few[i] > 20_000, string.concat(names[i], ": measured"));
            assertEq(few[i], many[i], string.concat(names[i], ": as cheap among 200 leases as beside one"));
        }
    }

    /// @dev The life of one lease beside `others` of the same host and customer: what each step costs.
    function _life(uint256 others) private returns (uint256[] memory gas_) {
        _openLeases(others);
        gas_ = new uint256[](9);
        IModelBond.Offer memory offer = offerOf(1);
        gas_[0] = _gasOf(host, abi.encodeCall(bondContract.bond, (1e18)));
        gas_[1] = _gasOf(customer, abi.encodeCall(bondContract.open, (offer, signed(offer), 5000)));
        gas_[2] = _gasOf(customer, abi.encodeCall(bondContract.topUp, (offer, 100)));
        SliceIndex from = SliceIndex.wrap(FIRST + 200);
        gas_[3] = _gasOf(host, abi.encodeCall(bondContract.announce, (offer, from, 10)));
        gas_[4] = _gasOf(customer, abi.encodeCall(bondContract.close, (offer)));
        vm.warp(BEGIN + 12 hours);
        gas_[5] = _by(offer, leafOf(600, 60, 40), bondContract.settle.selector);
        gas_[6] = _by(offer, leafOf(700, 60, 40), bondContract.withdrawStream.selector);
        gas_[7] = _gasOf(host, abi.encodeCall(bondContract.withdrawBond, (1e18)));
        vm.warp(BEGIN + 3 days);
        uint40 length = endOf(bondContract.leaseIdOf(offer)) - FIRST;
        gas_[8] = _by(offer, leafOf(length, 60, 40), bondContract.release.selector);
    }

    function _openLeases(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            IModelBond.Offer memory offer = offerOf(1);
            offer.slot = SlotId.wrap(bytes32(i + 1));
            offer.cover = 1e16;
            open(offer, 40_000);
        }
    }

    function _by(IModelBond.Offer memory offer, Leaf memory leaf, bytes4 action) private returns (uint256) {
        IModelBond.Proof memory proof = finalProof(bondContract.leaseIdOf(offer), leaf);
        return _gasOf(host, abi.encodeWithSelector(action, offer, leaf, proof));
    }

    function _gasOf(address caller, bytes memory data) private returns (uint256) {
        vm.prank(caller);
        (bool done,) = address(bondContract).call(data);
        uint256 spent = vm.lastCallGas().total;
        assertTrue(done, "the action goes through");
        return spent;
    }

    function test_a_report_signed_by_a_whole_table_at_the_cap_costs_a_bounded_amount() external {
        IWatchTower.Report memory report = _cappedTower();
        uint256 all = (1 << CAP) - 1;
        bytes32[2][] memory list = signatures(report, all);
        tower.post(report, all, list);
        assertLe(vm.lastCallGas().total, 250_000, "31 signatures fit into a hundredth of a block");
    }

    function test_a_table_does_not_grow_beyond_the_cap() external {
        uint256[] memory many = sortedKeys(CAP + 1);
        tower = newTower();
        seatAll(tower, many);
        IWatchTower.Member[] memory members = membersOf(many);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerTableSize.selector, CAP + 1));
        tower.setTable(members);
    }

    function _cappedTower() private returns (IWatchTower.Report memory) {
        tower = newTower();
        keys = sortedKeys(CAP);
        seatAll(tower, keys);
        setTable(tower, keys);
        vm.warp(block.timestamp + 2 hours);
        return reportOf(lastFrame(), 0, keccak256("root"));
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Test } from "../base/Test.sol";
import { Handler } from "./Handler.sol";
import { Model } from "./Model.sol";

/// @dev What is true after every action of anybody, whatever came before. The numbers are those of the issue's list.
///      What the list says of order, gas and donated tokens is in the other files here.
contract InvariantsTest is Test {
    /// @dev What the model and the contract say after an action, read once.
    struct World {
        address[] hosts;
        address[] customers;
        Model.Modelled[] models;
        IModelBond.Lease[] leases;
        uint256[] ends;
    }

    string private constant CALLS = "cache/calls.txt";

    Handler private handler;
    IModelBond private bondContract;
    IWatchTower private tower;

    function setUp() public {
        handler = new Handler();
        (bondContract, tower) = handler.contracts();
        targetContract(address(handler));
        targetSelector(FuzzSelector({ addr: address(handler), selectors: handler.actions() }));
    }

    /// @dev Notes what the run called and got done; tools/calls.js adds the runs up and says whether that was enough.
    function afterInvariant() external {
        vm.writeLine(CALLS, handler.summary());
    }

    function invariant_01_the_contract_holds_what_it_owes_and_what_was_donated() external view {
        _rule01(_world());
    }

    function _rule01(World memory world) private view {
        uint256 owed = bondContract.poolOf(address(tower));
        for (uint256 i = 0; i < world.hosts.length; ++i) {
            owed += bondContract.bondOf(world.hosts[i]).total + bondContract.balanceOf(world.hosts[i])
            + bondContract.balanceOf(world.customers[i]);
        }
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            IModelBond.Lease memory lease = world.leases[i];
            if (!lease.released) owed += uint256(lease.funded - lease.paid) * model.offer.rate;
        }
        assertEq(
            handler.assetBalance(address(bondContract)), owed + handler.donated(), "what is held is owed or donated"
        );
    }

    function invariant_02_what_is_reserved_is_the_covers_of_unreleased_leases_and_within_the_bond() external view {
        _rule02(_world());
    }

    function _rule02(World memory world) private view {
        for (uint256 i = 0; i < world.hosts.length; ++i) {
            IModelBond.Bond memory bond = bondContract.bondOf(world.hosts[i]);
            assertEq(bond.reserved, handler.reservedOf(world.hosts[i]), "reserved is the sum of the covers left");
            assertLe(bond.reserved, bond.total, "reserved is part of the bond");
            assertEq(bond.total, handler.bonded(world.hosts[i]), "the bond lost what was credited and withdrawn");
        }
    }

    function invariant_03_what_a_lease_credited_is_within_its_cover() external view {
        _rule03(_world());
    }

    function _rule03(World memory world) private pure {
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            assertLe(model.credited, model.offer.cover, "credited within the cover");
        }
    }

    function invariant_05_what_is_credited_and_earned_never_falls() external view {
        _rule05(_world());
    }

    function _rule05(World memory world) private view {
        for (uint256 i = 0; i < world.models.length; ++i) {
            IModelBond.Lease memory lease = world.leases[i];
            Leaf memory before = handler.markOf(i);
            assertLe(before.breach, lease.breach, "credited never falls");
            assertLe(before.through - before.unearned, lease.through - lease.unearned, "earned never falls");
        }
        assertNever("settled backwards");
    }

    function invariant_06_the_host_earns_elapsed_slices_and_is_paid_what_it_earned_or_a_stall_freed() external view {
        _rule06(_world());
    }

    function _rule06(World memory world) private view {
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            IModelBond.Lease memory lease = world.leases[i];
            uint256 earned = lease.through - lease.unearned;
            uint256 now_ = block.timestamp / model.offer.slice;
            assertLe(earned, now_ > model.first ? now_ - model.first : 0, "earned within the slices elapsed");
            assertLe(lease.paid, earned + model.freed, "paid within earned and freed");
            assertEq(lease.paid, model.paid, "what a stall freed is netted with what is earned");
            assertLe(lease.paid, world.ends[i] - model.first + model.freed, "no slice is paid twice");
        }
        assertNever("stalled stream");
    }

    function invariant_07_a_lease_is_settled_to_what_a_final_report_says_and_not_beyond_its_time() external view {
        _rule07(_world());
    }

    function _rule07(World memory world) private view {
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            IModelBond.Lease memory lease = world.leases[i];
            assertEq(lease.through, model.through, "through as the leaf says");
            assertEq(lease.unearned, model.unearned, "unearned as the leaf says");
            assertEq(lease.breach, model.breach, "breach as the leaf says");
            assertLe((model.first + lease.through) * model.offer.slice, _startOr(model), "through within elapsed time");
        }
        assertNever("settled ahead");
        assertNever("settled inconsistent");
        assertNever("settled by no report");
    }

    function invariant_08_an_epoch_opens_once_and_the_older_lease_has_exactly_its_notice() external view {
        _rule08(_world());
    }

    function _rule08(World memory world) private view {
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            assertEq(SliceIndex.unwrap(bondContract.endOf(model.id)), world.ends[i], "the end is where it must be");
        }
        for (uint256 i = 0; i < world.customers.length * 2; ++i) {
            LeaseId newest = bondContract.leaseIn(world.customers[i / 2], handler.slotOf(i % 2));
            LeaseId expected = handler.newestOf(world.customers[i / 2], i % 2);
            assertEq(LeaseId.unwrap(newest), LeaseId.unwrap(expected), "the slot has its newest lease");
            assertEq(
                bondContract.leaseOf(newest).epoch,
                handler.epochIn(world.customers[i / 2], i % 2),
                "of the newest epoch"
            );
        }
        assertNever("epoch opened again");
        assertNever("opened by a stranger");
        assertNever("opened without bond");
    }

    function invariant_09_free_bond_can_leave_and_reserved_bond_cannot() external {
        _rule09(_world());
    }

    function _rule09(World memory world) private {
        for (uint256 i = 0; i < world.hosts.length; ++i) {
            uint128 free = uint128(handler.bonded(world.hosts[i]) - handler.reservedOf(world.hosts[i]));
            if (free == 0) continue;
            vm.prank(world.hosts[i]);
            bondContract.withdrawBond(free);
            IModelBond.Bond memory bond = bondContract.bondOf(world.hosts[i]);
            assertEq(bond.total, bond.reserved, "all that was free has left");
        }
        assertNever("reserved bond left");
    }

    function invariant_10_release_waits_for_the_end_and_for_every_final_leaf_that_owes() external view {
        _rule10(_world());
    }

    function _rule10(World memory world) private view {
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            assertEq(world.leases[i].released, model.released, "released when it was released");
        }
        assertNever("released before its end");
        assertNever("release passed a leaf that owes");
        assertNever("released before stall and week");
    }

    function invariant_11_a_root_is_used_when_it_is_final_and_stands_and_frames_follow_one_another() external view {
        _rule11();
    }

    function _rule11() private view {
        uint256 count = handler.postCount();
        for (uint256 i = count > 12 ? count - 12 : 1; i < count; ++i) {
            Model.Posted memory posted = handler.postAt(i);
            bool usable = !posted.vetoed && block.timestamp >= uint256(posted.ref.postedAt) + 6 hours;
            try tower.finalThrough(posted.ref, posted.root) returns (uint256 through) {
                assertTrue(usable, "only a final root that stands is used");
                assertEq(
                    through, (uint256(posted.ref.frame) + 1) * 1 hours, "it speaks of the time until its frame's end"
                );
            } catch {
                assertTrue(!usable, "a final root that stands can be used");
            }
        }
        uint256[] memory frames = handler.standingFrames();
        for (uint256 seq = 1; seq < frames.length; ++seq) {
            assertLe(frames[seq - 1] + 1, frames[seq], "frames grow");
        }
        assertNever("pending root used");
        assertNever("vetoed root used");
        assertNever("posted on another root");
        assertNever("frame reported again");
        assertNever("reports follow one another");
    }

    function invariant_12_a_report_has_a_quorum_of_its_frames_table_and_nobody_counts_twice() external view {
        _rule12();
    }

    function _rule12() private view {
        uint256 count = handler.postCount();
        for (uint256 i = count > 4 ? count - 4 : 1; i < count; ++i) {
            Model.Posted memory posted = handler.postAt(i);
            assertLe(2 * posted.totalWeight, 3 * posted.weight, "two thirds of the weight signed");
        }
        assertNever("posted without quorum");
        assertNever("a signer counted twice");
        assertNever("signers counted wrongly");
    }

    function invariant_13_stall_and_veto_move_no_money_and_no_frame_is_vetoed_a_fourth_time() external view {
        _rule13();
    }

    function _rule13() private view {
        assertNever("stall moved money");
        assertNever("veto moved money");
        assertNever("fourth veto");
        assertLe(handler.mostDropped(), 3, "no frame is dropped more than three times");
    }

    function invariant_15_money_is_never_divided() external view {
        _rule15(_world());
    }

    function _rule15(World memory world) private view {
        uint256 pool = 0;
        for (uint256 i = 0; i < world.models.length; ++i) {
            Model.Modelled memory model = world.models[i];
            uint256 linear = model.breach * model.offer.creditPerSlice;
            uint256 credit = linear < model.offer.cover ? linear : model.offer.cover;
            assertEq(model.credited, credit, "credited is slices times their credit, or the cover");
            assertEq(
                model.streamed,
                model.paid * (model.offer.rate - model.offer.fee),
                "the stream is slices times their price"
            );
            pool += model.paid * model.offer.fee;
        }
        uint256 held = bondContract.poolOf(address(tower));
        for (uint256 i = 0; i < 3; ++i) {
            held += handler.watcherPaid(i);
        }
        assertEq(held, pool, "the watchers' pool is slices times their fee");
        assertNever("claimed");
        assertNever("watcher paid");
    }

    function invariant_16_a_donation_changes_no_account() external view {
        _rule16(_world());
    }

    function _rule16(World memory world) private view {
        for (uint256 i = 0; i < world.hosts.length; ++i) {
            assertEq(
                bondContract.balanceOf(world.hosts[i]),
                handler.claimable(world.hosts[i]),
                "a host can claim what it is owed"
            );
            assertEq(
                bondContract.balanceOf(world.customers[i]),
                handler.claimable(world.customers[i]),
                "a customer what it is owed"
            );
        }
        assertEq(bondContract.poolOf(address(tower)), handler.pool(), "and the watchers what they are owed");
    }

    /// @dev All of them in one campaign: the long one of CI. Forge deals all campaigns of a run the same actions, so the
    ///      rules one by one would see nothing else; they say which one broke.
    function invariant_every_rule_holds_after_every_action() external {
        World memory world = _world();
        _rule01(world);
        _rule02(world);
        _rule03(world);
        _rule05(world);
        _rule06(world);
        _rule07(world);
        _rule08(world);
        _rule09(world);
        _rule10(world);
        _rule11();
        _rule12();
        _rule13();
        _rule15(world);
        _rule16(world);
    }

    function _world() private view returns (World memory world) {
        (world.hosts, world.customers) = handler.people();
        world.models = handler.allLeases();
        uint256 count = world.models.length;
        world.leases = new IModelBond.Lease[](count);
        world.ends = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            world.leases[i] = bondContract.leaseOf(world.models[i].id);
            world.ends[i] = handler.end(i);
        }
    }

    /// @dev A lease that has not begun is measured to its first slice.
    function _startOr(Model.Modelled memory model) private view returns (uint256) {
        uint256 start = model.first * model.offer.slice;
        return start > block.timestamp ? start : block.timestamp;
    }

    function assertNever(bytes32 rule) private view {
        assertEq(handler.slipped(rule), 0, string.concat("never: ", string(abi.encodePacked(rule))));
    }
}

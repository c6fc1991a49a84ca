// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @dev What each action costs as a whole transaction, in a tree of 16,384 leaves and with a ring that is warm.
contract GasTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 40_000);
    }

    function test_gas_of_bonding() public {
        address other = address(0x0BEEF);
        fund(other);
        vm.prank(other);
        bondContract.bond(1e18);
        vm.snapshotGasLastCall("gas", "bond, first");
        vm.prank(other);
        bondContract.bond(1e18);
        vm.snapshotGasLastCall("gas", "bond, more");
        vm.prank(other);
        bondContract.withdrawBond(1e18);
        vm.snapshotGasLastCall("gas", "withdrawBond");
    }

    function test_gas_of_opening() public {
        IModelBond.Offer memory next = offerOf(2);
        bytes memory signature = signed(next);
        IModelBond.Permit memory permit = permitOf(4000 * uint256(RATE));
        vm.prank(customer);
        bondContract.openWithPermit(next, signature, 4000, permit);
        vm.snapshotGasLastCall("gas", "open with signed offer and permit, next epoch");
    }

    function test_gas_of_opening_a_new_slot() public {
        IModelBond.Offer memory next = offerOf(1);
        next.slot = SlotId.wrap("another");
        bytes memory signature = signed(next);
        IModelBond.Permit memory permit = permitOf(4000 * uint256(RATE));
        vm.prank(customer);
        bondContract.openWithPermit(next, signature, 4000, permit);
        vm.snapshotGasLastCall("gas", "open with signed offer and permit, new slot");
    }

    function test_gas_of_settling() public {
        vm.warp(block.timestamp + 10 days);
        IModelBond.Proof memory proof = deep(leafOf(10_000, 100, 60));
        bondContract.settle(offer, leafOf(10_000, 100, 60), proof);
        vm.snapshotGasLastCall("gas", "settle, first of a customer");
        vm.warp(block.timestamp + 1 days);
        proof = deep(leafOf(11_000, 200, 160));
        bondContract.settle(offer, leafOf(11_000, 200, 160), proof);
        vm.snapshotGasLastCall("gas", "settle, steady");
        vm.warp(block.timestamp + 1 days);
        proof = deep(leafOf(12_000, 200, 160));
        vm.prank(host);
        bondContract.withdrawStream(offer, leafOf(12_000, 200, 160), proof);
        vm.warp(block.timestamp + 1 days);
        proof = deep(leafOf(13_000, 200, 160));
        vm.prank(host);
        bondContract.withdrawStream(offer, leafOf(13_000, 200, 160), proof);
        vm.snapshotGasLastCall("gas", "withdrawStream");
        vm.warp(block.timestamp + 1 days);
        proof = deep(leafOf(14_000, 300, 260));
        vm.prank(host);
        bondContract.withdrawStream(offer, leafOf(14_000, 300, 260), proof);
        vm.snapshotGasLastCall("gas", "withdrawStream, with a breach");
        vm.prank(customer);
        bondContract.claim();
        vm.snapshotGasLastCall("gas", "claim");
    }

    function deep(Leaf memory leaf) private returns (IModelBond.Proof memory proof) {
        proof.path = new bytes32[](14);
        for (uint256 i = 0; i < 14; ++i) {
            proof.path[i] = keccak256(abi.encode("sibling", i));
        }
        bytes32 root = MerkleProof.processProof(proof.path, leafHash(lease, leaf));
        proof.report = postRoot(root);
        vm.warp(block.timestamp + WINDOW);
    }

    function test_gas_of_a_post_by_5_of_7() public {
        for (uint256 i = 0; i < 70; ++i) {
            vm.warp(block.timestamp + 1 hours);
            postRoot(keccak256(abi.encode(i)));
        }
        vm.snapshotGasLastCall("gas", "post, 5 of 7 signers");
    }
}

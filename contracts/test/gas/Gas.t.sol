// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
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

    function test_gas_of_the_rest_of_a_lease() public {
        vm.warp(BEGIN + 1 days);
        vm.prank(customer);
        bondContract.topUp(offer, 10_000);
        vm.snapshotGasLastCall("gas", "topUp");
        vm.prank(host);
        bondContract.announce(offer, SliceIndex.wrap(FIRST + 2000), 30);
        vm.snapshotGasLastCall("gas", "announce");
        vm.prank(customer);
        bondContract.close(offer);
        vm.snapshotGasLastCall("gas", "close");
        vm.warp(BEGIN + 5 days);
        tower.stall();
        vm.snapshotGasLastCall("gas", "stall");
        vm.prank(host);
        bondContract.withdrawStalled(offer);
        vm.snapshotGasLastCall("gas", "withdrawStalled");
        Leaf memory leaf = leafOf(2879, 0, 0);
        IModelBond.Proof memory proof = deep(leaf);
        bondContract.release(offer, leaf, proof);
        vm.snapshotGasLastCall("gas", "release");
    }

    function test_gas_of_an_abandoned_lease() public {
        vm.warp(BEGIN + 40 days);
        bondContract.releaseAbandoned(offer);
        vm.snapshotGasLastCall("gas", "releaseAbandoned");
    }

    function test_gas_of_a_watchers_pay() public {
        address watcher = address(0x3A7C4E5);
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(2000, 0, 0);
        IModelBond.Proof memory proof = deep(leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        for (uint256 i = 1; i <= 2; ++i) {
            vm.warp(block.timestamp + 1 hours);
            proof = deep(payHash(address(bondContract), watcher, i * 1e14));
            vm.prank(watcher);
            bondContract.claimPay(address(tower), i * 1e14, proof);
        }
        vm.snapshotGasLastCall("gas", "claimPay");
    }

    function test_gas_of_a_post_by_5_of_7() public {
        warmTheRing();
        postRoot(keccak256("steady"));
        vm.snapshotGasLastCall("gas", "post, 5 of 7 signers");
    }

    function test_gas_of_a_post_by_21_of_31() public {
        tower = newTower();
        keys = sortedKeys(31);
        seatAll(tower, keys);
        setTable(tower, keys);
        newestRoot = 0;
        quorum = (1 << 21) - 1;
        warmTheRing();
        postRoot(keccak256("steady"));
        vm.snapshotGasLastCall("gas", "post, 21 of 31 signers");
    }

    function test_gas_of_a_veto() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory before = postRoot(keccak256("one"));
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory vetoed = postRoot(keccak256("two"));
        vm.prank(guardian);
        tower.veto(vetoed, keccak256("two"), before, keccak256("one"));
        vm.snapshotGasLastCall("gas", "veto");
    }

    function test_gas_of_an_equivocation_proof() public {
        setTable(tower, keys); // another table waits: the dearest case
        IWatchTower.Report memory a = reportOf(lastFrame(), 0, keccak256("a"));
        IWatchTower.Report memory b = reportOf(lastFrame(), 0, keccak256("b"));
        bytes32[2] memory signatureA = signedBy(keys[6], tower.digestOf(a));
        bytes32[2] memory signatureB = signedBy(keys[6], tower.digestOf(b));
        vm.prank(stranger);
        tower.proveEquivocation(a, b, signatureA, signatureB);
        vm.snapshotGasLastCall("gas", "proveEquivocation");
    }

    /// @dev The path of a leaf in a tree of 16,384, posted and final.
    function deep(Leaf memory leaf) private returns (IModelBond.Proof memory) {
        return deep(leafHash(lease, leaf));
    }

    function deep(bytes32 leaf) private returns (IModelBond.Proof memory proof) {
        proof.path = new bytes32[](14);
        for (uint256 i = 0; i < 14; ++i) {
            proof.path[i] = keccak256(abi.encode("sibling", i));
        }
        proof.report = postRoot(MerkleProof.processProof(proof.path, leaf));
        vm.warp(block.timestamp + WINDOW);
    }

    function warmTheRing() private {
        for (uint256 i = 0; i < 65; ++i) {
            vm.warp(block.timestamp + 1 hours);
            postRoot(keccak256(abi.encode(i)));
        }
        vm.warp(block.timestamp + 1 hours);
    }
}

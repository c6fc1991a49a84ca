// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";
import { Tree } from "../base/Tree.sol";

/// @dev Item 4 of the list: three leases of one host, three reports of their whole lives, and everything that can be done
///      with these, in any order. What is refused in one order is left out; what everybody has in the end is the same.
contract OrderTest is Fixture {
    uint256 private constant LEASES = 3;
    uint256 private constant REPORTS = 3;
    uint40 private constant THIRD = 960;
    uint128 private constant SMALL_COVER = 400 * CREDIT;

    IModelBond.Offer[] private offers;
    LeaseId[] private ids;
    Leaf[REPORTS][LEASES] private leaves;
    IModelBond.Proof[REPORTS][LEASES] private proofs;
    uint256 private escrowed;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < LEASES; ++i) {
            IModelBond.Offer memory offer = offerOf(1);
            offer.slot = SlotId.wrap(bytes32(i));
            offer.cover = SMALL_COVER;
            offers.push(offer);
            ids.push(open(offer, uint32(REPORTS * THIRD)));
            escrowed += REPORTS * THIRD * uint256(RATE);
        }
    }

    function test_settles_withdrawals_and_releases_in_any_order_give_the_same_sums(uint256 story, uint256 order)
        external
    {
        _report(story);
        uint256 before = token.balanceOf(host);
        uint256[] memory acts = _shuffled(LEASES * (2 * REPORTS + 1), order);
        for (uint256 i = 0; i < acts.length; ++i) {
            bytes memory data = _act(acts[i] % LEASES, acts[i] / LEASES);
            vm.prank(host);
            (bool done,) = address(bondContract).call(data);
            // Refused: what is older than what was settled, pays nothing, or comes after the release.
            done;
        }
        for (uint256 i = 0; i < LEASES; ++i) {
            assertTrue(stateOf(ids[i]).released, "the release went through in its turn");
        }
        _check(token.balanceOf(host) - before + bondContract.balanceOf(host));
    }

    /// @dev What everybody has, from the last leaves alone.
    function _check(uint256 hosts) private view {
        uint256 earned = 0;
        uint256 credited = 0;
        for (uint256 i = 0; i < LEASES; ++i) {
            Leaf memory last = leaves[i][REPORTS - 1];
            earned += last.through - last.unearned;
            uint256 linear = uint256(last.breach) * CREDIT;
            credited += linear < SMALL_COVER ? linear : SMALL_COVER;
        }
        assertEq(hosts, earned * (RATE - FEE), "the host has what it earned");
        assertEq(bondContract.poolOf(address(tower)), earned * FEE, "the watchers' pool has the fees");
        assertEq(
            bondContract.balanceOf(customer),
            credited + escrowed - earned * RATE,
            "the customer has credits and the rest"
        );
        assertEq(bondContract.bondOf(host).total, BONDED - credited, "the bond lost the credits");
        assertEq(bondContract.bondOf(host).reserved, 0, "and all that is left of it is free");
    }

    /// @dev Release, or settle or withdraw by one of the reports.
    function _act(uint256 lease, uint256 what) private view returns (bytes memory) {
        IModelBond.Offer memory offer = offers[lease];
        uint256 report = what == 2 * REPORTS ? REPORTS - 1 : what / 2;
        Leaf memory leaf = leaves[lease][report];
        IModelBond.Proof memory proof = proofs[lease][report];
        if (what == 2 * REPORTS) return abi.encodeCall(bondContract.release, (offer, leaf, proof));
        if (what % 2 == 0) return abi.encodeCall(bondContract.settle, (offer, leaf, proof));
        return abi.encodeCall(bondContract.withdrawStream, (offer, leaf, proof));
    }

    function _report(uint256 story) private {
        for (uint256 report = 0; report < REPORTS; ++report) {
            vm.warp(BEGIN + (report + 1) * 16 hours + 2 hours);
            bytes32[] memory hashes = new bytes32[](LEASES);
            for (uint256 i = 0; i < LEASES; ++i) {
                Leaf memory before = report == 0 ? leafOf(0, 0, 0) : leaves[i][report - 1];
                leaves[i][report] = _next(before, uint256(keccak256(abi.encode(story, report, i))));
                hashes[i] = leafHash(ids[i], leaves[i][report]);
            }
            bytes32[] memory nodes = Tree.build(hashes);
            IWatchTower.ReportRef memory ref = postRoot(nodes[0]);
            for (uint256 i = 0; i < LEASES; ++i) {
                proofs[i][report].path = Tree.pathOf(nodes, hashes[i]);
                proofs[i][report].report = ref;
            }
        }
        vm.warp(block.timestamp + WINDOW);
    }

    /// @dev A third of the lease's life more: earned first, then not earned, then in breach; to the use of the cover.
    function _next(Leaf memory before, uint256 seed) private pure returns (Leaf memory) {
        uint40 most = uint40(SMALL_COVER / CREDIT);
        if (before.breach == most) return before;
        uint40 unearned = uint40(bound(seed, 0, THIRD));
        uint40 breach = uint40(bound(seed >> 64, 0, unearned));
        uint40 beyond = before.breach + breach > most ? before.breach + breach - most : 0;
        return
            leafOf(
                before.through + THIRD - beyond, before.unearned + unearned - beyond, before.breach + breach - beyond
            );
    }

    function _shuffled(uint256 count, uint256 order) private pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 j = uint256(keccak256(abi.encode(order, i))) % (i + 1);
            list[i] = list[j];
            list[j] = i;
        }
    }
}

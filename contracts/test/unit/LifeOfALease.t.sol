// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev The example of contracts/README.md, number by number. A unit is 1e18 of the token's smallest.
contract LifeOfALeaseTest is Fixture {
    function test_the_life_of_one_lease_has_the_amounts_of_the_readme() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        assertEq(bondContract.bondOf(host).total, 100e18, "bonded");
        assertEq(bondContract.bondOf(host).reserved, 10e18, "reserved");
        uint256 paidIn = token.balanceOf(address(bondContract)) - 100e18;
        assertEq(paidIn, 20e18, "escrow");

        vm.warp((uint256(FIRST) + 10_080) * 60 + 1 hours);
        Leaf memory leaf = leafOf(10_080, 100, 60);
        IModelBond.Proof memory proof = finalProof(id, leaf);
        uint256 before = token.balanceOf(host);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        assertEq(token.balanceOf(host) - before, 9.8802e18, "the first week's stream");
        assertEq(bondContract.poolOf(address(tower)), 0.0998e18, "the watchers' part of it");
        assertEq(bondContract.balanceOf(customer), 0.3e18, "sixty breaches");
        assertEq(bondContract.bondOf(host).total, 99.7e18, "out of the bond");
        assertEq(bondContract.bondOf(host).reserved, 9.7e18, "out of the cover");

        vm.warp((uint256(FIRST) + 15_000) * 60 + 7);
        vm.prank(customer);
        bondContract.close(offer);
        assertEq(endOf(id), FIRST + 16_440, "a day's notice");

        vm.warp((uint256(FIRST) + 16_440) * 60 + 1 hours);
        leaf = leafOf(16_440, 130, 60);
        proof = finalProof(id, leaf);
        vm.prank(stranger);
        bondContract.release(offer, leaf, proof);
        assertEq(bondContract.balanceOf(host), 6.2667e18, "the rest of the stream");
        assertEq(bondContract.poolOf(address(tower)), 0.1631e18, "the watchers' pool");
        assertEq(bondContract.balanceOf(customer), 3.99e18, "credits and what was not earned");
        assertEq(bondContract.bondOf(host).reserved, 0, "the cover is free");
        assertEq(bondContract.bondOf(host).total, 99.7e18, "the bond");
    }
}

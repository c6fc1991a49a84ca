// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";

contract ReleaseAbandonedTest is Fixture {
    uint256 private constant END = uint256(FIRST + 5000) * 60;

    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 5000);
    }

    function test_with_a_dead_tower_everything_is_released_a_stall_and_a_week_after_the_end() public {
        vm.warp(END + 8 days);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Released(lease, 0, COVER);
        vm.prank(stranger);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(host), 5000 * uint256(RATE - FEE), "silence is freed, as by a stall");
        assertEq(bondContract.bondOf(host).reserved, 0, "the cover is free");
        assertBalanced(offer);
    }

    function test_no_sooner() public {
        vm.warp(END + 8 days - 1);
        refuses(END + 8 days);
    }

    function test_what_was_settled_counts() public {
        vm.warp(BEGIN + 2 days);
        Leaf memory leaf = leafOf(2879, 879, 60);
        bondContract.settle(offer, leaf, finalProof(lease, leaf));
        vm.warp(END + 8 days);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(host), (2000 + 2121) * uint256(RATE - FEE), "earned, and freed");
        assertEq(
            bondContract.balanceOf(customer), 879 * uint256(RATE) + 60 * uint256(CREDIT), "not earned, and credited"
        );
        assertBalanced(offer);
    }

    function test_a_tower_that_reports_still_is_not_dead() public {
        vm.warp(END + 7 days);
        postRoot(keccak256("a root"));
        vm.warp(END + 8 days);
        refuses((END + 7 days) / 1 hours * 1 hours + 8 days);
    }

    function test_after_a_towers_last_report_there_is_a_week_to_settle_by_it() public {
        vm.warp(END + 1 hours);
        Leaf memory leaf = leafOf(5000, 5000, 100);
        IModelBond.Proof memory proof = finalProof(lease, leaf);
        uint256 reported = (END + 1 hours) / 1 hours * 1 hours;
        vm.warp(reported + 8 days - 1);
        refuses(reported + 8 days);
        bondContract.settle(offer, leaf, proof);
        vm.warp(reported + 8 days);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(customer), 5000 * uint256(RATE) + 100 * uint256(CREDIT), "nothing is passed");
        assertBalanced(offer);
    }

    function test_what_was_reported_and_never_settled_is_nobodys_earning() public {
        vm.warp(BEGIN + 2 days);
        finalProof(lease, leafOf(2879, 2879, 0));
        vm.warp(END + 8 days);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(host), 2121 * uint256(RATE - FEE), "what no report speaks of");
        assertEq(bondContract.balanceOf(customer), 2879 * uint256(RATE), "the rest goes back");
        assertBalanced(offer);
    }

    function test_a_released_lease_is_not_released_again() public {
        vm.warp(END + 8 days);
        bondContract.releaseAbandoned(offer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseReleased.selector, lease));
        bondContract.releaseAbandoned(offer);
    }

    function refuses(uint256 possibleAt) private {
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondTowerNotAbandoned.selector, lease, possibleAt));
        bondContract.releaseAbandoned(offer);
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

contract AnnounceTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private lease;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        lease = open(offer, 30_000);
    }

    function test_maintenance_is_announced_before_it_begins() public {
        vm.expectEmit(address(bondContract));
        emit IModelBond.MaintenanceAnnounced(lease, SliceIndex.wrap(FIRST + 60), 30);
        announce(FIRST + 60, 30);
        assertEq(bondContract.announcedIn(lease, 0), 30, "counted in its period");
    }

    function test_the_agreed_notice_is_kept() public {
        refuses(
            FIRST + 59,
            30,
            abi.encodeWithSelector(
                IModelBond.ModelBondMaintenanceTooSoon.selector,
                SliceIndex.wrap(FIRST + 59),
                SliceIndex.wrap(FIRST + 60)
            )
        );
    }

    function test_without_an_agreed_notice_it_still_begins_after_its_announcement() public {
        offer = offerOf(2);
        offer.maintenanceNotice = 0;
        lease = open(offer, 30_000);
        vm.warp(uint256(FIRST + 100) * 60);
        refuses(
            FIRST + 100,
            1,
            abi.encodeWithSelector(
                IModelBond.ModelBondMaintenanceTooSoon.selector,
                SliceIndex.wrap(FIRST + 100),
                SliceIndex.wrap(FIRST + 101)
            )
        );
        announce(FIRST + 101, 1);
    }

    function test_the_budget_of_a_period_is_kept() public {
        announce(FIRST + 100, 100);
        refuses(FIRST + 300, 21, abi.encodeWithSelector(IModelBond.ModelBondMaintenanceOverBudget.selector, 121, 120));
        announce(FIRST + 300, 20);
        assertEq(bondContract.announcedIn(lease, 0), 120, "all of the budget");
    }

    function test_each_period_has_its_own_budget() public {
        announce(FIRST + 100, 120);
        announce(FIRST + 10_080, 120);
        assertEq(bondContract.announcedIn(lease, 1), 120, "the second period begins anew");
    }

    function test_an_announcement_stays_within_its_period() public {
        refuses(
            FIRST + 10_070,
            11,
            abi.encodeWithSelector(
                IModelBond.ModelBondMaintenanceAcrossPeriods.selector,
                SliceIndex.wrap(FIRST + 10_070),
                11,
                SliceIndex.wrap(FIRST + 10_080)
            )
        );
        announce(FIRST + 10_070, 10);
    }

    function test_announcing_nothing_is_refused() public {
        refuses(FIRST + 100, 0, abi.encodeWithSelector(IModelBond.ModelBondNothing.selector));
    }

    function test_only_the_host_announces() public {
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotHost.selector, customer, host));
        vm.prank(customer);
        bondContract.announce(offer, SliceIndex.wrap(FIRST + 100), 1);
    }

    function test_an_ended_lease_has_no_maintenance() public {
        vm.warp(uint256(FIRST + 30_000) * 60);
        refuses(
            FIRST + 40_000,
            1,
            abi.encodeWithSelector(IModelBond.ModelBondLeaseEnded.selector, lease, SliceIndex.wrap(FIRST + 30_000))
        );
    }

    function announce(uint40 from, uint32 slices) private {
        vm.prank(host);
        bondContract.announce(offer, SliceIndex.wrap(from), slices);
    }

    function refuses(uint40 from, uint32 slices, bytes memory why) private {
        vm.expectRevert(why);
        vm.prank(host);
        bondContract.announce(offer, SliceIndex.wrap(from), slices);
    }
}

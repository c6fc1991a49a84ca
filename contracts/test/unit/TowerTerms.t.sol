// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Fixture } from "../base/Fixture.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

/// @dev What a tower is deployed with, and its guardian.
contract TowerTermsTest is Fixture {
    function test_the_terms_are_what_was_deployed() public view {
        IWatchTower.Terms memory terms = tower.terms();
        assertEq(terms.asset, address(token), "asset");
        assertEq(terms.frameSeconds, 1 hours, "frame");
        assertEq(terms.windowSeconds, WINDOW, "window");
        assertEq(terms.stake, STAKE, "stake");
        assertEq(terms.bounty, BOUNTY, "bounty");
    }

    function test_the_asset_has_code() public {
        IWatchTower.Terms memory terms = towerTerms();
        terms.asset = stranger;
        refuses(terms);
    }

    function test_frames_and_windows_take_time() public {
        IWatchTower.Terms memory terms = towerTerms();
        terms.frameSeconds = 0;
        refuses(terms);
        terms = towerTerms();
        terms.windowSeconds = 0;
        refuses(terms);
    }

    function test_the_bounty_is_something_and_a_tenth_of_the_stake_at_most() public {
        IWatchTower.Terms memory terms = towerTerms();
        terms.bounty = 0;
        refuses(terms);
        terms.bounty = STAKE / 10 + 1;
        refuses(terms);
        terms.bounty = STAKE / 10;
        deployTower(terms);
    }

    function test_three_windows_with_a_frame_each_are_a_day_at_most() public {
        IWatchTower.Terms memory terms = towerTerms();
        terms.windowSeconds = 7 hours + 1;
        refuses(terms);
        terms.windowSeconds = 7 hours;
        deployTower(terms);
    }

    function test_the_owner_sets_the_guardian() public {
        assertEq(tower.guardian(), guardian, "as deployed");
        vm.expectEmit(address(tower));
        emit IWatchTower.GuardianSet(stranger);
        vm.prank(owner);
        tower.setGuardian(stranger);
        assertEq(tower.guardian(), stranger, "set");
    }

    function test_nobody_else_sets_the_guardian() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        vm.prank(guardian);
        tower.setGuardian(stranger);
    }

    function refuses(IWatchTower.Terms memory terms) private {
        bytes memory arguments = abi.encode(terms, owner, guardian);
        vm.expectRevert(IWatchTower.WatchTowerTermsOutOfBounds.selector);
        vm.deployCode("WatchTower.sol:WatchTower", arguments);
    }
}

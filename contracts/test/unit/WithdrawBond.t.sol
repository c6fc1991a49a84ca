// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Fixture } from "../base/Fixture.sol";

contract WithdrawBondTest is Fixture {
    function test_free_bond_leaves_at_once() public {
        uint256 before = token.balanceOf(host);
        vm.expectEmit(address(bondContract));
        emit IModelBond.BondWithdrawn(host, BONDED);
        vm.prank(host);
        bondContract.withdrawBond(BONDED);
        assertEq(bondContract.bondOf(host).total, 0, "the bond is gone");
        assertEq(token.balanceOf(host) - before, BONDED, "the host has it back");
    }

    function test_what_is_reserved_stays() public {
        open(offerOf(1), 2880);
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, host, BONDED - COVER, BONDED - COVER + 1)
        );
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER + 1);
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER);
        assertEq(bondContract.bondOf(host).total, COVER, "only the cover is left");
    }

    function test_who_has_no_bond_can_withdraw_none() public {
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, stranger, 0, 1));
        vm.prank(stranger);
        bondContract.withdrawBond(1);
    }

    function test_withdrawing_nothing_is_refused() public {
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.withdrawBond(0);
    }
}

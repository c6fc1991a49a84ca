// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Fixture } from "../base/Fixture.sol";
import { FeeToken } from "../base/Tokens.sol";

/// @dev Item 16 of the list, beside the donations of the campaign: tokens that arrive short are refused, whatever the
///      amount, and nothing of them is booked.
contract TokensTest is Fixture {
    function test_a_token_that_takes_a_fee_is_refused_and_books_nothing(uint128 amount) external {
        amount = uint128(bound(amount, 100, type(uint128).max));
        FeeToken fee = new FeeToken();
        IModelBond bonds = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(fee)));
        fee.mint(host, amount);
        vm.prank(host);
        fee.approve(address(bonds), amount);
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondAssetNotPlain.selector, amount, amount - amount / 100)
        );
        vm.prank(host);
        bonds.bond(amount);
        assertEq(bonds.bondOf(host).total, 0, "nothing is booked");
    }

    function test_a_donation_is_nobodys(uint96 given, uint96 amount) external {
        uint128 bonded = uint128(bound(amount, 1, type(uint96).max));
        token.mint(address(bondContract), given);
        vm.prank(host);
        bondContract.bond(bonded);
        assertEq(bondContract.bondOf(host).total, BONDED + bonded, "a bond grows by what its host gave");
        vm.prank(host);
        bondContract.withdrawBond(BONDED + bonded);
        assertEq(token.balanceOf(address(bondContract)), given, "and what was donated stays");
    }
}

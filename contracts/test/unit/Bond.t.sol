// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Fixture } from "../base/Fixture.sol";
import { FeeToken } from "../base/Tokens.sol";

contract BondTest is Fixture {
    function test_a_bond_grows_by_what_its_host_pays() public {
        uint256 before = token.balanceOf(host);
        vm.expectEmit(address(bondContract));
        emit IModelBond.Bonded(host, 5e18);
        vm.prank(host);
        bondContract.bond(5e18);
        assertEq(bondContract.bondOf(host).total, BONDED + 5e18, "the bond is larger");
        assertEq(bondContract.bondOf(host).reserved, 0, "nothing is reserved by bonding");
        assertEq(before - token.balanceOf(host), 5e18, "the host paid");
    }

    function test_bonding_nothing_is_refused() public {
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        vm.prank(host);
        bondContract.bond(0);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        FeeToken taking = new FeeToken();
        IModelBond other = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(taking)));
        taking.mint(host, 1e18);
        vm.prank(host);
        taking.approve(address(other), 1e18);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondAssetNotPlain.selector, 1e18, 0.99e18));
        vm.prank(host);
        other.bond(1e18);
    }

    function test_an_asset_without_code_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondAssetNotPlain.selector, 0, 0));
        vm.deployCode("ModelBond.sol:ModelBond", abi.encode(stranger));
    }

    function test_the_contract_names_its_asset() public view {
        assertEq(bondContract.asset(), address(token), "one asset for each contract");
    }

    function test_a_donation_is_nobodys() public {
        token.mint(address(bondContract), 77e18);
        vm.prank(host);
        bondContract.bond(1e18);
        assertEq(bondContract.bondOf(host).total, BONDED + 1e18, "a donation counts for nobody's bond");
    }
}

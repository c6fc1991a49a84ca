// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Fixture } from "../base/Fixture.sol";

contract OpenWithPermitTest is Fixture {
    IModelBond.Offer private offer;
    bytes private signature;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        signature = signed(offer);
        vm.prank(customer);
        token.approve(address(bondContract), 0);
    }

    function test_a_permit_pays_without_an_approval() public {
        IModelBond.Permit memory permit = permitOf(2880 * uint256(RATE));
        vm.prank(customer);
        bondContract.openWithPermit(offer, signature, 2880, permit);
        assertEq(stateOf(bondContract.leaseIdOf(offer)).funded, 2880, "opened and paid for");
        assertEq(token.allowance(customer, address(bondContract)), 0, "nothing is left to spend");
    }

    function test_a_permit_that_somebody_used_first_is_no_harm() public {
        IModelBond.Permit memory permit = permitOf(2880 * uint256(RATE));
        vm.prank(stranger);
        token.permit(customer, address(bondContract), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(customer);
        bondContract.openWithPermit(offer, signature, 2880, permit);
        assertEq(stateOf(bondContract.leaseIdOf(offer)).funded, 2880, "opened all the same");
    }

    function test_a_wrong_permit_pays_nothing() public {
        IModelBond.Permit memory permit = permitOf(2880 * uint256(RATE));
        permit.value += 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")),
                address(bondContract),
                0,
                2880 * uint256(RATE)
            )
        );
        vm.prank(customer);
        bondContract.openWithPermit(offer, signature, 2880, permit);
    }
}

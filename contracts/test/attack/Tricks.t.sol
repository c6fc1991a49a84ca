// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Fixture } from "../base/Fixture.sol";

/// @dev What customers, hosts and onlookers try.
contract TricksTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private id;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
    }

    function test_a_customer_that_fences_its_host_orders_no_outage_the_host_earns_its_notice() public {
        id = open(offer, 20_000);
        vm.warp(block.timestamp + 10 days);
        open(offerOf(2), 2880);
        uint40 end = uint40(block.timestamp / 60) + offer.notice;
        assertEq(endOf(id), end, "the older epoch has exactly its notice");
        vm.warp(uint256(end) * 60 + 1 hours);
        Leaf memory leaf = leafOf(end - FIRST, 0, 0);
        bondContract.release(offer, leaf, finalProof(id, leaf));
        assertEq(bondContract.balanceOf(host), (end - FIRST) * uint256(RATE - FEE), "and is paid for all of it");
    }

    function test_a_second_fence_takes_nothing_of_the_notice_that_runs() public {
        id = open(offer, 20_000);
        vm.warp(block.timestamp + 10 days);
        open(offerOf(2), 2880);
        uint40 end = endOf(id);
        vm.warp(block.timestamp + 1 hours);
        open(offerOf(3), 2880);
        assertEq(endOf(id), end, "the first one's end stays");
        bytes memory signature = signed(offer);
        uint64 newest = offerOf(3).epoch;
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondEpochNotNewer.selector, offer.epoch, newest));
        bondContract.open(offer, signature, 2880);
    }

    function test_the_notice_is_the_same_from_the_first_to_the_last_second_of_a_slice() public {
        id = open(offer, 20_000);
        vm.warp((uint256(FIRST) + 100) * 60 + 59);
        vm.prank(customer);
        bondContract.close(offer);
        assertEq(endOf(id), FIRST + 100 + offer.notice, "it counts from the slice in which it is given");
    }

    function test_an_onlooker_that_copies_an_offer_opens_nothing() public {
        bytes memory signed_ = signed(offer);
        fund(stranger);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNotCustomer.selector, stranger, customer));
        bondContract.open(offer, signed_, 2880);
        offer.customer = stranger;
        id = bondContract.leaseIdOf(offer);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, host));
        bondContract.open(offer, signed_, 2880);
    }

    function test_a_front_run_permit_does_not_stop_the_opening() public {
        vm.prank(customer);
        token.approve(address(bondContract), 0);
        uint256 price = 2880 * uint256(RATE);
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                customer,
                address(bondContract),
                price,
                token.nonces(customer),
                block.timestamp
            )
        );
        IModelBond.Permit memory permit = IModelBond.Permit(price, block.timestamp, 0, 0, 0);
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), hash));
        (permit.v, permit.r, permit.s) = vm.sign(CUSTOMER_KEY, digest);
        vm.prank(stranger);
        token.permit(customer, address(bondContract), price, block.timestamp, permit.v, permit.r, permit.s);
        bytes memory signed_ = signed(offer);
        vm.prank(customer);
        id = bondContract.openWithPermit(offer, signed_, 2880, permit);
        assertEq(stateOf(id).funded, 2880, "open");
    }

    function test_a_release_that_loses_the_race_to_a_settle_still_releases() public {
        id = open(offer, 2880);
        vm.warp(block.timestamp + 3 days);
        Leaf memory leaf = leafOf(2880, 100, 90);
        IModelBond.Proof memory proof = finalProof(id, leaf);
        vm.prank(stranger);
        bondContract.settle(offer, leaf, proof);
        vm.prank(host);
        bondContract.release(offer, leaf, proof);
        assertEq(bondContract.balanceOf(customer), 90 * uint256(CREDIT) + 100 * uint256(RATE), "nothing twice");
        assertEq(bondContract.balanceOf(host), 2780 * uint256(RATE - FEE), "nothing lost");
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseReleased.selector, id));
        bondContract.settle(offer, leaf, proof);
    }

    function test_a_release_by_an_older_leaf_that_owes_less_does_not_pass() public {
        id = open(offer, 2880);
        vm.warp(block.timestamp + 1 days);
        Leaf memory older = leafOf(1400, 0, 0);
        IModelBond.Proof memory proof = finalProof(id, older);
        vm.warp(block.timestamp + 2 days);
        vm.prank(host);
        vm.expectRevert(
            abi.encodeWithSelector(IModelBond.ModelBondLeaseNotMeasured.selector, id, uint40(1400), uint40(2880))
        );
        bondContract.release(offer, older, proof);
    }

    function test_one_unit_sent_to_the_contract_stops_neither_bonding_nor_opening() public {
        token.mint(address(bondContract), 1);
        vm.prank(host);
        bondContract.bond(1);
        assertEq(bondContract.bondOf(host).total, BONDED + 1, "bonded");
        id = open(offer, 2880);
        token.mint(address(bondContract), 1);
        vm.warp(block.timestamp + 3 days);
        Leaf memory leaf = leafOf(2880, 2880, 2880);
        bondContract.release(offer, leaf, finalProof(id, leaf));
        vm.prank(customer);
        bondContract.claim();
        assertEq(bondContract.bondOf(host).reserved, 0, "all dealt out");
        assertEq(
            token.balanceOf(address(bondContract)), bondContract.bondOf(host).total + 2, "the two units lie there still"
        );
    }

    function test_a_host_cannot_be_held_by_a_top_up_after_notice() public {
        id = open(offer, 2880);
        vm.prank(host);
        bondContract.close(offer);
        uint40 end = endOf(id);
        vm.prank(customer);
        bondContract.topUp(offer, 50_000);
        assertEq(endOf(id), end, "the end stays");
        vm.warp(uint256(end) * 60 + 1 hours);
        Leaf memory leaf = leafOf(end - FIRST, 0, 0);
        bondContract.release(offer, leaf, finalProof(id, leaf));
        assertEq(
            bondContract.balanceOf(customer), (52_880 - (end - FIRST)) * uint256(RATE), "what was too much comes back"
        );
    }

    function test_a_strangers_top_up_cannot_make_the_end_overflow() public {
        (offer.rate, offer.fee, offer.creditPerSlice, offer.cover) = (1, 0, 1, 3);
        id = open(offer, 2880);
        fund(stranger);
        vm.startPrank(stranger);
        for (uint256 i = 0; i < 255; ++i) {
            bondContract.topUp(offer, type(uint32).max);
        }
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        bondContract.topUp(offer, type(uint32).max);
        vm.stopPrank();
        vm.prank(host);
        bondContract.close(offer);
        vm.warp(block.timestamp + 2 days);
        Leaf memory leaf = leafOf(endOf(id) - FIRST, 0, 0);
        bondContract.release(offer, leaf, finalProof(id, leaf));
        assertEq(bondContract.bondOf(host).reserved, 0, "the lease ends and is released as ever");
    }

    function test_a_host_that_saves_maintenance_up_cannot_spend_it_in_one_period() public {
        id = open(offer, 20_000);
        SliceIndex from = SliceIndex.wrap(FIRST + offer.period - 10);
        vm.prank(host);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelBond.ModelBondMaintenanceAcrossPeriods.selector,
                from,
                uint40(20),
                SliceIndex.wrap(FIRST + offer.period)
            )
        );
        bondContract.announce(offer, from, 20);
        vm.prank(host);
        bondContract.announce(offer, SliceIndex.wrap(FIRST + offer.period), offer.maintenanceBudget);
        vm.prank(host);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelBond.ModelBondMaintenanceOverBudget.selector,
                uint256(offer.maintenanceBudget) + 1,
                offer.maintenanceBudget
            )
        );
        bondContract.announce(offer, SliceIndex.wrap(FIRST + offer.period + 500), 1);
    }

    function test_a_host_cannot_hide_an_outage_that_has_begun_behind_maintenance() public {
        id = open(offer, 20_000);
        vm.warp((uint256(FIRST) + 1000) * 60 + 59);
        SliceIndex earliest = SliceIndex.wrap(FIRST + 1000 + 1 + offer.maintenanceNotice);
        SliceIndex sooner = SliceIndex.wrap(FIRST + 1000 + offer.maintenanceNotice);
        vm.prank(host);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondMaintenanceTooSoon.selector, sooner, earliest));
        bondContract.announce(offer, sooner, 1);
    }

    function test_an_offer_with_bits_beyond_its_types_opens_nothing() public {
        bytes memory clean = abi.encodeCall(IModelBond.open, (offer, new bytes(65), 2880));
        for (uint256 field = 0; field < 20; ++field) {
            // The slot fills its word.
            if (field == 4) continue;
            bytes memory dirty = bytes.concat(clean);
            dirty[4 + 32 * field] = 0x01;
            assertTrue(!opens(dirty), "refused although the host signed the very words");
        }
        assertTrue(opens(clean), "only the bits were wrong");
        assertEq(bondContract.bondOf(host).reserved, COVER, "one lease");
    }

    /// @dev Whether a call of `open` passes once the host has signed its words as they are.
    function opens(bytes memory call) private returns (bool ok) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOST_KEY, digest(call));
        bytes memory whole = withSignature(call, abi.encodePacked(r, s, v));
        vm.prank(customer);
        (ok,) = address(bondContract).call(whole);
    }

    /// @dev What a host would sign for the words of a call, whatever their types.
    function digest(bytes memory call) private view returns (bytes32) {
        bytes memory words = new bytes(23 * 32);
        bytes32 typehash = keccak256(
            "Offer(address customer,address asset,address host,address tower,bytes32 slot,uint64 epoch,uint128 rate,uint128 fee,uint128 cover,uint128 creditPerSlice,uint32 coverFactor,uint32 slice,uint32 period,uint32 allowance,uint32 notice,uint32 maintenanceNotice,uint32 maintenanceBudget,uint32 grace,uint32 prepayment,uint64 expiry,bytes32 agreement,bytes32 rules)"
        );
        for (uint256 i = 0; i < 32; ++i) {
            words[i] = typehash[i];
        }
        for (uint256 i = 0; i < 22 * 32; ++i) {
            words[32 + i] = call[4 + i];
        }
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ModelBond"),
                keccak256("1"),
                block.chainid,
                address(bondContract)
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, keccak256(words)));
    }

    /// @dev The call's last argument is the signature: 65 bytes before the padding.
    function withSignature(bytes memory call, bytes memory other) private pure returns (bytes memory) {
        uint256 at = call.length - 96;
        for (uint256 i = 0; i < 65; ++i) {
            call[at + i] = other[i];
        }
        return call;
    }
}

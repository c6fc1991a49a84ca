// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";
import { Tree } from "../base/Tree.sol";
import { HookToken, Mute, Reenterer, RefusingToken } from "./Actors.sol";

/// @dev What other people's audits found, one test for each row of the table in contracts/README.md.
contract ChecklistTest is Fixture {
    /* ------------------------------------------- helpers ------------------------------------------ */

    function leaseFor(uint256 customerKey, uint256 ordinal)
        private
        returns (IModelBond.Offer memory offer, LeaseId id)
    {
        offer = offerOf(1);
        offer.customer = vm.addr(customerKey);
        offer.slot = SlotId.wrap(bytes32(ordinal));
        fund(offer.customer);
        id = open(offer, 20_000);
    }

    function proofIn(bytes32[] memory leaves, uint256 place, IWatchTower.ReportRef memory report)
        private
        pure
        returns (IModelBond.Proof memory proof)
    {
        proof.report = report;
        proof.path = Tree.pathOf(Tree.build(leaves), leaves[place]);
    }

    function unknown(IModelBond.Proof memory proof, bytes32 root) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IWatchTower.WatchTowerReportUnknown.selector, proof.report.seq, root);
    }

    /* -------------------------------------------- rows -------------------------------------------- */

    function test_row_01_settles_commute_in_every_order(uint256 order) public {
        IModelBond.Offer[] memory offers = new IModelBond.Offer[](4);
        bytes32[] memory leaves = new bytes32[](4);
        Leaf[] memory said = new Leaf[](4);
        for (uint40 i = 0; i < 4; ++i) {
            LeaseId id;
            (offers[i], id) = leaseFor(CUSTOMER_KEY + i / 2, i);
            // The last one uses its cover up.
            said[i] = leafOf(4000, 1000 * (i + 1), 100 + 700 * i);
            leaves[i] = leafHash(id, said[i]);
        }
        vm.warp(block.timestamp + 4 days);
        IWatchTower.ReportRef memory report = postRoot(Tree.build(leaves)[0]);
        vm.warp(block.timestamp + WINDOW);
        uint256[4] memory places = [uint256(0), 1, 2, 3];
        for (uint256 left = 4; left > 0; --left) {
            uint256 at = order % left;
            order /= left;
            uint256 i = places[at];
            places[at] = places[left - 1];
            bondContract.settle(offers[i], said[i], proofIn(leaves, i, report));
        }
        uint256 first = (100 + 800) * uint256(CREDIT);
        uint256 second = 1500 * uint256(CREDIT) + COVER;
        assertEq(bondContract.balanceOf(vm.addr(CUSTOMER_KEY)), first, "one customer's credits");
        assertEq(bondContract.balanceOf(vm.addr(CUSTOMER_KEY + 1)), second, "the other's");
        IModelBond.Bond memory bond = bondContract.bondOf(host);
        assertEq(bond.total, BONDED - first - second, "the bond");
        assertEq(bond.reserved, 4 * uint256(COVER) - first - second, "what is reserved of it");
    }

    function test_row_02_a_host_that_sees_the_report_cannot_take_its_cover_away() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 4 days);
        IModelBond.Proof memory proof = pendingProof(id, leafOf(4000, 4000, 3990));
        uint128 free = BONDED - COVER;
        vm.prank(host);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, host, free, free + 1));
        bondContract.withdrawBond(free + 1);
        vm.prank(host);
        bondContract.withdrawBond(free);
        vm.warp(block.timestamp + WINDOW);
        bondContract.settle(offer, leafOf(4000, 4000, 3990), proof);
        assertEq(bondContract.balanceOf(customer), COVER, "the customer gets the whole cover");
    }

    function test_row_03_one_customers_breach_takes_nothing_of_another_ones_cover() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - 2 * COVER);
        (IModelBond.Offer memory broken, LeaseId brokenId) = leaseFor(CUSTOMER_KEY, 0);
        (IModelBond.Offer memory other, LeaseId otherId) = leaseFor(CUSTOMER_KEY + 1, 0);
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = leafHash(brokenId, leafOf(4000, 4000, 4000));
        leaves[1] = leafHash(otherId, leafOf(4000, 2000, 2000));
        vm.warp(block.timestamp + 4 days);
        IWatchTower.ReportRef memory report = postRoot(Tree.build(leaves)[0]);
        vm.warp(block.timestamp + WINDOW);
        bondContract.settle(broken, leafOf(4000, 4000, 4000), proofIn(leaves, 0, report));
        assertEq(bondContract.bondOf(host).reserved, COVER, "the other cover is whole");
        bondContract.settle(other, leafOf(4000, 2000, 2000), proofIn(leaves, 1, report));
        assertEq(bondContract.balanceOf(other.customer), COVER, "and paid in full");
        assertEq(bondContract.bondOf(host).total, 0, "the host lost what it promised");
    }

    function test_row_04_the_smallest_breach_costs_the_same_alone_or_with_others() public {
        IModelBond.Offer memory offer = offerOf(1);
        (offer.rate, offer.fee, offer.creditPerSlice, offer.cover) = (1, 0, 1, 3);
        LeaseId id = open(offer, 20_000);
        for (uint40 breach = 1; breach <= 2; ++breach) {
            vm.warp(block.timestamp + 1 days);
            IModelBond.Proof memory proof = finalProof(id, leafOf(100 + breach, breach, breach));
            bondContract.settle(offer, leafOf(100 + breach, breach, breach), proof);
            assertEq(bondContract.balanceOf(customer), breach, "a unit for a slice");
            assertEq(bondContract.bondOf(host).total, BONDED - breach, "out of the bond");
        }
    }

    function test_row_05_the_largest_numbers_neither_wrap_nor_stick() public {
        uint128 most = type(uint128).max;
        address rich = vm.addr(0x41C4);
        vm.startPrank(rich);
        token.mint(rich, most);
        token.approve(address(bondContract), most);
        bondContract.bond(most);
        vm.stopPrank();
        IModelBond.Offer memory offer = offerOf(1);
        offer.host = rich;
        (offer.rate, offer.fee, offer.cover, offer.creditPerSlice) = (most, most - 1, most, most);
        offer.notice = 1;
        offer.prepayment = 0;
        token.mint(customer, 2 * uint256(most));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0x41C4, LeaseId.unwrap(bondContract.leaseIdOf(offer)));
        vm.prank(customer);
        LeaseId id = bondContract.open(offer, abi.encodePacked(r, s, v), 2);
        vm.warp(block.timestamp + 1 hours);
        IModelBond.Proof memory proof = finalProof(id, leafOf(2, 1, 1));
        bondContract.release(offer, leafOf(2, 1, 1), proof);
        assertEq(bondContract.balanceOf(customer), 2 * uint256(most), "the cover and one slice");
        assertEq(bondContract.balanceOf(rich), 1, "the price of the other without its fee");
        assertEq(bondContract.bondOf(rich).total, 0, "the bond is gone");
        assertEq(bondContract.bondOf(rich).reserved, 0, "and nothing is reserved");
    }

    function test_row_07_after_a_total_loss_everything_exits_cleanly_and_begins_anew() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER);
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 4 days);
        IModelBond.Proof memory proof = finalProof(id, leafOf(2010, 2010, 2000));
        bondContract.release(offer, leafOf(2010, 2010, 2000), proof);
        assertEq(
            bondContract.balanceOf(customer), COVER + 20_000 * uint256(RATE), "cover and escrow are the customer's"
        );
        vm.prank(host);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondBondTooSmall.selector, host, 0, 1));
        bondContract.withdrawBond(1);
        vm.prank(host);
        bondContract.bond(COVER);
        open(offerOf(2), 2880);
        assertEq(bondContract.bondOf(host).reserved, COVER, "the host is back");
    }

    function test_row_09_a_donation_is_nobodys_and_changes_nothing() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        token.mint(address(bondContract), 7e18);
        assertEq(bondContract.bondOf(host).total, BONDED, "no bond grew");
        vm.warp(block.timestamp + 1 days);
        IModelBond.Proof memory proof = finalProof(id, leafOf(1000, 20, 10));
        vm.prank(host);
        bondContract.withdrawStream(offer, leafOf(1000, 20, 10), proof);
        uint256 owed = uint256(bondContract.bondOf(host).total) + (20_000 - 980) * uint256(RATE)
            + bondContract.balanceOf(customer) + bondContract.poolOf(address(tower));
        assertEq(token.balanceOf(address(bondContract)), owed + 7e18, "the gift lies there beside what is owed");
    }

    function test_row_12_a_token_that_calls_back_gets_nothing_twice() public {
        HookToken hooked = new HookToken();
        IModelBond other = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(hooked)));
        Reenterer thief = new Reenterer(other);
        address honest = vm.addr(0x404E57);
        hooked.mint(address(thief), 10);
        hooked.mint(honest, 10);
        vm.startPrank(honest);
        hooked.approve(address(other), 10);
        other.bond(10);
        vm.stopPrank();
        thief.bondAndWithdraw(hooked, 10);
        assertEq(bytes32(thief.refusal()), bytes32(bytes4(keccak256("ReentrancyGuardReentrantCall()"))), "refused");
        assertEq(hooked.balanceOf(address(thief)), 10, "the thief has its own");
        assertEq(hooked.balanceOf(address(other)), 10, "and the honest host's is there");
    }

    function test_row_13_an_offer_is_for_one_contract_and_not_for_another_at_any_address() public {
        IModelBond.Offer memory offer = offerOf(1);
        bytes memory signature = signed(offer);
        IModelBond other = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(token)));
        LeaseId there = other.leaseIdOf(offer);
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, there, host));
        other.open(offer, signature, 2880);
    }

    function test_row_14_a_credit_beyond_the_cover_pays_the_cover_and_does_not_revert() public {
        vm.prank(host);
        bondContract.withdrawBond(BONDED - COVER);
        IModelBond.Offer memory offer = offerOf(1);
        offer.creditPerSlice = COVER - 1;
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 1 days);
        IModelBond.Proof memory proof = finalProof(id, leafOf(100, 50, 50));
        bondContract.settle(offer, leafOf(100, 50, 50), proof);
        assertEq(bondContract.balanceOf(customer), COVER, "all that there is");
    }

    function test_row_15_no_offer_can_hold_money_longer_than_the_bounds_say() public {
        IModelBond.Offer memory offer = offerOf(1);
        offer.notice = 30 days / 60 + 1;
        bytes memory signature = signed(offer);
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondNoticeOutOfBounds.selector, offer.notice));
        bondContract.open(offer, signature, offer.notice);
    }

    function test_row_17_a_signature_counts_once_on_one_chain_in_one_tower_for_one_frame() public {
        IWatchTower.Report memory report = reportOf(lastFrame() + 1, 0, keccak256("root"));
        vm.warp(block.timestamp + 1 hours);
        bytes32[2][] memory list = signatures(report, FIVE_OF_SEVEN);
        IWatchTower other = newTower();
        // Another tower would need its own table; this one's signers stake there too.
        seatAll(other, keys);
        setTable(other, keys);
        vm.warp(block.timestamp + 1 hours);
        bytes memory wrong =
            abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, uint256(0), vm.addr(keys[0]));
        IWatchTower.Report memory later = reportOf(lastFrame(), 0, keccak256("root"));
        bytes32[2][] memory laterList = signatures(later, FIVE_OF_SEVEN);
        vm.expectRevert(wrong);
        other.post(later, FIVE_OF_SEVEN, laterList);
        vm.chainId(2);
        vm.expectRevert(wrong);
        tower.post(report, FIVE_OF_SEVEN, list);
        vm.chainId(31_337);
        bytes32[2][] memory twice = signatures(report, 3);
        twice[1] = twice[0];
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, uint256(1), vm.addr(keys[1]))
        );
        tower.post(report, 3, twice);
        tower.post(report, FIVE_OF_SEVEN, list);
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerFrameNotNewer.selector, report.frame, report.frame)
        );
        tower.post(report, FIVE_OF_SEVEN, list);
    }

    function test_row_17_the_second_form_of_a_hosts_signature_opens_nothing() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = bondContract.leaseIdOf(offer);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOST_KEY, LeaseId.unwrap(id));
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory second = abi.encodePacked(r, n - uint256(s), v == 27 ? uint8(28) : uint8(27));
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondSignatureWrong.selector, id, host));
        bondContract.open(offer, second, 2880);
    }

    function test_row_18_a_posted_frame_is_not_replaced_and_its_clock_not_restarted() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory first = postRoot(keccak256("first"));
        vm.warp(block.timestamp + 10 minutes);
        IWatchTower.Report memory second = reportOf(first.frame, keccak256("first"), keccak256("second"));
        second.round = 2;
        bytes32[2][] memory list = signatures(second, FIVE_OF_SEVEN);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerFrameNotNewer.selector, first.frame, first.frame));
        tower.post(second, FIVE_OF_SEVEN, list);
        uint256 finalAt = uint256(first.postedAt) + WINDOW;
        vm.warp(finalAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerReportNotFinal.selector, first.seq, finalAt));
        tower.finalThrough(first, keccak256("first"));
        vm.warp(finalAt);
        assertEq(tower.finalThrough(first, keccak256("first")), (uint256(first.frame) + 1) * 1 hours, "final in time");
    }

    function test_row_19_no_inner_node_and_no_leaf_hashed_once_passes_for_a_leaf() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 1 days);
        Leaf memory leaf = leafOf(100, 50, 50);
        bytes32 once = keccak256(abi.encode(id, leaf.through, leaf.unearned, leaf.breach));
        IModelBond.Proof memory proof = pendingProof(once);
        vm.warp(block.timestamp + WINDOW);
        bytes32 twice = leafHash(id, leaf);
        bytes32 root = twice;
        for (uint256 i = 0; i < proof.path.length; ++i) {
            bytes32 side = proof.path[i];
            root = root < side ? keccak256(abi.encode(root, side)) : keccak256(abi.encode(side, root));
        }
        vm.expectRevert(unknown(proof, root));
        bondContract.settle(offer, leaf, proof);
    }

    function test_row_19_a_tree_in_which_a_leaf_shrank_is_refused_with_both_counts() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 1 days);
        Leaf memory more = leafOf(1000, 500, 400);
        bondContract.settle(offer, more, finalProof(id, more));
        Leaf memory less = leafOf(1100, 500, 399);
        IModelBond.Proof memory proof = finalProof(id, less);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafBehind.selector, id, less, more));
        bondContract.settle(offer, less, proof);
    }

    function test_row_20_a_customer_that_the_token_refuses_blocks_nobody_but_itself() public {
        RefusingToken strict = new RefusingToken();
        IModelBond other = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(strict)));
        bondContract = other;
        for (uint256 i = 0; i < 2; ++i) {
            address account = i == 0 ? host : customer;
            strict.mint(account, 1000e18);
            vm.prank(account);
            strict.approve(address(other), 1000e18);
        }
        vm.prank(host);
        other.bond(BONDED);
        IModelBond.Offer memory offer = offerOf(1);
        offer.asset = address(strict);
        LeaseId id = open(offer, 2880);
        strict.refuse(customer);
        vm.warp(block.timestamp + 3 days);
        Leaf memory leaf = leafOf(2880, 100, 90);
        other.release(offer, leaf, finalProof(id, leaf));
        vm.prank(host);
        other.claim();
        vm.prank(host);
        other.withdrawBond(BONDED - 90 * CREDIT);
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(RefusingToken.Refused.selector, customer));
        other.claim();
        assertEq(other.balanceOf(customer), 90 * uint256(CREDIT) + 100 * uint256(RATE), "what is its own waits for it");
    }

    function test_row_20_a_customer_without_a_receiver_is_credited_all_the_same() public {
        Mute mute = new Mute(token, bondContract);
        token.mint(address(mute), 100e18);
        IModelBond.Offer memory offer = offerOf(1);
        offer.customer = address(mute);
        mute.open(offer, signed(offer), 2880);
        vm.warp(block.timestamp + 3 days);
        Leaf memory leaf = leafOf(2880, 100, 90);
        bondContract.release(offer, leaf, finalProof(bondContract.leaseIdOf(offer), leaf));
        assertEq(bondContract.balanceOf(address(mute)), 90 * uint256(CREDIT) + 100 * uint256(RATE), "credited");
    }

    function test_row_22_a_settle_does_not_bring_the_end_nearer_and_a_top_up_is_good_until_the_last_slice() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 2880);
        vm.warp(uint256(endOf(id)) * 60 - 1);
        Leaf memory leaf = leafOf(2500, 100, 90);
        vm.warp(block.timestamp - WINDOW);
        bondContract.settle(offer, leaf, finalProof(id, leaf));
        assertEq(endOf(id), FIRST + 2880, "the end is where it was");
        vm.prank(customer);
        bondContract.topUp(offer, 1440);
        assertEq(endOf(id), FIRST + 4320, "the lease goes on");
        vm.warp(uint256(endOf(id)) * 60);
        vm.prank(customer);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseEnded.selector, id, FIRST + 4320));
        bondContract.topUp(offer, 1440);
    }

    function test_row_23_a_hosts_own_word_about_its_uptime_is_worth_nothing() public {
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, keccak256("always up"));
        bytes32[2][] memory list = new bytes32[2][](1);
        list[0] = signedBy(HOST_KEY, tower.digestOf(report));
        vm.expectRevert(
            abi.encodeWithSelector(IWatchTower.WatchTowerSignatureWrong.selector, uint256(0), vm.addr(keys[0]))
        );
        tower.post(report, 1, list);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, uint256(0), SIGNERS));
        tower.post(report, 0, new bytes32[2][](0));
    }

    function test_row_24_weight_stands_in_the_table_and_no_stake_adds_to_it() public {
        token.mint(staker, 100 * uint256(STAKE));
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(staker);
            tower.stake(vm.addr(keys[i]), 25 * STAKE);
        }
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), 0, keccak256("bought"));
        bytes32[2][] memory list = signatures(report, 15);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerQuorumMissed.selector, uint256(4), SIGNERS));
        tower.post(report, 15, list);
    }

    function test_row_25_three_days_without_a_chain_cost_no_host_any_cover_and_are_netted_later() public {
        IModelBond.Offer memory offer = offerOf(1);
        LeaseId id = open(offer, 20_000);
        vm.warp(block.timestamp + 3 days);
        tower.stall();
        vm.prank(host);
        bondContract.withdrawStalled(offer);
        uint40 freed = stateOf(id).paid;
        assertEq(freed, 3 * 1440 - 1, "what has passed is paid");
        assertEq(bondContract.bondOf(host).reserved, COVER, "the cover is whole");
        // The next report knows nothing of those days: they are not earned, and the stream waits until it has caught up.
        vm.warp(block.timestamp + 1 hours);
        Leaf memory leaf = leafOf(freed, freed, 0);
        IModelBond.Proof memory proof = finalProof(id, leaf);
        vm.prank(host);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        bondContract.withdrawStream(offer, leaf, proof);
        vm.warp(block.timestamp + 4 days);
        leaf = leafOf(freed + 5000, freed, 0);
        proof = finalProof(id, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        assertEq(stateOf(id).paid, 5000, "paid for what was earned, once");
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";
import { EvilTower } from "./Actors.sol";

/// @dev Towers that lie, are captured, or are dead: what they can take, how slowly, and what always gets out.
contract TowersTest is Fixture {
    IModelBond.Offer private offer;
    LeaseId private id;

    function setUp() public override {
        super.setUp();
        offer = offerOf(1);
        id = open(offer, 20_000);
    }

    /* --------------------------------------- captured quorum -------------------------------------- */

    function test_a_captured_quorum_takes_a_slices_credit_for_each_unsettled_slice_and_no_free_bond() public {
        vm.warp(block.timestamp + 1 days);
        Leaf memory honest = leafOf(1000, 10, 0);
        bondContract.settle(offer, honest, finalProof(id, honest));
        // From here on the quorum lies. What was settled as earned stays earned.
        Leaf memory lie = leafOf(1500, 1500, 1500);
        vm.warp(block.timestamp + 6 hours);
        IModelBond.Proof memory proof = finalProof(id, lie);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafBehind.selector, id, lie, honest));
        bondContract.settle(offer, lie, proof);
        lie = leafOf(1500, 510, 500);
        bondContract.settle(offer, lie, finalProof(id, lie));
        assertEq(bondContract.balanceOf(customer), 500 * uint256(CREDIT), "a credit for each slice since then");
        vm.warp(block.timestamp + 6 days);
        lie = leafOf(9000, 8010, 8000);
        bondContract.settle(offer, lie, finalProof(id, lie));
        assertEq(bondContract.balanceOf(customer), COVER, "and never more than the cover");
        assertEq(bondContract.bondOf(host).total, BONDED - COVER, "free bond is out of reach");
    }

    function test_a_captured_quorum_cannot_count_slices_that_have_not_been() public {
        vm.warp(block.timestamp + 1 days);
        Leaf memory lie = leafOf(2000, 2000, 2000);
        IModelBond.Proof memory proof = finalProof(id, lie);
        uint40 elapsed = uint40((uint256(proof.report.frame) + 1) * 60) - FIRST;
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafAhead.selector, id, uint40(2000), elapsed));
        bondContract.settle(offer, lie, proof);
    }

    function test_a_captured_quorum_needs_four_windows_against_a_guardian_and_the_host_is_gone_before_the_next_table()
        public
    {
        uint256 began = block.timestamp;
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.ReportRef memory previous = postRoot(keccak256("honest"));
        bytes32 previousRoot = newestRoot;
        vm.warp(block.timestamp + 1 hours);
        IWatchTower.Report memory report = reportOf(lastFrame(), previousRoot, leafHash(id, leafOf(100, 100, 100)));
        for (uint16 round = 1; round <= 4; ++round) {
            report.round = round;
            IModelBond.Proof memory proof;
            proof.report = post(report);
            vm.warp(uint256(proof.report.postedAt) + WINDOW - 1);
            uint256 finalAt = uint256(proof.report.postedAt) + WINDOW;
            vm.expectRevert(
                abi.encodeWithSelector(IWatchTower.WatchTowerReportNotFinal.selector, proof.report.seq, finalAt)
            );
            bondContract.settle(offer, leafOf(100, 100, 100), proof);
            if (round == 4) continue;
            vm.prank(guardian);
            tower.veto(proof.report, report.root, previous, previousRoot);
        }
        assertTrue(block.timestamp - began > 4 * (WINDOW - 1), "four windows have passed, and nothing was paid");
        assertEq(bondContract.bondOf(host).reserved, COVER, "the cover is whole");
    }

    function test_what_a_wrong_report_settled_is_not_taken_back_and_a_tally_that_goes_on_from_it_still_releases()
        public
    {
        vm.warp(block.timestamp + 1 days);
        Leaf memory wrong = leafOf(1000, 300, 200);
        bondContract.settle(offer, wrong, finalProof(id, wrong));
        vm.warp(block.timestamp + 14 days);
        Leaf memory fresh = leafOf(20_000, 0, 0);
        IModelBond.Proof memory proof = finalProof(id, fresh);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeafBehind.selector, id, fresh, wrong));
        bondContract.release(offer, fresh, proof);
        Leaf memory goesOn = leafOf(20_000, 300, 200);
        bondContract.release(offer, goesOn, finalProof(id, goesOn));
        assertEq(bondContract.bondOf(host).reserved, 0, "released");
    }

    /// @dev A limit, and known: who reports holds the key to the leases it reports on. The owner's next table is the way
    ///      out, or the reports' end.
    function test_a_captured_quorum_that_leaves_a_lease_out_holds_its_money_as_long_as_it_reports() public {
        uint256 end = uint256(endOf(id)) * 60;
        vm.warp(end + 30 days);
        IWatchTower.ReportRef memory last = postRoot(keccak256("without that lease"));
        uint256 possibleAt = (uint256(last.frame) + 1) * 1 hours + 8 days;
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondTowerNotAbandoned.selector, id, possibleAt));
        bondContract.releaseAbandoned(offer);
        vm.warp(possibleAt);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.bondOf(host).reserved, 0, "when it falls silent, everything is released");
    }

    function test_a_captured_quorum_pays_itself_the_pool_and_nothing_beside_it() public {
        vm.warp(block.timestamp + 1 days);
        Leaf memory leaf = leafOf(1000, 0, 0);
        IModelBond.Proof memory proof = finalProof(id, leaf);
        vm.prank(host);
        bondContract.withdrawStream(offer, leaf, proof);
        address thief = address(0x7417EF);
        vm.warp(block.timestamp + 1 hours);
        proof = pendingProof(payHash(address(bondContract), thief, type(uint256).max));
        vm.warp(block.timestamp + WINDOW);
        vm.prank(thief);
        bondContract.claimPay(address(tower), type(uint256).max, proof);
        assertEq(token.balanceOf(thief), 1000 * uint256(FEE), "the pool");
        vm.prank(thief);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        bondContract.claimPay(address(tower), type(uint256).max, proof);
    }

    /* ----------------------------------------- dead tower ----------------------------------------- */

    function test_when_the_tower_is_dead_everything_gets_out_after_the_end_a_stall_and_a_week() public {
        uint256 possibleAt = uint256(endOf(id)) * 60 + 8 days;
        vm.warp(possibleAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondTowerNotAbandoned.selector, id, possibleAt));
        bondContract.releaseAbandoned(offer);
        vm.warp(possibleAt);
        vm.prank(stranger);
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(host), 20_000 * uint256(RATE - FEE), "the stream is the host's");
        vm.prank(host);
        bondContract.claim();
        vm.prank(host);
        bondContract.withdrawBond(BONDED);
        assertEq(
            token.balanceOf(address(bondContract)),
            20_000 * uint256(FEE),
            "the fee of watchers that never reported is all that stays"
        );
    }

    function test_a_dead_tower_does_not_take_what_was_settled_before() public {
        vm.warp(block.timestamp + 1 days);
        Leaf memory leaf = leafOf(1000, 200, 100);
        IModelBond.Proof memory proof = finalProof(id, leaf);
        bondContract.settle(offer, leaf, proof);
        vm.warp(uint256(endOf(id)) * 60 + 8 days);
        uint40 silent = endOf(id) - (proof.report.frame + 1) * 60;
        bondContract.releaseAbandoned(offer);
        assertEq(bondContract.balanceOf(host), (800 + silent) * uint256(RATE - FEE), "earned, and freed by silence");
        assertEq(
            bondContract.balanceOf(customer),
            100 * uint256(CREDIT) + (20_000 - 800 - silent) * uint256(RATE),
            "credited, and not earned"
        );
    }

    /* --------------------------------------- malicious tower -------------------------------------- */

    function test_a_tower_that_two_parties_made_up_takes_nothing_of_third_ones() public {
        EvilTower evil = new EvilTower();
        uint256 friend = 0xF41E4D;
        IModelBond.Offer memory own = offerOf(1);
        own.tower = address(evil);
        own.customer = vm.addr(friend);
        fund(own.customer);
        LeaseId ownId = open(own, 20_000);
        IModelBond.Proof memory none;
        // It says that all of the future has been, and all of it was bad.
        evil.say(uint256(FIRST + 30_000) * 60);
        bondContract.settle(own, leafOf(20_000, 20_000, 20_000), none);
        assertEq(bondContract.balanceOf(own.customer), COVER, "their own cover");
        bondContract.release(own, leafOf(20_000, 20_000, 20_000), none);
        assertEq(bondContract.balanceOf(own.customer), COVER + 20_000 * uint256(RATE), "and their own escrow");
        assertEq(bondContract.bondOf(host).reserved, COVER, "the other lease's cover is whole");
        vm.prank(stranger);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        bondContract.claimPay(address(evil), type(uint256).max, none);
        vm.expectRevert(abi.encodeWithSelector(IModelBond.ModelBondLeaseReleased.selector, ownId));
        bondContract.settle(own, leafOf(0, 0, 0), none);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWatchTower.WatchTowerReportUnknown.selector, uint40(0), leafHash(id, leafOf(20_000, 20_000, 20_000))
            )
        );
        bondContract.settle(offer, leafOf(20_000, 20_000, 20_000), none);
    }

    function test_a_made_up_stall_pays_a_host_what_its_own_customer_paid_and_no_more() public {
        EvilTower evil = new EvilTower();
        IModelBond.Offer memory own = offerOf(1);
        own.tower = address(evil);
        own.slot = SlotId.wrap(keccak256("another slot"));
        open(own, 2880);
        evil.say(uint256(FIRST + 30_000) * 60);
        uint256 before = token.balanceOf(host);
        vm.prank(host);
        bondContract.withdrawStalled(own);
        assertEq(token.balanceOf(host) - before, 2880 * uint256(RATE - FEE), "what was paid in");
        vm.prank(host);
        vm.expectRevert(IModelBond.ModelBondNothing.selector);
        bondContract.withdrawStalled(own);
    }

    /* -------------------------------------------- seats ------------------------------------------- */

    function test_a_signer_that_leaves_answers_for_its_last_report_until_its_stake_is_gone() public {
        uint256[] memory fewer = new uint256[](SIGNERS - 1);
        for (uint256 i = 0; i < fewer.length; ++i) {
            fewer[i] = keys[i + 1];
        }
        address leaver = vm.addr(keys[0]);
        setTable(tower, fewer);
        vm.warp(block.timestamp + tower.delayOfTables() + 1 hours);
        IWatchTower.Report memory a = reportOf(lastFrame() - 1, 0, keccak256("a"));
        // Its table may still sign frames of yesterday, so it cannot even begin to leave.
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatInTable.selector, leaver));
        tower.leaveSeat(leaver);
        vm.warp(block.timestamp + 25 hours);
        vm.prank(staker);
        tower.leaveSeat(leaver);
        uint40 leavesAt = tower.seatOf(leaver).leavesAt;
        vm.warp(leavesAt - 1);
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IWatchTower.WatchTowerSeatNotLeft.selector, leaver, leavesAt));
        tower.unstake(leaver);
        IWatchTower.Report memory b = a;
        bytes32[2] memory first = signedBy(keys[0], tower.digestOf(a));
        b = reportOf(a.frame, 0, keccak256("b"));
        bytes32[2] memory second = signedBy(keys[0], tower.digestOf(b));
        vm.prank(stranger);
        tower.proveEquivocation(a, b, first, second);
        assertEq(token.balanceOf(stranger), BOUNTY, "slashed on its last day");
        vm.warp(leavesAt);
        vm.prank(staker);
        tower.unstake(leaver);
        assertEq(token.balanceOf(staker), 0, "and nothing is left to take back");
    }
}

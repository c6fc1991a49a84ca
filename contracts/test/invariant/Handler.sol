// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf } from "../../src/libraries/Leaves.sol";
import { Actions } from "./Actions.sol";

/// @dev The honest actions and those of people who try what they must not. Each attempt must fail for its own reason;
///      where it does not, the rule's name is noted and its invariant fails.
contract Handler is Actions {
    constructor() {
        setUp();
    }

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < PEOPLE; ++i) {
            hosts.push(vm.addr(HOST_KEY + i));
            customers.push(vm.addr(CUSTOMER_KEY + i));
            fund(hosts[i]);
            fund(customers[i]);
        }
        bonded[host] = BONDED;
        Posted storage nothing = posts.push();
        IWatchTower.Head memory head = tower.head();
        nothing.ref = IWatchTower.ReportRef(0, head.frame, 0, head.postedAt);
        standing.push(0);
        ModelTable storage table = tables.push();
        table.fromFrame = block.timestamp / 1 hours;
        for (uint256 place = 0; place < SIGNERS; ++place) {
            table.places.push(place);
            table.weights.push(1);
        }
    }

    function actions() external pure returns (bytes4[] memory list) {
        list = new bytes4[](29);
        (list[0], list[1], list[2]) = (this.bond.selector, this.withdrawBond.selector, this.open.selector);
        (list[3], list[4], list[5]) = (this.topUp.selector, this.close.selector, this.announce.selector);
        (list[6], list[7], list[8]) = (this.settle.selector, this.withdrawStream.selector, this.release.selector);
        (list[9], list[10]) = (this.withdrawStalled.selector, this.releaseAbandoned.selector);
        (list[11], list[12], list[13]) = (this.claim.selector, this.claimPay.selector, this.donate.selector);
        (list[14], list[15], list[16]) = (this.wait_.selector, this.post.selector, this.veto.selector);
        (list[17], list[18], list[19]) = (this.stall.selector, this.setTable.selector, this.equivocate.selector);
        (list[20], list[21], list[28]) =
        (this.settlePending.selector, this.settleVetoed.selector, this.settleLies.selector);
        (list[22], list[23]) = (this.openWrongly.selector, this.postWrongly.selector);
        (list[24], list[25]) = (this.takeReserved.selector, this.releaseEarly.selector);
        // What moves leases most comes twice.
        (list[26], list[27]) = (this.open.selector, this.settle.selector);
    }

    /// @dev A report in its window.
    function settlePending(uint256 which) external action("settlePending") {
        uint256 place = _unreleased(which);
        _settleRefused("pending root used", place, _post(which), IWatchTower.WatchTowerReportNotFinal.selector);
        ++done["settlePending"];
    }

    /// @dev A report that was vetoed, after its window.
    function settleVetoed(uint256 which) external action("settleVetoed") {
        uint256 place = _unreleased(which);
        uint256 post_ = posts.length - 1;
        while (post_ > 0 && !(posts[post_].vetoed && inTree[post_][place])) --post_;
        if (post_ == 0) {
            post_ = _post(which);
            if (!_veto(which)) return;
        }
        _wait(uint256(posts[post_].ref.postedAt) + WINDOW);
        _settleRefused("vetoed root used", place, post_, IWatchTower.WatchTowerReportUnknown.selector);
        ++done["settleVetoed"];
    }

    function _settleRefused(bytes32 rule, uint256 place, uint256 post_, bytes4 reason) private {
        _settleRefused(rule, place, post_, tallied[post_][place], reason);
    }

    function _settleRefused(bytes32 rule, uint256 place, uint256 post_, Leaf memory leaf, bytes4 reason) private {
        IModelBond.Proof memory proof = _proof(post_, leafHash(leases[place].id, leaf));
        _refused(rule, stranger, abi.encodeCall(bondContract.settle, (leases[place].offer, leaf, proof)), reason);
    }

    /// @dev Leaves of a final report that say too much, do not fit, are older than what is settled, or are in no report.
    function settleLies(uint256 which, uint256 how) external action("settleLies") {
        uint256 place = _unreleased(which);
        uint256 post_ = _finalWith(place, which);
        if (how % 4 == 0) return _settleForeign(place, post_);
        if (how % 4 == 1) return _settleBehind(place, post_);
        place = posts[post_].lyingAbout;
        if (leases[place].released || !inTree[post_][place]) return;
        if (how % 4 == 2) {
            _settleRefused("settled ahead", place, post_, ahead[post_], IModelBond.ModelBondLeafAhead.selector);
        } else {
            bytes4 reason = IModelBond.ModelBondLeafInconsistent.selector;
            _settleRefused("settled inconsistent", place, post_, leafInconsistent(post_), reason);
        }
        ++done["settleLies"];
    }

    function _settleForeign(uint256 place, uint256 post_) private {
        Leaf memory leaf = tallied[post_][place];
        IModelBond.Proof memory proof = _proof(post_, leafHash(leases[place].id, leaf));
        ++leaf.through;
        bytes memory data = abi.encodeCall(bondContract.settle, (leases[place].offer, leaf, proof));
        _refused("settled by no report", stranger, data, IWatchTower.WatchTowerReportUnknown.selector);
        ++done["settleLies"];
    }

    function _settleBehind(uint256 place, uint256 post_) private {
        _settleBy(place, post_);
        uint256 older = post_;
        for (uint256 seq = 1; seq < standing.length; ++seq) {
            bool lower = tallied[standing[seq]][place].through < leases[place].through;
            if (lower && inTree[standing[seq]][place] && _isFinal(standing[seq])) older = standing[seq];
        }
        if (older == post_) return;
        _settleRefused("settled backwards", place, older, IModelBond.ModelBondLeafBehind.selector);
        ++done["settleLies"];
    }

    /// @dev An epoch again, an older one, a cover without a bond, another's offer, an unsigned one.
    function openWrongly(uint256 who, uint256 how) external action("openWrongly") {
        IModelBond.Offer memory offer = _offer(who, (who >> 8) % SLOTS, how >> 8);
        address caller = offer.customer;
        bytes4 reason;
        bytes32 rule = "epoch opened again";
        if (how % 4 == 0) {
            (rule, reason, caller) = ("opened by a stranger", IModelBond.ModelBondNotCustomer.selector, stranger);
        } else if (how % 4 == 1) {
            offer.rate = type(uint128).max >> 40;
            offer.cover = uint128(bonded[offer.host] - reservedOf(offer.host) + 1);
            offer.creditPerSlice = 1;
            (rule, reason) = ("opened without bond", IModelBond.ModelBondBondTooSmall.selector);
        } else {
            uint256 newest = epochIn[offer.customer][(who >> 8) % SLOTS];
            if (newest == 0) {
                _open(who, how);
                newest = epochIn[offer.customer][(who >> 8) % SLOTS];
            }
            offer.epoch = uint64(how % 4 == 2 ? newest : bound(how >> 16, 0, newest));
            reason = IModelBond.ModelBondEpochNotNewer.selector;
        }
        bytes memory data = abi.encodeCall(bondContract.open, (offer, _signatureOf(offer), 500));
        _refused(rule, caller, data, reason);
        ++done["openWrongly"];
    }

    /// @dev A signer too few, one twice, one beyond the table, one that was slashed, a root on another, a frame again.
    function postWrongly(uint256 seed, uint256 how) external action("postWrongly") {
        _waitForFrame();
        IWatchTower.Report memory report = _report(keccak256(abi.encode(seed)), seed);
        (uint256 signers,) = quorumOf(report.frame, seed);
        bytes32 rule = "signers counted wrongly";
        bytes4 reason = IWatchTower.WatchTowerSignerNotCounted.selector;
        bytes32[2][] memory list;
        if (how % 5 == 0) {
            signers &= signers - 1;
            (rule, reason) = ("posted without quorum", IWatchTower.WatchTowerQuorumMissed.selector);
        } else if (how % 5 == 1) {
            list = signaturesOf(report, signers);
            list[1] = list[0];
            (rule, reason) = ("a signer counted twice", IWatchTower.WatchTowerSignatureWrong.selector);
        } else if (how % 5 == 2) {
            list = signaturesOf(report, signers);
            signers |= _uncounted(report.frame);
        } else if (how % 5 == 3) {
            report.previousRoot = keccak256(abi.encode(report.previousRoot));
            (rule, reason) = ("posted on another root", IWatchTower.WatchTowerRootNotPrevious.selector);
        } else {
            // Signed before the frame is changed: the frame before the first table has nobody to sign it.
            list = signaturesOf(report, signers);
            report.frame = tower.head().frame;
            (rule, reason) = ("frame reported again", IWatchTower.WatchTowerFrameNotNewer.selector);
        }
        if (list.length == 0) list = signaturesOf(report, signers);
        bytes memory data = abi.encodeCall(tower.post, (report, signers, list));
        _refusedBy(rule, address(tower), stranger, data, reason);
        ++done["postWrongly"];
    }

    /// @dev The place of a slashed signer of the frame's table, or the place after the last.
    function _uncounted(uint256 frame) private view returns (uint256) {
        ModelTable storage table = modelTable(frame);
        for (uint256 i = 0; i < table.places.length; ++i) {
            if (slashed[table.places[i]]) return 1 << i;
        }
        return 1 << table.places.length;
    }

    function takeReserved(uint256 who) external action("takeReserved") {
        address host_ = hosts[who % PEOPLE];
        uint256 free = bonded[host_] - reservedOf(host_);
        bytes memory data = abi.encodeCall(bondContract.withdrawBond, (uint128(free + 1)));
        _refused("reserved bond left", host_, data, IModelBond.ModelBondBondTooSmall.selector);
        ++done["takeReserved"];
    }

    /// @dev A lease that runs is released by no leaf.
    function releaseEarly(uint256 which) external action("releaseEarly") {
        uint256 place = _running(which, false);
        uint256 post_ = _finalWith(place, which);
        if (hasEnded(place)) return;
        Leaf memory leaf = tallied[post_][place];
        // A cover that this leaf uses up ends the lease with it.
        if (uint256(leaf.breach) * leases[place].offer.creditPerSlice >= leases[place].offer.cover) return;
        bytes memory data = abi.encodeCall(
            bondContract.release, (leases[place].offer, leaf, _proof(post_, leafHash(leases[place].id, leaf)))
        );
        _refused("released before its end", stranger, data, IModelBond.ModelBondLeaseNotMeasured.selector);
        ++done["releaseEarly"];
    }
}

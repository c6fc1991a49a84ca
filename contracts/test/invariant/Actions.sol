// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Tree } from "../base/Tree.sol";
import { Model } from "./Model.sol";

/// @dev What honest people do. An action that is not possible yet makes it possible first (it opens, waits, posts), so
///      that nearly every call gets something done; the model follows each step. `calls` and `done` count.
abstract contract Actions is Model {
    bytes32[] internal names;
    mapping(bytes32 action => uint256) public calls;
    mapping(bytes32 action => uint256) public done;
    /// @dev For each rule, how often the contracts did what it forbids.
    mapping(bytes32 rule => uint256) public slipped;
    /// @dev The counts of each lease before the last action: credits and earnings must not be below.
    mapping(uint256 lease => Leaf) internal _mark;

    modifier action(bytes32 name) {
        if (calls[name]++ == 0) names.push(name);
        for (uint256 i = 0; i < live.length; ++i) {
            IModelBond.Lease memory lease = stateOf(leases[live[i]].id);
            _mark[live[i]] = leafOf(lease.through, lease.unearned, lease.breach);
        }
        _;
    }

    function markOf(uint256 place) external view returns (Leaf memory) {
        return _mark[place];
    }

    /// @dev One line of what was called and done: "action calls done".
    function summary() external view returns (string memory lines) {
        for (uint256 i = 0; i < names.length; ++i) {
            bytes memory name = abi.encodePacked(names[i]);
            uint256 length = 0;
            while (length < 32 && name[length] != 0) ++length;
            assembly ("memory-safe") {
                mstore(name, length)
            }
            lines = string.concat(
                lines, string(name), " ", vm.toString(calls[names[i]]), " ", vm.toString(done[names[i]]), "\n"
            );
        }
    }

    /* -------------------------------------------- bonds ------------------------------------------- */

    function bond(uint256 who, uint256 amount) external action("bond") {
        _bond(hosts[who % PEOPLE], bound(amount, 1, 100e18));
        ++done["bond"];
    }

    /// @dev All that is free can leave.
    function withdrawBond(uint256 who, uint256 amount) external action("withdrawBond") {
        address host_ = hosts[who % PEOPLE];
        uint256 free = bonded[host_] - reservedOf(host_);
        if (free == 0) {
            _bond(host_, 1e18);
            free = 1e18;
        }
        uint256 taken = amount % 4 == 0 ? free : bound(amount, 1, free);
        vm.prank(host_);
        bondContract.withdrawBond(uint128(taken));
        bonded[host_] -= taken;
        ++done["withdrawBond"];
    }

    function _bond(address host_, uint256 amount) internal {
        vm.prank(host_);
        bondContract.bond(uint128(amount));
        bonded[host_] += amount;
    }

    /* -------------------------------------------- leases ------------------------------------------ */

    function open(uint256 who, uint256 terms) external action("open") {
        if (live.length == LIVE_LEASES) _release(live[who % live.length]);
        _open(who, terms);
        ++done["open"];
    }

    function topUp(uint256 which, uint256 slices) external action("topUp") {
        uint256 place = _running(which, false);
        Modelled storage lease = leases[place];
        uint256 more = lease.offer.notice + bound(slices, 1, 200);
        vm.prank(customers[which % PEOPLE]);
        bondContract.topUp(lease.offer, uint32(more));
        lease.funded += more;
        ++done["topUp"];
    }

    function close(uint256 which) external action("close") {
        uint256 place = _running(which, true);
        Modelled storage lease = leases[place];
        vm.prank(which % 2 == 0 ? lease.offer.customer : lease.offer.host);
        bondContract.close(lease.offer);
        lease.noticed = block.timestamp / lease.offer.slice + lease.offer.notice;
        ++done["close"];
    }

    function announce(uint256 which, uint256 slices) external action("announce") {
        uint256 place = _running(which, false);
        Modelled storage lease = leases[place];
        uint256 from = block.timestamp / lease.offer.slice + 1 + lease.offer.maintenanceNotice;
        if (from < lease.first) from = lease.first;
        uint256 period = (from - lease.first) / lease.offer.period;
        uint256 left = lease.first + (period + 1) * lease.offer.period - from;
        uint256 budget = lease.offer.maintenanceBudget - bondContract.announcedIn(lease.id, period);
        if (budget < left) left = budget;
        if (left == 0) return;
        vm.prank(lease.offer.host);
        bondContract.announce(lease.offer, SliceIndex.wrap(uint40(from)), uint32(bound(slices, 1, left)));
        ++done["announce"];
    }

    function _open(uint256 who, uint256 seed) internal returns (uint256 place) {
        uint256 slot = (who >> 8) % SLOTS;
        IModelBond.Offer memory offer = _offer(who, slot, seed);
        uint256 free = bonded[offer.host] - reservedOf(offer.host);
        if (free < offer.cover) _bond(offer.host, offer.cover - free + bound(seed >> 200, 0, 1e18));
        uint256 slices = offer.prepayment + offer.notice + bound(seed >> 160, 0, 400);
        bytes memory signature = _signatureOf(offer);

        vm.prank(offer.customer);
        LeaseId id = bondContract.open(offer, signature, uint32(slices));

        _succeed(newestIn[offer.customer][slot]);
        place = leases.length;
        Modelled storage lease = leases.push();
        lease.offer = offer;
        lease.id = id;
        lease.first = (block.timestamp + offer.slice - 1) / offer.slice;
        lease.funded = slices;
        lease.noticed = NEVER;
        epochIn[offer.customer][slot] = offer.epoch;
        newestIn[offer.customer][slot] = place + 1;
        live.push(place);
    }

    /// @dev The older lease of the slot gets its notice, unless it has ended or has notice already.
    function _succeed(uint256 placeAndOne) private {
        if (placeAndOne == 0 || hasEnded(placeAndOne - 1)) return;
        Modelled storage older = leases[placeAndOne - 1];
        if (older.noticed == NEVER) older.noticed = block.timestamp / older.offer.slice + older.offer.notice;
    }

    function _offer(uint256 who, uint256 slot, uint256 seed) internal view returns (IModelBond.Offer memory offer) {
        offer = offerOf(0);
        offer.customer = customers[who % PEOPLE];
        offer.host = hosts[(who >> 16) % PEOPLE];
        offer.slot = slotOf(slot);
        offer.epoch = uint64(epochIn[offer.customer][slot] + bound(seed, 1, 3));
        offer.slice = seed % 2 == 0 ? 300 : 900;
        offer.rate = uint128(bound(seed >> 8, 2, 1e15));
        offer.fee = uint128(bound(seed >> 16, 0, offer.rate - 1));
        offer.period = uint32(bound(seed >> 24, 20, 400));
        offer.notice = uint32(bound(seed >> 32, 1, 48));
        offer.prepayment = uint32(bound(seed >> 40, 0, 96));
        offer.coverFactor = uint32(bound(seed >> 48, 1, 10));
        offer.cover = uint128(bound(seed >> 56, 1, uint256(offer.coverFactor) * offer.rate * offer.period));
        offer.creditPerSlice = uint128(bound(seed >> 64, 1, offer.cover));
        // Most covers last for some slices; the others are used up by the first.
        if (seed % 4 != 0) offer.creditPerSlice = offer.creditPerSlice / 200 + 1;
        offer.allowance = uint32(bound(seed >> 72, 0, 10));
        offer.maintenanceBudget = uint32(bound(seed >> 80, 1, 20));
        offer.maintenanceNotice = uint32(bound(seed >> 88, 0, 5));
        offer.expiry = uint64(block.timestamp);
    }

    function _signatureOf(IModelBond.Offer memory offer) internal view returns (bytes memory) {
        uint256 key = _keyOf(offer.host);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, LeaseId.unwrap(bondContract.leaseIdOf(offer)));
        return abi.encodePacked(r, s, v);
    }

    function _keyOf(address host_) private view returns (uint256 key) {
        while (hosts[key] != host_) ++key;
        return HOST_KEY + key;
    }

    /// @dev A lease with money in it; a new one when there is none.
    function _unreleased(uint256 seed) internal returns (uint256) {
        return live.length == 0 ? _open(seed, uint256(keccak256(abi.encode(seed)))) : live[seed % live.length];
    }

    /// @dev A lease that has not ended, and perhaps has no notice; a new one when there is none.
    function _running(uint256 seed, bool unnoticed) internal returns (uint256) {
        for (uint256 i = 0; i < live.length; ++i) {
            uint256 place = live[(seed % live.length + i) % live.length];
            if (!hasEnded(place) && !(unnoticed && leases[place].noticed < NEVER)) return place;
        }
        if (live.length == LIVE_LEASES) _release(live[seed % LIVE_LEASES]);
        return _open(seed, uint256(keccak256(abi.encode(seed))));
    }

    /* -------------------------------------------- money ------------------------------------------- */

    function settle(uint256 which) external action("settle") {
        uint256 place = _unreleased(which);
        uint256 post_ = _finalWith(place, which);
        _settleBy(place, post_);
        ++done["settle"];
    }

    function withdrawStream(uint256 which) external action("withdrawStream") {
        uint256 place = _unreleased(which);
        if (_withdraw(place, _finalWith(place, which))) ++done["withdrawStream"];
    }

    function withdrawStalled(uint256 which) external action("withdrawStalled") {
        uint256 place = _running(which, false);
        Modelled storage lease = leases[place];
        if (modelFreed(place, tower.head().stalledThrough) == 0) _stall();
        uint256 freed = modelFreed(place, tower.head().stalledThrough);
        if (lease.through - lease.unearned + freed <= lease.paid) return;
        uint256 amount = modelPay(place, freed);
        uint256 before = token.balanceOf(lease.offer.host);
        vm.prank(lease.offer.host);
        bondContract.withdrawStalled(lease.offer);
        uint256 received = token.balanceOf(lease.offer.host) - before;
        lease.streamed += received;
        if (received != amount) ++slipped["stalled stream"];
        ++done["withdrawStalled"];
    }

    function release(uint256 which) external action("release") {
        _release(_unreleased(which));
        ++done["release"];
    }

    /// @dev Once in a while a tower dies.
    function releaseAbandoned(uint256 which) external action("releaseAbandoned") {
        uint256 place = _unreleased(which);
        Modelled storage lease = leases[place];
        uint256 reported = untilOf(tower.head().frame);
        uint256 ends = end(place) * lease.offer.slice;
        uint256 silentFrom = reported < ends ? ends : reported;
        _wait(silentFrom + 8 days - 1);
        if (block.timestamp < silentFrom + 8 days) {
            _refused(
                "released before stall and week",
                stranger,
                abi.encodeCall(bondContract.releaseAbandoned, (lease.offer)),
                IModelBond.ModelBondTowerNotAbandoned.selector
            );
        }
        _wait(silentFrom + 8 days);
        uint256 before = bondContract.balanceOf(lease.offer.host);
        bondContract.releaseAbandoned(lease.offer);
        lease.streamed += bondContract.balanceOf(lease.offer.host) - before;
        modelRelease(place, modelFreed(place, ends));
        ++done["releaseAbandoned"];
    }

    function claim(uint256 who) external action("claim") {
        address account = who % 2 == 0 ? hosts[(who >> 8) % PEOPLE] : customers[(who >> 8) % PEOPLE];
        if (claimable[account] == 0) {
            uint256 place = _unreleased(who);
            _release(place);
            account =
                claimable[leases[place].offer.customer] > 0 ? leases[place].offer.customer : leases[place].offer.host;
        }
        if (claimable[account] == 0) return;
        uint256 before = token.balanceOf(account);
        vm.prank(account);
        bondContract.claim();
        if (token.balanceOf(account) - before != claimable[account]) ++slipped["claimed"];
        claimable[account] = 0;
        ++done["claim"];
    }

    function claimPay(uint256 who) external action("claimPay") {
        uint256 watcher = who % PAID_WATCHERS;
        uint256 place = _unreleased(who);
        uint256 post_ = _finalWith(place, who);
        if (pool == 0) _withdraw(place, post_);
        uint256 owed = awarded[post_][watcher] - watcherPaid[watcher];
        uint256 amount = owed < pool ? owed : pool;
        if (amount == 0) return;
        address account = vm.addr(keys[watcher]);
        IModelBond.Proof memory proof = _proof(post_, payHash(address(bondContract), account, awarded[post_][watcher]));
        uint256 before = token.balanceOf(account);
        vm.prank(account);
        bondContract.claimPay(address(tower), awarded[post_][watcher], proof);
        if (token.balanceOf(account) - before != amount) ++slipped["watcher paid"];
        watcherPaid[watcher] += amount;
        pool -= amount;
        ++done["claimPay"];
    }

    function donate(uint256 amount) external action("donate") {
        uint256 given = bound(amount, 1, 1e18);
        token.mint(address(bondContract), given);
        donated += given;
        ++done["donate"];
    }

    function _settleBy(uint256 place, uint256 post_) internal {
        Modelled storage lease = leases[place];
        Leaf memory leaf = tallied[post_][place];
        IModelBond.Proof memory proof = _proof(post_, leafHash(lease.id, leaf));
        uint256 before = bondContract.balanceOf(lease.offer.customer);
        bondContract.settle(lease.offer, leaf, proof);
        lease.credited += bondContract.balanceOf(lease.offer.customer) - before;
        modelSettle(place, leaf);
    }

    /// @dev Withdraws if there is something to withdraw.
    function _withdraw(uint256 place, uint256 post_) internal returns (bool) {
        Modelled storage lease = leases[place];
        Leaf memory leaf = tallied[post_][place];
        if (leaf.through - leaf.unearned <= lease.paid) return false;
        IModelBond.Proof memory proof = _proof(post_, leafHash(lease.id, leaf));
        uint256 credits = bondContract.balanceOf(lease.offer.customer);
        uint256 before = token.balanceOf(lease.offer.host);
        vm.prank(lease.offer.host);
        bondContract.withdrawStream(lease.offer, leaf, proof);
        lease.streamed += token.balanceOf(lease.offer.host) - before;
        lease.credited += bondContract.balanceOf(lease.offer.customer) - credits;
        modelSettle(place, leaf);
        modelPay(place, 0);
        return true;
    }

    /// @dev Gives notice, waits for the end and for the report of it, and releases.
    function _release(uint256 place) internal {
        Modelled storage lease = leases[place];
        if (!hasEnded(place) && lease.noticed == NEVER) {
            vm.prank(lease.offer.customer);
            bondContract.close(lease.offer);
            lease.noticed = block.timestamp / lease.offer.slice + lease.offer.notice;
        }
        uint256 post_ = _newestFinal();
        if (!inTree[post_][place] || tallied[post_][place].through < end(place) - lease.first) {
            _wait(end(place) * lease.offer.slice + 1 hours);
            post_ = _postFinal(place);
        }
        Leaf memory leaf = tallied[post_][place];
        IModelBond.Proof memory proof = _proof(post_, leafHash(lease.id, leaf));
        uint256 credits = bondContract.balanceOf(lease.offer.customer);
        uint256 before = bondContract.balanceOf(lease.offer.host);
        bondContract.release(lease.offer, leaf, proof);
        lease.streamed += bondContract.balanceOf(lease.offer.host) - before;
        uint256 owed = lease.credited;
        modelSettle(place, leaf);
        modelRelease(place, 0);
        uint256 given = bondContract.balanceOf(lease.offer.customer) - credits;
        lease.credited = given + owed - lease.refunded;
        if (_owesByFinalLeaf(place)) ++slipped["release passed a leaf that owes"];
    }

    /// @dev Whether some final report says more breach than was credited.
    function _owesByFinalLeaf(uint256 place) internal view returns (bool) {
        IModelBond.Lease memory lease = stateOf(leases[place].id);
        for (uint256 seq = 1; seq < standing.length; ++seq) {
            if (tallied[standing[seq]][place].breach > lease.breach && _isFinal(standing[seq])) return true;
        }
        return false;
    }

    /* -------------------------------------------- tower ------------------------------------------- */

    function wait_(uint256 seconds_) external action("wait") {
        _wait(block.timestamp + bound(seconds_, 5 minutes, 3 hours));
        ++done["wait"];
    }

    function post(uint256 seed) external action("post") {
        _post(seed);
        ++done["post"];
    }

    function veto(uint256 seed) external action("veto") {
        uint256 newest = standing.length - 1;
        if (newest == 0 || _isFinal(standing[newest])) _post(seed);
        if (_veto(seed)) ++done["veto"];
    }

    /// @dev The guardian drops the newest report, which is in its window, or the one before with all that stand on it.
    ///      False where that would be the fourth time in a row.
    function _veto(uint256 seed) internal returns (bool) {
        uint256 seq = standing.length - 1;
        if (seed % 2 == 0 && seq > 1 && !_isFinal(standing[seq - 1])) --seq;
        IWatchTower.Head memory head = tower.head();
        Posted storage vetoed = posts[standing[seq]];
        Posted storage previous = posts[standing[seq - 1]];
        bytes memory data = abi.encodeCall(tower.veto, (vetoed.ref, vetoed.root, previous.ref, previous.root));
        bytes32 before = _moneyOfCover();
        if (vetoed.ref.frame <= head.vetoMark && head.vetoes == 3) {
            bytes4 reason = IWatchTower.WatchTowerVetoesUsedUp.selector;
            _refusedBy("fourth veto", address(tower), guardian, data, reason);
            return false;
        }
        vm.prank(guardian);
        tower.veto(vetoed.ref, vetoed.root, previous.ref, previous.root);
        if (_moneyOfCover() != before) ++slipped["veto moved money"];
        while (standing.length > seq) {
            Posted storage dropped = posts[standing[standing.length - 1]];
            dropped.vetoed = true;
            uint256 times = ++timesDropped[dropped.ref.frame];
            if (times > mostDropped) mostDropped = times;
            standing.pop();
        }
        return true;
    }

    function stall() external action("stall") {
        _stall();
        ++done["stall"];
    }

    /// @dev The owner's next table: those that were not slashed, with other weights. Once in a while it comes to sign.
    function setTable(uint256 seed) external action("setTable") {
        if (tables[tables.length - 1].fromFrame > block.timestamp / 1 hours) tables.pop();
        ModelTable storage table = tables.push();
        for (uint256 place = 0; place < SIGNERS; ++place) {
            if (slashed[place]) continue;
            table.places.push(place);
            // No signer may have more than a third of the weight: among fewer than five all weigh the same.
            table.weights.push(uint8(1 + (_unslashed() < 5 ? 0 : (seed >> place) & 1)));
        }
        IWatchTower.Member[] memory members = new IWatchTower.Member[](table.places.length);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = IWatchTower.Member({
                signer: vm.addr(keys[table.places[i]]), weight: table.weights[i], domain: bytes32(i)
            });
        }
        vm.prank(owner);
        tower.setTable(members);
        table.fromFrame = (block.timestamp + 30 days + WINDOW) / 1 hours + 1;
        if (seed % 4 == 0) _wait(table.fromFrame * 1 hours + 2 hours);
        ++done["setTable"];
    }

    /// @dev A signer signs two reports of one frame and round, if a quorum is left without it.
    function equivocate(uint256 seed) external action("equivocate") {
        uint256 place = seed % SIGNERS;
        if (slashed[place] || _unslashed() == 4 || !_quorumWithout(place)) return;
        IWatchTower.Report memory a = reportOf(lastFrame(), 0, keccak256("a"));
        IWatchTower.Report memory b = reportOf(lastFrame(), 0, keccak256("b"));
        bytes32[2] memory signatureA = signedBy(keys[place], tower.digestOf(a));
        bytes32[2] memory signatureB = signedBy(keys[place], tower.digestOf(b));
        tower.proveEquivocation(a, b, signatureA, signatureB);
        slashed[place] = true;
        ++done["equivocate"];
    }

    function _unslashed() private view returns (uint256 count) {
        for (uint256 place = 0; place < SIGNERS; ++place) {
            if (!slashed[place]) ++count;
        }
    }

    function _quorumWithout(uint256 place) private returns (bool can) {
        slashed[place] = true;
        can = true;
        uint256 first = tables.length > 1 ? tables.length - 2 : 0;
        for (uint256 i = first; i < tables.length; ++i) {
            (uint256 countable, uint256 total) = weigh(tables[i]);
            if (3 * countable < 2 * total) can = false;
        }
        slashed[place] = false;
    }

    function _stall() internal {
        _wait(untilOf(tower.head().frame) + 1 days);
        bytes32 before = _moneyOfCover();
        tower.stall();
        if (_moneyOfCover() != before) ++slipped["stall moved money"];
    }

    /// @dev Bonds and balances: where the money of covers is.
    function _moneyOfCover() internal view returns (bytes32 sum) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            sum = keccak256(
                abi.encode(
                    sum,
                    bondContract.bondOf(hosts[i]),
                    bondContract.balanceOf(hosts[i]),
                    bondContract.balanceOf(customers[i])
                )
            );
        }
    }

    function _wait(uint256 until) internal {
        if (until > block.timestamp) vm.warp(until);
    }

    function _report(bytes32 root, uint256 seed) internal view returns (IWatchTower.Report memory) {
        return IWatchTower.Report({
            frame: lastFrame(),
            round: uint16(tower.head().vetoRound + 1 + seed % 2),
            referenceBlock: 7,
            previousRoot: posts[standing[standing.length - 1]].root,
            root: root,
            dataHash: bytes32(seed)
        });
    }

    function _post(uint256 seed) internal returns (uint256 place) {
        _waitForFrame();
        place = posts.length;
        Posted storage posted = posts.push();
        bytes32[] memory nodes = grow(place, untilOf(lastFrame()), seed);
        IWatchTower.Report memory report = _report(nodes[0], seed);
        (uint256 signers, uint256 weight) = quorumOf(report.frame, seed);
        bytes32[2][] memory signatures_ = signaturesOf(report, signers);
        uint40 seq = tower.post(report, signers, signatures_);
        posted.ref = IWatchTower.ReportRef(seq, report.frame, report.round, uint40(block.timestamp));
        posted.root = report.root;
        nodesOf[place] = nodes;
        posted.weight = weight;
        (, posted.totalWeight) = weigh(modelTable(report.frame));
        if (seq != standing.length) ++slipped["reports follow one another"];
        standing.push(place);
    }

    /// @dev Until there is a frame to report.
    function _waitForFrame() internal {
        _wait((uint256(tower.head().frame) + 2) * 1 hours + 1);
    }

    function _isFinal(uint256 post_) internal view returns (bool) {
        return block.timestamp >= uint256(posts[post_].ref.postedAt) + WINDOW;
    }

    /// @dev The newest report that is final: the tower's empty beginning at first.
    function _newestFinal() internal view returns (uint256) {
        uint256 seq = standing.length - 1;
        while (seq > 0 && !_isFinal(standing[seq])) --seq;
        return standing[seq];
    }

    /// @dev A final report that has a leaf of the lease, and news if there can be.
    function _finalWith(uint256 place, uint256 seed) internal returns (uint256 post_) {
        post_ = _newestFinal();
        if (inTree[post_][place] && tallied[post_][place].through > leases[place].through) return post_;
        return _postFinal(seed);
    }

    function _postFinal(uint256 seed) internal returns (uint256 post_) {
        post_ = _post(uint256(keccak256(abi.encode(seed, posts.length))));
        _wait(block.timestamp + WINDOW);
    }

    function _proof(uint256 post_, bytes32 leaf) internal view returns (IModelBond.Proof memory proof) {
        proof.report = posts[post_].ref;
        proof.path = Tree.pathOf(nodesOf[post_], leaf);
    }

    /* ------------------------------------------- refusals ----------------------------------------- */

    function _refused(bytes32 rule, address caller, bytes memory data, bytes4 reason) internal {
        _refusedBy(rule, address(bondContract), caller, data, reason);
    }

    /// @dev Tries what must be refused, for this reason. If it is not, the rule has slipped.
    function _refusedBy(bytes32 rule, address target, address caller, bytes memory data, bytes4 reason) internal {
        vm.prank(caller);
        (bool success, bytes memory answer) = target.call(data);
        if (success || bytes4(answer) != reason) ++slipped[rule];
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Fixture } from "../base/Fixture.sol";
import { Tree } from "../base/Tree.sol";

/// @dev What the contracts should hold, kept beside them in plain numbers: people, leases, reports, tables. It knows the
///      rules of the design and none of the contracts' code. Who compares is Invariants.t.sol.
abstract contract Model is Fixture {
    uint256 internal constant PEOPLE = 3;
    uint256 internal constant SLOTS = 2;
    uint256 internal constant PAID_WATCHERS = 3;
    uint256 internal constant LIVE_LEASES = 6;
    uint256 internal constant NEVER = type(uint40).max;

    /// @dev A lease: its terms, what the rules say of it, and the money that was seen to move.
    struct Modelled {
        IModelBond.Offer offer;
        LeaseId id;
        uint256 first;
        uint256 funded;
        uint256 noticed;
        uint256 through;
        uint256 unearned;
        uint256 breach;
        uint256 paid;
        uint256 freed;
        uint256 credited;
        uint256 streamed;
        uint256 refunded;
        bool released;
    }

    /// @dev A report that was posted, whatever became of it.
    struct Posted {
        IWatchTower.ReportRef ref;
        bytes32 root;
        uint256 weight;
        uint256 totalWeight;
        bool vetoed;
        uint256 lyingAbout;
    }

    /// @dev A signer table, by places in `keys`.
    struct ModelTable {
        uint256 fromFrame;
        uint256[] places;
        uint8[] weights;
    }

    address[] internal hosts;
    address[] internal customers;
    Modelled[] internal leases;
    uint256[] internal live;
    Posted[] internal posts;
    /// @dev The posts that stand: seq -> place in `posts`.
    uint256[] internal standing;
    ModelTable[] internal tables;

    mapping(address host => uint256) public bonded;
    mapping(address account => uint256) public claimable;
    mapping(address customer => mapping(uint256 slot => uint256)) public epochIn;
    mapping(address customer => mapping(uint256 slot => uint256 placeAndOne)) internal newestIn;
    mapping(uint256 post => mapping(uint256 lease => Leaf)) internal tallied;
    mapping(uint256 post => mapping(uint256 lease => bool)) internal inTree;
    mapping(uint256 post => Leaf) internal ahead;
    mapping(uint256 post => bytes32[]) internal nodesOf;
    mapping(uint256 post => mapping(uint256 watcher => uint256)) internal awarded;
    mapping(uint256 watcher => uint256) public watcherPaid;
    mapping(uint256 frame => uint256) public timesDropped;
    mapping(uint256 key => bool) internal slashed;
    uint256 public pool;
    uint256 public donated;
    uint256 public mostDropped;

    /* ------------------------------------------- reading ------------------------------------------ */

    function allLeases() external view returns (Modelled[] memory) {
        return leases;
    }

    function postCount() external view returns (uint256) {
        return posts.length;
    }

    function postAt(uint256 place) external view returns (Posted memory) {
        return posts[place];
    }

    /// @dev The frames of the reports that stand, in their order.
    function standingFrames() external view returns (uint256[] memory frames) {
        frames = new uint256[](standing.length);
        for (uint256 seq = 0; seq < standing.length; ++seq) {
            frames[seq] = posts[standing[seq]].ref.frame;
        }
    }

    function people() external view returns (address[] memory, address[] memory) {
        return (hosts, customers);
    }

    function contracts() external view returns (IModelBond, IWatchTower) {
        return (bondContract, tower);
    }

    function assetBalance(address account) external view returns (uint256) {
        return token.balanceOf(account);
    }

    /// @dev The covers of a host's unreleased leases, less what they have credited.
    function reservedOf(address host_) public view returns (uint256 reserved) {
        for (uint256 i = 0; i < live.length; ++i) {
            Modelled storage lease = leases[live[i]];
            if (lease.offer.host == host_) reserved += lease.offer.cover - lease.credited;
        }
    }

    function newestOf(address customer_, uint256 slot) external view returns (LeaseId) {
        uint256 place = newestIn[customer_][slot];
        return place == 0 ? LeaseId.wrap(0) : leases[place - 1].id;
    }

    function slotOf(uint256 slot) public pure returns (SlotId) {
        return SlotId.wrap(keccak256(abi.encode("home", "deployment", slot)));
    }

    function end(uint256 place) public view returns (uint256) {
        Modelled storage lease = leases[place];
        uint256 dry = lease.first + lease.funded;
        return dry < lease.noticed ? dry : lease.noticed;
    }

    function hasEnded(uint256 place) internal view returns (bool) {
        return end(place) <= block.timestamp / leases[place].offer.slice;
    }

    /* ------------------------------------------- the tally ---------------------------------------- */

    function untilOf(uint256 frame) internal pure returns (uint256) {
        return (frame + 1) * 1 hours;
    }

    /// @dev What the watchers make of the slices of one lease since the report before: some earned, then some not
    ///      earned, then some in breach. A lease whose cover that uses up has ended with that slice.
    function tally(uint256 place, Leaf memory before, uint256 until, uint256 seed) internal view returns (Leaf memory) {
        Modelled storage lease = leases[place];
        uint256 most = (uint256(lease.offer.cover) + lease.offer.creditPerSlice - 1) / lease.offer.creditPerSlice;
        uint256 measured = measurable(place, until);
        if (measured <= before.through || before.breach >= most) return before;
        uint256 fresh = measured - before.through;
        uint256 unearned = seed % 3 == 0 ? 0 : bound(seed >> 8, 0, fresh);
        uint256 breach = bound(seed >> 64, 0, unearned);
        uint256 beyond = before.breach + breach > most ? before.breach + breach - most : 0;
        return leafOf(
            uint40(before.through + fresh - beyond),
            uint40(before.unearned + unearned - beyond),
            uint40(before.breach + breach - beyond)
        );
    }

    /// @dev The slices of a lease that had elapsed at a time, through its end.
    function measurable(uint256 place, uint256 until) internal view returns (uint256) {
        Modelled storage lease = leases[place];
        uint256 slices = until / lease.offer.slice;
        if (slices > end(place)) slices = end(place);
        return slices > lease.first ? slices - lease.first : 0;
    }

    /// @dev Makes the leaves of a post on top of the last one that stands, and two lies about one lease: a leaf ahead of
    ///      the time, and one whose counts do not fit each other. A captured quorum could sign such.
    function grow(uint256 post_, uint256 until, uint256 seed) internal returns (bytes32[] memory nodes) {
        uint256 parent = standing[standing.length - 1];
        bytes32[] memory leaves = new bytes32[](live.length + PAID_WATCHERS + (live.length == 0 ? 0 : 2));
        uint256 next = 0;
        for (uint256 i = 0; i < live.length; ++i) {
            uint256 place = live[i];
            Leaf memory leaf = tally(place, tallied[parent][place], until, uint256(keccak256(abi.encode(seed, place))));
            tallied[post_][place] = leaf;
            inTree[post_][place] = true;
            leaves[next++] = leafHash(leases[place].id, leaf);
        }
        for (uint256 i = 0; i < PAID_WATCHERS; ++i) {
            awarded[post_][i] = awarded[parent][i] + bound(seed >> (i * 16), 1, 1e16);
            leaves[next++] = payHash(address(bondContract), vm.addr(keys[i]), awarded[post_][i]);
        }
        if (live.length > 0) {
            uint256 lied = live[seed % live.length];
            posts[post_].lyingAbout = lied;
            ahead[post_] = leafAhead(post_, until);
            leaves[next++] = leafHash(leases[lied].id, ahead[post_]);
            leaves[next] = leafHash(leases[lied].id, leafInconsistent(post_));
        }
        return Tree.build(leaves);
    }

    /// @dev One slice more than there was time for, or than the lease has if it has ended.
    function leafAhead(uint256 post_, uint256 until) private view returns (Leaf memory leaf) {
        uint256 place = posts[post_].lyingAbout;
        Modelled storage lease = leases[place];
        uint256 slices = until / lease.offer.slice;
        leaf = tallied[post_][place];
        leaf.through = uint40((slices > lease.first ? slices - lease.first : 0) + 1);
        if (hasEnded(place)) leaf.through = uint40(measurable(place, until) + 1);
    }

    function leafInconsistent(uint256 post_) internal view returns (Leaf memory leaf) {
        leaf = tallied[post_][posts[post_].lyingAbout];
        leaf.breach = leaf.unearned + 1;
    }

    /* ------------------------------------------- the money ---------------------------------------- */

    /// @dev What one leaf does: the customer is credited up to the cover, and a used-up cover ends the lease.
    function modelSettle(uint256 place, Leaf memory leaf) internal {
        Modelled storage lease = leases[place];
        uint256 linear = uint256(leaf.breach) * lease.offer.creditPerSlice;
        uint256 credited = linear < lease.offer.cover ? linear : lease.offer.cover;
        uint256 before = uint256(lease.breach) * lease.offer.creditPerSlice;
        if (before > lease.offer.cover) before = lease.offer.cover;
        bonded[lease.offer.host] -= credited - before;
        claimable[lease.offer.customer] += credited - before;
        lease.through = leaf.through;
        lease.unearned = leaf.unearned;
        lease.breach = leaf.breach;
        if (credited == lease.offer.cover && credited > before) lease.noticed = lease.first + leaf.through;
    }

    /// @dev Counts what is due as paid, and gives it and the pool's share of it.
    function modelPay(uint256 place, uint256 freed) internal returns (uint256 amount) {
        Modelled storage lease = leases[place];
        uint256 due = lease.through - lease.unearned + freed;
        uint256 slices = due > lease.paid ? due - lease.paid : 0;
        lease.paid += slices;
        if (freed > 0) lease.freed += slices;
        pool += slices * lease.offer.fee;
        return slices * (lease.offer.rate - lease.offer.fee);
    }

    /// @dev The slices between what is known and a time, through the lease's end.
    function modelFreed(uint256 place, uint256 horizon) internal view returns (uint256) {
        Modelled storage lease = leases[place];
        uint256 from = untilOf(tower.head().frame) / lease.offer.slice;
        if (from < lease.first + lease.through) from = lease.first + lease.through;
        uint256 to = horizon / lease.offer.slice;
        if (to > end(place)) to = end(place);
        return to > from ? to - from : 0;
    }

    function modelRelease(uint256 place, uint256 freed) internal {
        Modelled storage lease = leases[place];
        claimable[lease.offer.host] += modelPay(place, freed);
        lease.refunded = (lease.funded - lease.paid) * lease.offer.rate;
        claimable[lease.offer.customer] += lease.refunded;
        lease.released = true;
        for (uint256 i = 0; i < live.length; ++i) {
            if (live[i] != place) continue;
            live[i] = live[live.length - 1];
            live.pop();
            return;
        }
    }

    /* ------------------------------------------- the signers -------------------------------------- */

    /// @dev The table that signs a frame.
    function modelTable(uint256 frame) internal view returns (ModelTable storage) {
        uint256 place = tables.length - 1;
        while (place > 0 && tables[place].fromFrame > frame) --place;
        return tables[place];
    }

    function weigh(ModelTable storage table) internal view returns (uint256 countable, uint256 total) {
        for (uint256 i = 0; i < table.places.length; ++i) {
            total += table.weights[i];
            if (!slashed[table.places[i]]) countable += table.weights[i];
        }
    }

    /// @dev Some signers of the table that are a quorum and no more: a bit for each place, and their weight.
    function quorumOf(uint256 frame, uint256 seed) internal view returns (uint256 signers, uint256 weight) {
        ModelTable storage table = modelTable(frame);
        uint256 total;
        (weight, total) = weigh(table);
        uint256 size = table.places.length;
        for (uint256 i = 0; i < size; ++i) {
            if (!slashed[table.places[i]]) signers |= 1 << i;
        }
        for (uint256 i = 0; i < size; ++i) {
            uint256 place = (seed % size + i) % size;
            if ((signers >> place) & 1 == 0 || 3 * (weight - table.weights[place]) < 2 * total) continue;
            signers &= ~(1 << place);
            weight -= table.weights[place];
        }
    }

    function signaturesOf(IWatchTower.Report memory report, uint256 signers)
        internal
        view
        returns (bytes32[2][] memory list)
    {
        ModelTable storage table = modelTable(report.frame);
        bytes32 digest = tower.digestOf(report);
        uint256 count = 0;
        for (uint256 mask = signers; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
        list = new bytes32[2][](count);
        uint256 next = 0;
        for (uint256 i = 0; signers >> i != 0; ++i) {
            if ((signers >> i) & 1 == 1) list[next++] = signedBy(keys[table.places[i]], digest);
        }
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { LocalToken } from "../../script/local/LocalToken.sol";
import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { SliceIndex } from "../../src/libraries/Slices.sol";
import { Test } from "./Test.sol";
import { Tree } from "./Tree.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @dev Tests know the contracts by their interfaces and deploy what was compiled for deployment (`vm.deployCode`): they
///      run the very code that goes on chain, and compile fast themselves.
///
///      A token, a tower with seven signers of which five are a quorum, a bond contract, a host, a customer. Time begins
///      half a minute into a slice and a frame.
abstract contract Fixture is Test {
    uint256 internal constant HOST_KEY = 0xA11CE;
    uint256 internal constant CUSTOMER_KEY = 0xB0B;
    uint256 internal constant SIGNERS = 7;
    uint256 internal constant BEGIN = 1_800_000_000;
    uint256 internal constant FIVE_OF_SEVEN = 31;
    uint40 internal constant WINDOW = 6 hours;
    uint128 internal constant RATE = 1e15;
    uint128 internal constant FEE = 1e13;
    uint128 internal constant CREDIT = 5e15;
    uint128 internal constant COVER = 10e18;
    uint128 internal constant BONDED = 100e18;
    uint96 internal constant STAKE = 1000e18;
    uint96 internal constant BOUNTY = 100e18;
    /// @dev The first slice of a lease opened at the beginning.
    uint40 internal constant FIRST = uint40(BEGIN / 60) + 1;

    LocalToken internal token;
    IModelBond internal bondContract;
    IWatchTower internal tower;
    address internal host;
    address internal customer;
    address internal owner = address(0x0917E5);
    address internal guardian = address(0x60A7D1A7);
    address internal staker = address(0x57A4E5);
    address internal stranger = address(0x574A17E5);
    /// @dev The signers' keys, in the order of the table.
    uint256[] internal keys;

    function setUp() public virtual {
        vm.warp(BEGIN + 30);
        host = vm.addr(HOST_KEY);
        customer = vm.addr(CUSTOMER_KEY);
        token = new LocalToken();
        bondContract = IModelBond(vm.deployCode("ModelBond.sol:ModelBond", abi.encode(token)));
        tower = newTower();
        keys = sortedKeys(SIGNERS);
        seatAll(tower, keys);
        setTable(tower, keys);
        fund(host);
        fund(customer);
        vm.prank(host);
        bondContract.bond(BONDED);
    }

    /* ------------------------------------------- people ------------------------------------------- */

    function fund(address account) internal {
        token.mint(account, 1e30);
        vm.prank(account);
        token.approve(address(bondContract), type(uint256).max);
    }

    /* -------------------------------------------- tower ------------------------------------------- */

    function towerTerms() internal view returns (IWatchTower.Terms memory) {
        return IWatchTower.Terms({
            asset: address(token), frameSeconds: 1 hours, windowSeconds: uint32(WINDOW), stake: STAKE, bounty: BOUNTY
        });
    }

    function newTower() internal returns (IWatchTower) {
        return deployTower(towerTerms());
    }

    function deployTower(IWatchTower.Terms memory terms) internal returns (IWatchTower) {
        return IWatchTower(vm.deployCode("WatchTower.sol:WatchTower", abi.encode(terms, owner, guardian)));
    }

    function sortedKeys(uint256 count) internal pure returns (uint256[] memory sorted) {
        sorted = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode("signer", i)));
            uint256 j = i;
            for (; j > 0 && vm.addr(sorted[j - 1]) > vm.addr(key); --j) {
                sorted[j] = sorted[j - 1];
            }
            sorted[j] = key;
        }
    }

    function seatAll(IWatchTower of_, uint256[] memory keys_) internal {
        token.mint(staker, uint256(STAKE) * keys_.length);
        vm.prank(staker);
        token.approve(address(of_), type(uint256).max);
        for (uint256 i = 0; i < keys_.length; ++i) {
            vm.prank(owner);
            of_.grantSeat(vm.addr(keys_[i]), staker);
            vm.prank(staker);
            of_.stake(vm.addr(keys_[i]), STAKE);
        }
    }

    function membersOf(uint256[] memory keys_) internal pure returns (IWatchTower.Member[] memory members) {
        members = new IWatchTower.Member[](keys_.length);
        for (uint256 i = 0; i < keys_.length; ++i) {
            members[i] = IWatchTower.Member({ signer: vm.addr(keys_[i]), weight: 1, domain: bytes32(i) });
        }
    }

    function setTable(IWatchTower of_, uint256[] memory keys_) internal {
        vm.prank(owner);
        of_.setTable(membersOf(keys_));
    }

    /// @dev The newest frame that has ended.
    function lastFrame() internal view returns (uint40) {
        return uint40(block.timestamp / 1 hours - 1);
    }

    function reportOf(uint40 frame, bytes32 previousRoot, bytes32 root)
        internal
        pure
        returns (IWatchTower.Report memory)
    {
        return IWatchTower.Report({
            frame: frame,
            round: 1,
            referenceBlock: 7,
            previousRoot: previousRoot,
            root: root,
            dataHash: keccak256("data")
        });
    }

    function signedBy(uint256 key, bytes32 digest) internal pure returns (bytes32[2] memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return [r, bytes32(uint256(s) | (uint256(v - 27) << 255))];
    }

    function signatures(IWatchTower.Report memory report, uint256 signers)
        internal
        view
        returns (bytes32[2][] memory list)
    {
        bytes32 digest = tower.digestOf(report);
        uint256 count = 0;
        for (uint256 mask = signers; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
        list = new bytes32[2][](count);
        uint256 next = 0;
        for (uint256 i = 0; signers >> i != 0; ++i) {
            if ((signers >> i) & 1 == 1) list[next++] = signedBy(keys[i], digest);
        }
    }

    /// @dev Who signs what these tests post.
    uint256 internal quorum = FIVE_OF_SEVEN;
    /// @dev The root of the newest report, as these tests posted it.
    bytes32 internal newestRoot;

    function post(IWatchTower.Report memory report) internal returns (IWatchTower.ReportRef memory) {
        bytes32[2][] memory list = signatures(report, quorum);
        uint40 seq = tower.post(report, quorum, list);
        newestRoot = report.root;
        return IWatchTower.ReportRef({
            seq: seq, frame: report.frame, round: report.round, postedAt: uint40(block.timestamp)
        });
    }

    /// @dev Posts a root for the newest frame that has ended.
    function postRoot(bytes32 root) internal returns (IWatchTower.ReportRef memory) {
        return post(reportOf(lastFrame(), newestRoot, root));
    }

    /// @dev Posts a tree with this one leaf of a lease and another, and waits until it is final.
    function finalProof(LeaseId lease, Leaf memory leaf) internal returns (IModelBond.Proof memory proof) {
        proof = pendingProof(lease, leaf);
        vm.warp(block.timestamp + WINDOW);
    }

    function pendingProof(LeaseId lease, Leaf memory leaf) internal returns (IModelBond.Proof memory) {
        return pendingProof(leafHash(lease, leaf));
    }

    function pendingProof(bytes32 leaf) internal returns (IModelBond.Proof memory proof) {
        bytes32[] memory leaves = new bytes32[](3);
        leaves[0] = leaf;
        leaves[1] = keccak256("another lease");
        leaves[2] = keccak256("a third");
        bytes32[] memory nodes = Tree.build(leaves);
        proof.path = Tree.pathOf(nodes, leaf);
        proof.report = postRoot(nodes[0]);
    }

    function leafHash(LeaseId lease, Leaf memory leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(lease, leaf.through, leaf.unearned, leaf.breach))));
    }

    function payHash(address bond_, address watcher, uint256 awarded) internal pure returns (bytes32) {
        bytes32 key = keccak256(abi.encode(keccak256("Pay(address bond,address watcher)"), bond_, watcher));
        return keccak256(bytes.concat(keccak256(abi.encode(key, awarded, uint256(0), uint256(0)))));
    }

    /// @dev What the tower says when a leaf is not in the report that it is shown in.
    function unknownLeaf(IModelBond.Proof memory proof, bytes32 leaf) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IWatchTower.WatchTowerReportUnknown.selector, proof.report.seq, MerkleProof.processProof(proof.path, leaf)
        );
    }

    /* -------------------------------------------- leases ------------------------------------------ */

    function offerOf(uint64 epoch) internal view returns (IModelBond.Offer memory) {
        return IModelBond.Offer({
            customer: customer,
            asset: address(token),
            host: host,
            tower: address(tower),
            slot: SlotId.wrap(keccak256(abi.encode("home", "deployment", uint256(0)))),
            epoch: epoch,
            rate: RATE,
            fee: FEE,
            cover: COVER,
            creditPerSlice: CREDIT,
            coverFactor: 2,
            slice: 60,
            period: 10_080,
            allowance: 10,
            notice: 1440,
            maintenanceNotice: 60,
            maintenanceBudget: 120,
            grace: 10,
            prepayment: 2880,
            expiry: uint64(BEGIN + 365 days),
            agreement: keccak256("agreement"),
            rules: keccak256("rules")
        });
    }

    function signed(IModelBond.Offer memory offer) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOST_KEY, LeaseId.unwrap(bondContract.leaseIdOf(offer)));
        return abi.encodePacked(r, s, v);
    }

    function open(IModelBond.Offer memory offer, uint32 slices) internal returns (LeaseId lease) {
        bytes memory signature = signed(offer);
        vm.prank(offer.customer);
        return bondContract.open(offer, signature, slices);
    }

    /// @dev The customer's permit for a payment to the bond contract.
    function permitOf(uint256 value) internal view returns (IModelBond.Permit memory permit) {
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                customer,
                address(bondContract),
                value,
                token.nonces(customer),
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), hash));
        (permit.v, permit.r, permit.s) = vm.sign(CUSTOMER_KEY, digest);
        permit.value = value;
        permit.deadline = block.timestamp;
    }

    function leafOf(uint40 through, uint40 unearned, uint40 breach) internal pure returns (Leaf memory) {
        return Leaf({ through: through, unearned: unearned, breach: breach });
    }

    function stateOf(LeaseId lease) internal view returns (IModelBond.Lease memory) {
        return bondContract.leaseOf(lease);
    }

    function endOf(LeaseId lease) internal view returns (uint40) {
        return SliceIndex.unwrap(bondContract.endOf(lease));
    }

    /// @dev All the money that the bond contract owes anybody: what its balance must be, donations aside.
    function assertBalanced(IModelBond.Offer memory offer) internal view {
        LeaseId id = bondContract.leaseIdOf(offer);
        IModelBond.Lease memory lease = stateOf(id);
        uint256 escrow = lease.released ? 0 : uint256(lease.funded - lease.paid) * offer.rate;
        uint256 owed = bondContract.bondOf(offer.host).total + escrow + bondContract.balanceOf(offer.host)
            + bondContract.balanceOf(offer.customer) + bondContract.poolOf(offer.tower);
        assertEq(token.balanceOf(address(bondContract)), owed, "what is held is what is owed");
    }
}

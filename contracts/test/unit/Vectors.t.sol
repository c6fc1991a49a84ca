// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { Leaf, LeaseId, Leaves } from "../../src/libraries/Leaves.sol";
import { Test } from "../base/Test.sol";
import { Tree } from "../base/Tree.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @dev forge's readers of JSON; only these tests need them.
interface Json {
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);
    function parseJsonAddressArray(string calldata json, string calldata key) external pure returns (address[] memory);
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function toString(uint256 value) external pure returns (string memory);
}

/// @dev The library's functions take calldata: this lends it some.
contract LeafHasher {
    function ofLease(LeaseId lease, Leaf calldata leaf) external pure returns (bytes32) {
        return Leaves.ofLease(lease, leaf);
    }

    function rootOf(bytes32[] calldata path, bytes32 leaf) external pure returns (bytes32) {
        return MerkleProof.processProofCalldata(path, leaf);
    }
}

/// @dev The leaves and trees of test/vectors/leaves.json, which tools/vectors.js makes with OpenZeppelin's merkle-tree and
///      the operator's tests make in Python.
contract VectorsTest is Test {
    Json internal constant json = Json(address(vm));
    LeafHasher internal hasher;
    string internal text;

    function setUp() public {
        hasher = new LeafHasher();
        text = json.readFile("test/vectors/leaves.json");
    }

    function test_a_lease_has_the_leaf_that_merkle_tree_gives_it() public view {
        bytes32[] memory leases = json.parseJsonBytes32Array(text, ".leases.lease");
        uint256[] memory through = json.parseJsonUintArray(text, ".leases.through");
        uint256[] memory unearned = json.parseJsonUintArray(text, ".leases.unearned");
        uint256[] memory breach = json.parseJsonUintArray(text, ".leases.breach");
        bytes32[] memory expected = json.parseJsonBytes32Array(text, ".leases.leaf");
        assertEq(expected.length, 12, "all rows are read");
        for (uint256 i = 0; i < expected.length; ++i) {
            Leaf memory leaf =
                Leaf({ through: uint40(through[i]), unearned: uint40(unearned[i]), breach: uint40(breach[i]) });
            assertEq(hasher.ofLease(LeaseId.wrap(leases[i]), leaf), expected[i], "leaf of a lease");
        }
    }

    function test_a_watchers_pay_has_the_leaf_that_merkle_tree_gives_it() public view {
        address[] memory bonds = json.parseJsonAddressArray(text, ".pays.bond");
        address[] memory watchers = json.parseJsonAddressArray(text, ".pays.watcher");
        uint256[] memory awarded = json.parseJsonUintArray(text, ".pays.awarded");
        bytes32[] memory expected = json.parseJsonBytes32Array(text, ".pays.leaf");
        assertEq(expected.length, 8, "all rows are read");
        for (uint256 i = 0; i < expected.length; ++i) {
            assertEq(Leaves.ofPay(bonds[i], watchers[i], awarded[i]), expected[i], "leaf of a pay");
        }
    }

    function test_trees_and_proofs_are_those_of_merkle_tree() public view {
        bytes32[] memory leaves = _allLeaves();
        uint256 trees = 0;
        for (; json.keyExistsJson(text, _tree(trees, "")); ++trees) {
            _checkTree(trees, leaves);
        }
        assertEq(trees, 10, "all trees are read");
    }

    function _checkTree(uint256 tree, bytes32[] memory all) private view {
        bytes32[] memory leaves = new bytes32[](json.parseJsonUint(text, _tree(tree, ".size")));
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = all[i];
        }
        bytes32 root = json.parseJsonBytes32(text, _tree(tree, ".root"));
        bytes32[] memory nodes = Tree.build(leaves);
        assertEq(nodes[0], root, "root");
        for (uint256 i = 0; i < leaves.length; ++i) {
            string memory key = string.concat(".proofs[", json.toString(i), "]");
            bytes32[] memory path = json.parseJsonBytes32Array(text, _tree(tree, key));
            assertEq(keccak256(abi.encode(path)), keccak256(abi.encode(Tree.pathOf(nodes, leaves[i]))), "proof");
            assertEq(hasher.rootOf(path, leaves[i]), root, "the proof leads to the root");
        }
    }

    function _allLeaves() private view returns (bytes32[] memory all) {
        bytes32[] memory leases = json.parseJsonBytes32Array(text, ".leases.leaf");
        bytes32[] memory pays = json.parseJsonBytes32Array(text, ".pays.leaf");
        all = new bytes32[](leases.length + pays.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = i < leases.length ? leases[i] : pays[i - leases.length];
        }
    }

    function _tree(uint256 index, string memory key) private pure returns (string memory) {
        return string.concat(".trees[", json.toString(index), "]", key);
    }
}

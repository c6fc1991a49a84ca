// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @dev The identity of a lease: the EIP-712 digest of its offer, so it names chain, contract and every term.
type LeaseId is bytes32;

/// @dev What a report says of one lease. All three counts run since the lease began and never fall. A lease is measured
///      through its end at most; one whose cover is used up ended with the slice that used it up.
/// @param through  the slices measured, from the lease's first
/// @param unearned those of them that the host did not earn
/// @param breach   those of the unearned ones that were bad beyond the allowance of their period
struct Leaf {
    uint40 through;
    uint40 unearned;
    uint40 breach;
}

/// @title Leaves
/// @notice The leaves of a report's Merkle tree. Every leaf is four words (bytes32, uint256, uint256, uint256) hashed
///         twice, as OpenZeppelin's StandardMerkleTree makes them, so a leaf can be no inner node of the tree.
/// @dev The two kinds of leaf cannot be mistaken for each other: their first words are hashes of different things.
library Leaves {
    /// @notice What the first word of a watcher's leaf begins with before it is hashed.
    bytes32 internal constant PAY_TYPEHASH = keccak256("Pay(address bond,address watcher)");

    /// @notice The leaf of a lease: (lease, through, unearned, breach).
    function ofLease(LeaseId lease, Leaf calldata leaf) internal pure returns (bytes32) {
        return _hash(LeaseId.unwrap(lease), leaf.through, leaf.unearned, leaf.breach);
    }

    /// @notice The leaf of a watcher's pay: (key, all it was ever awarded from that bond contract's pool, 0, 0).
    function ofPay(address bond, address watcher, uint256 awarded) internal pure returns (bytes32) {
        return _hash(keccak256(abi.encode(PAY_TYPEHASH, bond, watcher)), awarded, 0, 0);
    }

    /// @notice Whether breach is part of unearned, and unearned of through.
    function isConsistent(Leaf calldata leaf) internal pure returns (bool) {
        return leaf.breach <= leaf.unearned && leaf.unearned <= leaf.through;
    }

    /// @notice Whether a consistent leaf says less than `settled` of slices in breach, of others not earned, or of
    ///         earned ones. If not, nothing that was credited or earned is taken back by it.
    function isBehind(Leaf calldata leaf, Leaf memory settled) internal pure returns (bool) {
        return leaf.breach < settled.breach || leaf.unearned - leaf.breach < settled.unearned - settled.breach
            || leaf.through - leaf.unearned < settled.through - settled.unearned;
    }

    function _hash(bytes32 key, uint256 a, uint256 b, uint256 c) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(key, a, b, c))));
    }
}

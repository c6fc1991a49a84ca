// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../interfaces/IWatchTower.sol";
import { SignerTableCode } from "./SignerTableCode.sol";

/// @title SignerTable
/// @notice A signer table as bytes: STOP, the total weight (2 bytes), and for each member key and weight (21 bytes).
/// @dev It is code and not storage, because reading 31 members so costs as much as reading two.
library SignerTable {
    uint256 private constant HEADER = 3;
    uint256 private constant MEMBER = 21;

    /// @notice Stores the members; they are checked by then. Their weights are at most 31 * 255.
    function store(IWatchTower.Member[] calldata members, uint256 totalWeight) internal returns (address code) {
        bytes memory table = abi.encodePacked(uint8(0), uint16(totalWeight));
        for (uint256 i = 0; i < members.length; ++i) {
            table = abi.encodePacked(table, members[i].signer, members[i].weight);
        }
        return address(new SignerTableCode(table));
    }

    /// @notice Loads a table.
    function load(address code) internal view returns (bytes memory table) {
        return code.code;
    }

    /// @notice How many members there are.
    function size(bytes memory table) internal pure returns (uint256) {
        return (table.length - HEADER) / MEMBER;
    }

    /// @notice The weight of all members.
    // Solidity reads bytes one by one; here one word is read, and what is not asked for cut off.
    // slither-disable-next-line assembly
    function total(bytes memory table) internal pure returns (uint256 weight) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // bytes 1 and 2: the word that ends with them begins 29 bytes before the data
            weight := and(mload(add(table, 3)), 0xffff)
        }
    }

    /// @notice The member in a place below the size.
    // As in `total`: one word, not twenty-one bytes.
    // slither-disable-next-line assembly
    function memberIn(bytes memory table, uint256 place) internal pure returns (address signer, uint256 weight) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // 32 bytes of length, 3 of header, 21 for each member before: the word there begins with key and weight
            let word := mload(add(add(table, 35), mul(place, 21)))
            signer := shr(96, word)
            weight := and(shr(88, word), 0xff)
        }
    }

    /// @notice The bit of a signer's place; zero when it is not in the table.
    function bitOf(bytes memory table, address signer) internal pure returns (uint32) {
        uint256 members = size(table);
        for (uint256 place = 0; place < members; ++place) {
            (address other,) = memberIn(table, place);
            // The cast is safe: there are at most 31 places.
            if (other == signer) return uint32(1 << place);
        }
        return 0;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title SignerTableCode
/// @notice A contract whose code is a signer table. It begins with STOP, so nothing of it can run.
contract SignerTableCode {
    // Returning from a constructor is how a contract gets its code; Solidity has no word for it.
    // slither-disable-next-line assembly
    constructor(bytes memory table) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            return(add(table, 0x20), mload(table))
        }
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @dev A host that is a contract: its owner signs for it, until it refuses.
contract ContractHost is IERC1271 {
    address private immutable OWNER;
    bool private _refuses;

    constructor(address owner) {
        OWNER = owner;
    }

    function bond(IERC20 token, IModelBond bondContract, uint128 amount) external {
        token.approve(address(bondContract), amount);
        bondContract.bond(amount);
    }

    function refuse() external {
        _refuses = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool valid = !_refuses && ECDSA.recoverCalldata(digest, signature) == OWNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title LocalToken
/// @notice Money for tests and demonstrations: a plain ERC-20 with permit that anybody may mint.
contract LocalToken is ERC20Permit {
    constructor() ERC20("Local Dollar", "LUSD") ERC20Permit("Local Dollar") { }

    /// @notice Makes `amount` out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

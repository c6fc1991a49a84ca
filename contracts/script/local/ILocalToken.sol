// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title ILocalToken
/// @notice Money for tests and demonstrations: a plain ERC-20 with permit that anybody may mint.
interface ILocalToken is IERC20, IERC20Permit {
    /// @notice Makes `amount` out of nothing.
    function mint(address to, uint256 amount) external;
}

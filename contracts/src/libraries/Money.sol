// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title Money
/// @notice Credits and earnings. There is no division here, so nothing is ever rounded.
library Money {
    /// @notice What `breach` slices have credited in all: linear, until the cover is used up.
    function credit(uint40 breach, uint128 creditPerSlice, uint128 cover) internal pure returns (uint128) {
        uint256 linear = uint256(breach) * creditPerSlice;
        // The cast is safe: what is not above the cover fits where the cover fits.
        return linear < cover ? uint128(linear) : cover;
    }

    /// @notice The slices that the host has not been paid for. None when more was paid than is due: so what a stall
    ///         freed is netted against what later leaves say.
    function unpaid(uint40 earned, uint40 freed, uint40 paid) internal pure returns (uint40) {
        uint40 due = earned + freed;
        return due > paid ? due - paid : 0;
    }

    /// @notice The price of `slices`.
    function price(uint40 slices, uint128 perSlice) internal pure returns (uint256) {
        return uint256(slices) * perSlice;
    }
}

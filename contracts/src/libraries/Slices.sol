// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev The number of a slice since 1970: slice `i` of length `s` is the time from `i * s` until `(i + 1) * s`, in UTC.
///      An index means nothing without its lease's slice length; a count of slices is a plain `uint40`.
type SliceIndex is uint40;

using Slices for SliceIndex global;
using { isBefore as <, isNotAfter as <= } for SliceIndex global;

/// @dev Whether `a` lies before `b`.
function isBefore(SliceIndex a, SliceIndex b) pure returns (bool) {
    return SliceIndex.unwrap(a) < SliceIndex.unwrap(b);
}

/// @dev Whether `a` lies before `b` or is it.
function isNotAfter(SliceIndex a, SliceIndex b) pure returns (bool) {
    return SliceIndex.unwrap(a) <= SliceIndex.unwrap(b);
}

/// @title Slices
/// @notice Arithmetic of time in whole slices aligned to UTC.
library Slices {
    /// @notice The slice in which `time` lies.
    function atRoundedDown(uint256 time, uint32 slice) internal pure returns (SliceIndex) {
        return SliceIndex.wrap(SafeCast.toUint40(time / slice));
    }

    /// @notice The first slice that begins at `time` or later.
    function atRoundedUp(uint256 time, uint32 slice) internal pure returns (SliceIndex) {
        return SliceIndex.wrap(SafeCast.toUint40((time + slice - 1) / slice));
    }

    /// @notice The slice `count` slices after `index`.
    function plus(SliceIndex index, uint40 count) internal pure returns (SliceIndex) {
        return SliceIndex.wrap(SliceIndex.unwrap(index) + count);
    }

    /// @notice How many slices lie from `index` until `end`, `end` not counted; none when `end` is not later.
    function until(SliceIndex index, SliceIndex end) internal pure returns (uint40) {
        return index < end ? SliceIndex.unwrap(end) - SliceIndex.unwrap(index) : 0;
    }

    /// @notice The earlier of two slices.
    function earlier(SliceIndex a, SliceIndex b) internal pure returns (SliceIndex) {
        return a < b ? a : b;
    }

    /// @notice The later of two slices.
    function later(SliceIndex a, SliceIndex b) internal pure returns (SliceIndex) {
        return a < b ? b : a;
    }

    /// @notice When the slice begins, in seconds since 1970.
    function beginsAt(SliceIndex index, uint32 slice) internal pure returns (uint256) {
        return uint256(SliceIndex.unwrap(index)) * slice;
    }
}

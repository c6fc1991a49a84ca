// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title Bounds
/// @notice The limits that no offer and no owner can pass. They are constants: to change one is to deploy anew.
library Bounds {
    /// @notice The longest slice, in seconds.
    uint256 internal constant MAX_SLICE_SECONDS = 1 hours;
    /// @notice The longest period, in seconds.
    uint256 internal constant MAX_PERIOD_SECONDS = 31 days;
    /// @notice The longest notice, in seconds. A tower's new signer table waits longer than this, so that who
    ///         does not like it can leave before it counts.
    uint256 internal constant MAX_NOTICE_SECONDS = 30 days;
    /// @notice The most that a lease's cover may be, in times of the price of one period: what a customer can
    ///         collect stays within reach of what it pays, so an outage is never worth ordering.
    uint256 internal constant MAX_COVER_FACTOR = 10;
    /// @notice How long a tower must have been silent before `stall` frees the streams.
    uint256 internal constant STALL_SECONDS = 1 days;
    /// @notice How long after that a lease may be released without its last leaf.
    uint256 internal constant ABANDON_SECONDS = 7 days;
    /// @notice The most signers in a table.
    uint256 internal constant MAX_SIGNERS = 31;
    /// @notice How many frames old a report may be when it is posted. Leaves are cumulative, so who is later
    ///         than this goes on with a newer frame; and nobody can flood the ring out of the guardian's reach.
    uint256 internal constant MAX_LAG_FRAMES = 24;
    /// @notice How often in a row a guardian may veto.
    uint256 internal constant MAX_VETOES = 3;
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @dev What slither reads in the place of OpenZeppelin's guard, whose transient slots it can't translate: for that it
///      would leave the flow of data in both contracts unread. What is deployed and tested has OpenZeppelin's.
abstract contract ReentrancyGuardTransient {
    error ReentrancyGuardReentrantCall();

    bool private _entered;

    modifier nonReentrant() {
        if (_entered) revert ReentrancyGuardReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../interfaces/IModelBond.sol";
import { Bounds } from "./Bounds.sol";

/// @title Terms
/// @notice What an offer says: its EIP-712 hash, and the bounds that every offer keeps.
library Terms {
    /// @notice The EIP-712 type of an offer.
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address customer,address asset,address host,address tower,bytes32 slot,uint64 epoch,uint128 rate,"
        "uint128 fee,uint128 cover,uint128 creditPerSlice,uint32 coverFactor,uint32 slice,uint32 period,"
        "uint32 allowance,uint32 notice,uint32 maintenanceNotice,uint32 maintenanceBudget,uint32 grace,"
        "uint32 prepayment,uint64 expiry,bytes32 agreement,bytes32 rules)"
    );

    /// @notice The EIP-712 struct hash of an offer: keccak256(abi.encode(OFFER_TYPEHASH, offer)).
    /// @dev Every field is one word of calldata, in the order of the type, so one copy does it. A field with bits where
    ///      there should be none makes a hash that no lease has; `open` reads and emits every field, and so refuses it.
    // slither-disable-next-line assembly
    function hash(IModelBond.Offer calldata offer) internal pure returns (bytes32 structHash) {
        bytes32 typehash = OFFER_TYPEHASH;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let words := mload(0x40) // free memory, used and left free
            mstore(words, typehash)
            calldatacopy(add(words, 0x20), offer, 0x2c0) // 22 fields
            structHash := keccak256(words, 0x2e0)
        }
    }

    /// @notice Reverts unless the offer keeps every bound.
    function check(IModelBond.Offer calldata offer) internal pure {
        checkTimes(offer);
        checkMoney(offer);
    }

    /// @notice Reverts unless slice, period, notice, allowance and maintenance keep their bounds.
    function checkTimes(IModelBond.Offer calldata offer) internal pure {
        uint256 slice = offer.slice;
        if (slice == 0 || slice > Bounds.MAX_SLICE_SECONDS) {
            revert IModelBond.ModelBondSliceOutOfBounds(offer.slice);
        }
        if (offer.period == 0 || offer.period * slice > Bounds.MAX_PERIOD_SECONDS) {
            revert IModelBond.ModelBondPeriodOutOfBounds(offer.period);
        }
        if (offer.notice == 0 || offer.notice * slice > Bounds.MAX_NOTICE_SECONDS) {
            revert IModelBond.ModelBondNoticeOutOfBounds(offer.notice);
        }
        if (offer.allowance > offer.period || offer.maintenanceBudget > offer.period) {
            revert IModelBond.ModelBondAllowanceOutOfBounds(offer.allowance, offer.maintenanceBudget, offer.period);
        }
    }

    /// @notice Reverts unless fee, credit and cover keep their bounds.
    function checkMoney(IModelBond.Offer calldata offer) internal pure {
        if (offer.fee >= offer.rate) revert IModelBond.ModelBondFeeOutOfBounds(offer.fee, offer.rate);
        if (offer.creditPerSlice == 0 || offer.creditPerSlice > offer.cover) {
            revert IModelBond.ModelBondCreditOutOfBounds(offer.creditPerSlice, offer.cover);
        }
        if (offer.coverFactor > Bounds.MAX_COVER_FACTOR) {
            revert IModelBond.ModelBondCoverFactorOutOfBounds(offer.coverFactor);
        }
        uint256 most = uint256(offer.coverFactor) * offer.rate * offer.period;
        if (offer.cover > most) revert IModelBond.ModelBondCoverOutOfBounds(offer.cover, most);
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { Money } from "../../src/libraries/Money.sol";

/// @dev Proven by halmos for every number there is, not for examples. What the contract is built to (`Bounds`, types)
///      is all that is assumed.
contract ArithmeticTest {
    bool public constant IS_TEST = true;

    function check_a_credit_is_within_the_cover(uint40 breach, uint128 perSlice, uint128 cover) external pure {
        assert(Money.credit(breach, perSlice, cover) <= cover);
    }

    function check_a_credit_is_linear_until_the_cover(uint40 breach, uint128 perSlice, uint128 cover) external pure {
        uint256 linear = uint256(breach) * perSlice;
        uint128 credit = Money.credit(breach, perSlice, cover);
        assert(credit == linear || (credit == cover && linear >= cover));
    }

    function check_more_slices_in_breach_credit_no_less(uint40 fewer, uint40 more, uint128 perSlice, uint128 cover)
        external
        pure
    {
        if (fewer > more) return;
        assert(Money.credit(fewer, perSlice, cover) <= Money.credit(more, perSlice, cover));
    }

    function check_a_slice_more_in_breach_credits_at_most_its_amount(uint40 breach, uint128 perSlice, uint128 cover)
        external
        pure
    {
        if (breach == type(uint40).max) return;
        uint128 before = Money.credit(breach, perSlice, cover);
        uint128 credit = Money.credit(breach + 1, perSlice, cover);
        assert(credit <= uint256(before) + perSlice);
    }

    /// @dev Checked arithmetic reverts by a panic where it overflows, and halmos reports each path that does.
    function check_a_price_does_not_wrap(uint40 slices, uint128 perSlice) external pure {
        uint256 price = Money.price(slices, perSlice);
        assert(price <= uint256(type(uint40).max) * type(uint128).max);
        assert(slices == 0 || price >= perSlice);
    }

    function check_what_is_unpaid_pays_exactly_what_is_due(uint40 earned, uint40 freed, uint40 paid) external pure {
        // A lease has fewer slices than there are seconds in 30,000 years.
        if (earned > type(uint40).max - freed) return;
        uint40 unpaid = Money.unpaid(earned, freed, paid);
        if (paid >= earned + freed) assert(unpaid == 0);
        else assert(paid + unpaid == earned + freed);
    }

    function check_a_later_report_pays_no_less(uint40 earned, uint40 more, uint40 paid) external pure {
        if (earned > type(uint40).max - more) return;
        assert(Money.unpaid(earned + more, 0, paid) >= Money.unpaid(earned, 0, paid));
        assert(Money.unpaid(earned + more, 0, paid) - Money.unpaid(earned, 0, paid) <= more);
    }

    /// @dev What the host and the pool get of slices is their whole price.
    function check_stream_and_fee_are_the_price(uint40 slices, uint128 stream, uint128 fee) external pure {
        if (stream > type(uint128).max - fee) return;
        assert(Money.price(slices, stream) + Money.price(slices, fee) == Money.price(slices, stream + fee));
    }
}

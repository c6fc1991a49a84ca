// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { Money } from "../../src/libraries/Money.sol";
import { Vm } from "../base/Vm.sol";

/// @dev Proven by halmos for every number there is, not for examples. What the contract is built to (`Bounds`, types)
///      is all that is assumed.
contract ArithmeticTest {
    bool public constant IS_TEST = true;
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    /// @dev More than any count of slices times any amount: 40 and 128 bits.
    uint256 private constant NO_WRAP = 2 ** 168;

    function check_a_credit_is_within_the_cover(uint40 breach, uint128 perSlice, uint128 cover) external pure {
        assert(Money.credit(breach, perSlice, cover) <= cover);
    }

    function check_a_credit_is_linear_until_the_cover(uint40 breach, uint128 perSlice, uint128 cover) external pure {
        uint256 linear = uint256(breach) * perSlice;
        uint128 credit = Money.credit(breach, perSlice, cover);
        assert(credit == linear || (credit == cover && linear >= cover));
    }

    /// @dev What the two checks below take for granted of a product of 256 bits, whatever wraps: it is distributive.
    function check_a_product_is_distributive(uint256 some, uint256 more, uint256 each) external pure {
        unchecked {
            assert((some + more) * each == some * each + more * each);
        }
    }

    /// @dev With that, and as no product here wraps (see below), more breach credits no less, by no more than its price.
    function check_more_breach_credits_no_less(uint40 breach, uint40 more, uint40 all, uint128 perSlice, uint128 cover)
        external
        pure
    {
        if (uint256(breach) + more != all) return;
        uint256 extra = product(more, perSlice);
        unchecked {
            vm.assume(product(all, perSlice) == product(breach, perSlice) + extra);
        }
        vm.assume(product(breach, perSlice) < NO_WRAP && extra < NO_WRAP);
        uint128 before = Money.credit(breach, perSlice, cover);
        uint128 credit = Money.credit(all, perSlice, cover);
        assert(credit >= before);
        assert(credit - before <= extra);
    }

    /// @dev No overflow: in checked arithmetic one would revert, and halmos reports a path that reverts by a panic.
    function check_a_price_does_not_wrap(uint40 slices, uint128 perSlice) external pure {
        uint256 price = Money.price(slices, perSlice);
        assert(price == product(slices, perSlice));
        assert(price < NO_WRAP);
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

    /// @dev What the host and the pool get of a slice is its whole price, so the fee never takes more than there is.
    ///      A price is its product, as shown above.
    function check_stream_and_fee_are_the_price(uint40 slices, uint128 rate, uint128 fee, uint128 rest) external pure {
        if (uint256(fee) + rest != rate) return;
        uint256 price = product(slices, rate);
        uint256 pooled = product(slices, fee);
        uint256 streamed = product(slices, rest);
        unchecked {
            vm.assume(price == pooled + streamed);
        }
        vm.assume(pooled < NO_WRAP && streamed < NO_WRAP);
        assert(pooled <= price);
        assert(price - pooled == streamed);
    }

    /// @dev The same product as in Money, so that a solver need not know what a product is.
    function product(uint40 slices, uint128 perSlice) private pure returns (uint256) {
        unchecked {
            return uint256(slices) * perSlice;
        }
    }
}

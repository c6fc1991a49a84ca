// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Leaf, LeaseId } from "../../src/libraries/Leaves.sol";
import { Vm } from "../base/Vm.sol";

/// @dev A token of few words.
contract PlainToken {
    mapping(address account => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}

/// @dev A tower for which every root is final, and its report reaches to a time.
contract AllFinalTower {
    uint256 private immutable THROUGH;

    constructor(uint256 through) {
        THROUGH = through;
    }

    function finalThrough(IWatchTower.ReportRef calldata, bytes32) external view returns (uint256) {
        return THROUGH;
    }
}

/// @dev Proven by halmos on the deployed code: whatever three numbers a final leaf has, a settle that goes through moves
///      exactly its credit from the host's bond to the customer, and a withdrawal exactly the price of earned slices
///      from the escrow. The terms are those of the fixture; this contract is host and customer.
contract SettleTest {
    bool public constant IS_TEST = true;
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant BEGIN = 1_800_000_000;
    uint128 private constant RATE = 1e15;
    uint128 private constant FEE = 1e13;
    uint128 private constant CREDIT = 5e15;
    uint128 private constant COVER = 10e18;
    uint40 private constant ELAPSED = 9000;

    PlainToken private token;
    AllFinalTower private tower;
    IModelBond private bondContract;
    LeaseId private lease;

    function setUp() public {
        vm.warp(BEGIN);
        token = new PlainToken();
        tower = new AllFinalTower(BEGIN + uint256(ELAPSED) * 60);
        bytes memory code = abi.encodePacked(vm.getCode("ModelBond.sol:ModelBond"), abi.encode(token));
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        bondContract = IModelBond(deployed);
        token.mint(address(this), 1e30);
        bondContract.bond(COVER * 2);
        lease = bondContract.open(offer(), "", 20_000);
        vm.warp(BEGIN + 10 days);
    }

    /// @dev ERC-1271: the host signs everything.
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }

    function offer() private view returns (IModelBond.Offer memory terms) {
        terms.customer = address(this);
        terms.asset = address(token);
        terms.host = address(this);
        terms.tower = address(tower);
        terms.slot = SlotId.wrap("slot");
        terms.epoch = 1;
        (terms.rate, terms.fee, terms.cover, terms.creditPerSlice) = (RATE, FEE, COVER, CREDIT);
        (terms.coverFactor, terms.slice, terms.period, terms.notice) = (2, 60, 10_080, 1440);
        terms.expiry = uint64(BEGIN + 1);
    }

    function check_a_settle_conserves_money(uint40 through, uint40 unearned, uint40 breach) external {
        IModelBond.Proof memory proof;
        uint256 held = token.balanceOf(address(bondContract));
        try bondContract.settle(offer(), Leaf(through, unearned, breach), proof) {
            uint256 credit = bondContract.balanceOf(address(this));
            IModelBond.Bond memory bond = bondContract.bondOf(address(this));
            assert(credit == (breach >= COVER / CREDIT ? COVER : uint256(breach) * CREDIT));
            assert(bond.total == COVER * 2 - credit);
            assert(bond.reserved == COVER - credit);
            assert(token.balanceOf(address(bondContract)) == held);
            assert(bondContract.leaseOf(lease).paid == 0);
            assert(breach <= unearned && unearned <= through && through <= ELAPSED);
        } catch {
            assert(breach > unearned || unearned > through || through > ELAPSED);
        }
    }

    function check_a_second_settle_credits_the_difference(uint40 through, uint40 unearned, uint40 breach) external {
        IModelBond.Proof memory proof;
        bondContract.settle(offer(), Leaf(3000, 500, 300), proof);
        try bondContract.settle(offer(), Leaf(through, unearned, breach), proof) {
            uint256 credit = bondContract.balanceOf(address(this));
            assert(credit == (breach >= COVER / CREDIT ? COVER : uint256(breach) * CREDIT));
            assert(bondContract.bondOf(address(this)).total == COVER * 2 - credit);
            assert(breach >= 300 && unearned - breach >= 200 && through - unearned >= 2500);
        } catch { }
    }

    function check_a_withdrawal_takes_the_price_of_earned_slices(uint40 through, uint40 unearned, uint40 breach)
        external
    {
        IModelBond.Proof memory proof;
        uint256 before = token.balanceOf(address(this));
        uint256 held = token.balanceOf(address(bondContract));
        try bondContract.withdrawStream(offer(), Leaf(through, unearned, breach), proof) {
            uint256 slices = through - unearned;
            uint256 amount = token.balanceOf(address(this)) - before;
            assert(slices > 0 && amount == slices * (RATE - FEE));
            assert(bondContract.poolOf(address(tower)) == slices * FEE);
            assert(held - token.balanceOf(address(bondContract)) == amount);
            assert(bondContract.leaseOf(lease).paid == slices);
        } catch { }
    }
}

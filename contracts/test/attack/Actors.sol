// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { LocalToken } from "../../script/local/LocalToken.sol";
import { IModelBond } from "../../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @dev A token that calls whoever receives it, as ERC-777 does.
contract HookToken is ERC20("Hooked", "HOOK") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        super.transfer(to, amount);
        if (to.code.length != 0) Reenterer(to).received();
        return true;
    }
}

/// @dev A host that tries to take its bond twice, from within the transfer.
contract Reenterer {
    IModelBond private immutable BOND;
    bytes4 public refusal;
    uint128 private amount;

    constructor(IModelBond bond_) {
        BOND = bond_;
    }

    function bondAndWithdraw(IERC20 token, uint128 amount_) external {
        amount = amount_;
        token.approve(address(BOND), 2 * uint256(amount_));
        BOND.bond(amount_);
        BOND.withdrawBond(amount_);
    }

    function received() external {
        try BOND.withdrawBond(amount) { }
        catch (bytes memory why) {
            // The first four bytes are the error's selector.
            refusal = bytes4(why);
        }
    }
}

/// @dev A token that refuses to pay an account, as stablecoins can.
contract RefusingToken is ERC20("Strict", "STRICT") {
    mapping(address account => bool) private _refused;

    error Refused(address account);

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function refuse(address account) external {
        _refused[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_refused[to]) revert Refused(to);
        super._update(from, to, amount);
    }
}

/// @dev A customer without any function that money could call.
contract Mute {
    IModelBond private immutable BOND;

    constructor(LocalToken token, IModelBond bond_) {
        BOND = bond_;
        token.approve(address(bond_), type(uint256).max);
    }

    function open(IModelBond.Offer calldata offer, bytes calldata signature, uint32 slices) external {
        BOND.open(offer, signature, slices);
    }
}

/// @dev A tower that says whatever its friends like to hear.
contract EvilTower {
    uint256 public through;

    function say(uint256 through_) external {
        through = through_;
    }

    function finalThrough(IWatchTower.ReportRef calldata, bytes32) external view returns (uint256) {
        return through;
    }

    function progress() external view returns (uint256, uint256) {
        return (0, through);
    }
}

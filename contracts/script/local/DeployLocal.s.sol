// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Deploy } from "../Deploy.s.sol";
import { LocalToken } from "./LocalToken.sol";

/// @title DeployLocal
/// @notice The profile of tests and demonstrations: a token that anybody mints, frames of a minute, windows of two, a
///         timelock without delay, and a signer table that signs at once. Only on a chain of one's own.
/// @dev MODELBOND_SIGNERS (comma between, at least three) names the watchers; the default are accounts 1 to 3 of anvil.
///      MODELBOND_FRAME_SECONDS and MODELBOND_WINDOW_SECONDS make frames and windows even shorter.
contract DeployLocal is Deploy {
    /// @notice This chain is not one's own.
    error DeployLocalOnPublicChain(uint256 chainId);

    uint96 private constant STAKE = 1000e18;

    /// @inheritdoc Deploy
    function run() external override returns (Deployment memory made) {
        address[] memory signers = vm.envOr("MODELBOND_SIGNERS", ",", anvilAccounts());
        checkChain();
        vm.startBroadcast();
        made = deployLocal(msg.sender, signers);
        vm.stopBroadcast();
        write(made, made.bond.asset());
    }

    /// @notice Reverts unless the chain is one of anvil's, geth's or hardhat's development ids.
    function checkChain() public view {
        if (block.chainid != 31_337 && block.chainid != 1337) revert DeployLocalOnPublicChain(block.chainid);
    }

    /// @notice Deploys all, with `deployer` as proposer, guardian and staker, and seats the signers.
    function deployLocal(address deployer, address[] memory signers) public returns (Deployment memory made) {
        LocalToken token = new LocalToken{ salt: SALT }();
        Config memory config;
        config.proposers = new address[](1);
        config.proposers[0] = deployer;
        config.guardian = deployer;
        config.tower = IWatchTower.Terms({
            asset: address(token),
            frameSeconds: uint32(vm.envOr("MODELBOND_FRAME_SECONDS", uint256(60))),
            windowSeconds: uint32(vm.envOr("MODELBOND_WINDOW_SECONDS", uint256(120))),
            stake: STAKE,
            bounty: STAKE / 10
        });
        made = deploy(config);

        token.mint(deployer, uint256(STAKE) * signers.length);
        token.approve(address(made.tower), type(uint256).max);
        IWatchTower.Member[] memory members = new IWatchTower.Member[](signers.length);
        sort(signers);
        for (uint256 i = 0; i < signers.length; ++i) {
            decide(made, abi.encodeCall(IWatchTower.grantSeat, (signers[i], deployer)));
            made.tower.stake(signers[i], STAKE);
            members[i] = IWatchTower.Member({ signer: signers[i], weight: 1, domain: bytes32(i) });
        }
        decide(made, abi.encodeCall(IWatchTower.setTable, (members)));
    }

    /// @dev What the owner does goes through the timelock, here without delay.
    function decide(Deployment memory made, bytes memory call) private {
        made.timelock.schedule(address(made.tower), 0, call, 0, SALT, 0);
        made.timelock.execute(address(made.tower), 0, call, 0, SALT);
    }

    function sort(address[] memory list) private pure {
        for (uint256 i = 1; i < list.length; ++i) {
            for (uint256 j = i; j > 0 && list[j - 1] > list[j]; --j) {
                (list[j - 1], list[j]) = (list[j], list[j - 1]);
            }
        }
    }

    function anvilAccounts() private pure returns (address[] memory accounts) {
        accounts = new address[](3);
        accounts[0] = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
        accounts[1] = 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC;
        accounts[2] = 0x90F79bf6EB2c4f870365E785982E1f101E93b906;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond } from "../src/interfaces/IModelBond.sol";
import { IWatchTower } from "../src/interfaces/IWatchTower.sol";
import { Vm } from "../test/base/Vm.sol";
import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import { Create2 } from "@openzeppelin/contracts/utils/Create2.sol";

/// @title Deploy
/// @notice Deploys a timelock, a tower that it owns and a bond contract, each by CREATE2 with its arguments in the code
///         that is hashed: the same everywhere, and no reorganisation can put something else at an address. Writes
///         deployments/CHAINID.json.
/// @dev MODELBOND_ASSET, MODELBOND_PROPOSERS (comma between), MODELBOND_GUARDIAN, MODELBOND_STAKE, MODELBOND_BOUNTY,
///      and optionally MODELBOND_TIMELOCK_SECONDS, MODELBOND_FRAME_SECONDS, MODELBOND_WINDOW_SECONDS.
contract Deploy {
    struct Config {
        address[] proposers;
        uint256 timelockSeconds;
        address guardian;
        IWatchTower.Terms tower;
    }

    struct Deployment {
        TimelockController timelock;
        IWatchTower tower;
        IModelBond bond;
    }

    bytes32 internal constant SALT = keccak256("modelbond 1");
    // solhint-disable-next-line const-name-snakecase
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external virtual returns (Deployment memory made) {
        Config memory config = configured();
        vm.startBroadcast();
        made = deploy(config);
        vm.stopBroadcast();
        write(made, config.tower.asset);
    }

    /// @notice What the environment asks for.
    function configured() public view returns (Config memory) {
        return Config({
            proposers: vm.envAddress("MODELBOND_PROPOSERS", ","),
            timelockSeconds: vm.envOr("MODELBOND_TIMELOCK_SECONDS", uint256(2 days)),
            guardian: vm.envAddress("MODELBOND_GUARDIAN"),
            tower: IWatchTower.Terms({
                asset: vm.envAddress("MODELBOND_ASSET"),
                frameSeconds: uint32(vm.envOr("MODELBOND_FRAME_SECONDS", uint256(1 hours))),
                windowSeconds: uint32(vm.envOr("MODELBOND_WINDOW_SECONDS", uint256(6 hours))),
                stake: uint96(vm.envUint("MODELBOND_STAKE")),
                bounty: uint96(vm.envUint("MODELBOND_BOUNTY"))
            })
        });
    }

    /// @notice Deploys all three. Anybody may execute what the proposers have proposed and the delay has ripened;
    ///         nobody administers the timelock but itself.
    function deploy(Config memory config) public returns (Deployment memory made) {
        address[] memory anybody = new address[](1);
        made.timelock =
            new TimelockController{ salt: SALT }(config.timelockSeconds, config.proposers, anybody, address(0));
        bytes memory arguments = abi.encode(config.tower, made.timelock, config.guardian);
        made.tower = IWatchTower(create("out/WatchTower.sol/WatchTower.json", arguments));
        made.bond = IModelBond(create("out/ModelBond.sol/ModelBond.json", abi.encode(config.tower.asset)));
    }

    /// @notice Writes what was deployed, with the hash of each contract's code, which clients compare before they send,
    ///         and the block from which they read events: the one on which the script was run, before all it deployed.
    function write(Deployment memory made, address asset) public {
        vm.serializeUint("deployment", "chainId", block.chainid);
        vm.serializeUint("deployment", "block", block.number);
        vm.serializeAddress("deployment", "asset", asset);
        vm.serializeAddress("deployment", "timelock", address(made.timelock));
        vm.serializeAddress("deployment", "watchTower", address(made.tower));
        vm.serializeBytes32("deployment", "watchTowerCodeHash", address(made.tower).codehash);
        vm.serializeAddress("deployment", "modelBond", address(made.bond));
        string memory json = vm.serializeBytes32("deployment", "modelBondCodeHash", address(made.bond).codehash);
        vm.writeJson(json, string.concat("deployments/", vm.toString(block.chainid), ".json"));
    }

    /// @dev From what `forge build` wrote: the very code that was tested.
    function create(string memory artifact, bytes memory arguments) private returns (address) {
        return Create2.deploy(0, SALT, bytes.concat(vm.getCode(artifact), arguments));
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { Deploy } from "../../script/Deploy.s.sol";
import { DeployLocal } from "../../script/local/DeployLocal.s.sol";
import { LocalToken } from "../../script/local/LocalToken.sol";
import { IWatchTower } from "../../src/interfaces/IWatchTower.sol";
import { Test } from "../base/Test.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

contract DeployTest is Test {
    address private proposer = address(0x9409);
    address private guardian = address(0x60A7D);

    function setUp() public {
        vm.warp(1_800_000_000);
    }

    function test_the_tower_belongs_to_a_timelock_that_nobody_administers() public {
        Deploy script = new Deploy();
        Deploy.Deployment memory made = script.deploy(config());
        assertEq(Ownable(address(made.tower)).owner(), address(made.timelock), "the timelock owns the tower");
        assertEq(made.timelock.getMinDelay(), 2 days, "with its delay");
        assertTrue(made.timelock.hasRole(made.timelock.PROPOSER_ROLE(), proposer), "the proposer proposes");
        assertTrue(!made.timelock.hasRole(bytes32(0), address(script)), "the deployer administers nothing");
        assertEq(made.tower.guardian(), guardian, "the guardian may veto");
        assertEq(made.bond.asset(), made.tower.terms().asset, "one asset");
    }

    function test_the_addresses_follow_from_the_arguments() public {
        Deploy script = new Deploy();
        Deploy.Config memory wanted = config();
        Deploy.Deployment memory made = script.deploy(wanted);
        vm.expectRevert();
        script.deploy(wanted); // there is something already
        wanted.tower.bounty -= 1;
        wanted.tower.asset = address(new LocalToken());
        wanted.timelockSeconds += 1;
        assertTrue(address(script.deploy(wanted).bond) != address(made.bond), "other arguments, another address");
    }

    function test_what_was_deployed_is_written_down() public {
        Deploy script = new Deploy();
        Deploy.Config memory wanted = config();
        vm.chainId(999_999_999);
        vm.roll(4321);
        Deploy.Deployment memory made = script.deploy(wanted);
        script.write(made, wanted.tower.asset);
        string memory path = "deployments/999999999.json";
        string memory json = vm.readFile(path);
        vm.removeFile(path);
        assertEq(vm.parseJsonUint(json, ".chainId"), 999_999_999, "chain");
        assertEq(vm.parseJsonUint(json, ".block"), 4321, "block");
        assertEq(vm.parseJsonAddress(json, ".asset"), wanted.tower.asset, "asset");
        assertEq(vm.parseJsonAddress(json, ".modelBond"), address(made.bond), "bond contract");
        assertEq(vm.parseJsonAddress(json, ".watchTower"), address(made.tower), "tower");
        assertEq(vm.parseJsonAddress(json, ".timelock"), address(made.timelock), "timelock");
        assertEq(vm.parseJsonBytes32(json, ".modelBondCodeHash"), address(made.bond).codehash, "code of the bond");
        assertEq(vm.parseJsonBytes32(json, ".watchTowerCodeHash"), address(made.tower).codehash, "code of the tower");
    }

    function test_the_environment_says_what_to_deploy() public {
        Deploy.Config memory wanted = config();
        vm.setEnv("MODELBOND_ASSET", vm.toString(wanted.tower.asset));
        vm.setEnv("MODELBOND_PROPOSERS", vm.toString(proposer));
        vm.setEnv("MODELBOND_GUARDIAN", vm.toString(guardian));
        vm.setEnv("MODELBOND_STAKE", "1000");
        vm.setEnv("MODELBOND_BOUNTY", "100");
        Deploy.Config memory read = new Deploy().configured();
        assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(wanted)), "with hours and days as defaults");
    }

    function test_the_local_profile_has_a_table_that_signs_at_once() public {
        DeployLocal script = new DeployLocal();
        address[] memory signers = new address[](3);
        (signers[0], signers[1], signers[2]) = (address(0x33), address(0x11), address(0x22));
        Deploy.Deployment memory made = script.deployLocal(address(script), signers);
        (, IWatchTower.Member[] memory members) = made.tower.signersOf(uint40(block.timestamp / 60));
        assertEq(members.length, 3, "three signers");
        assertEq(members[0].signer, address(0x11), "in order");
        assertEq(made.tower.terms().frameSeconds, 60, "and frames of a minute");
    }

    function test_the_local_profile_refuses_a_public_chain() public {
        DeployLocal script = new DeployLocal();
        script.checkChain();
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(DeployLocal.DeployLocalOnPublicChain.selector, 1));
        script.run();
        vm.chainId(1337);
        script.checkChain();
    }

    function config() private returns (Deploy.Config memory wanted) {
        wanted.proposers = new address[](1);
        wanted.proposers[0] = proposer;
        wanted.timelockSeconds = 2 days;
        wanted.guardian = guardian;
        wanted.tower = IWatchTower.Terms({
            asset: address(new LocalToken()), frameSeconds: 1 hours, windowSeconds: 6 hours, stake: 1000, bounty: 100
        });
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @dev The cheat codes of forge that these tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 limit;
        uint64 total;
        uint64 memory_;
        int64 refunded;
        uint64 remaining;
    }

    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function getCode(string calldata artifact) external view returns (bytes memory);
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
    function label(address account, string calldata name) external;
    function assume(bool condition) external pure;
    function etch(address target, bytes calldata code) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
    function expectRevert() external;
    function expectRevert(bytes calldata reason) external;
    function expectRevert(bytes4 reason) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function mockCall(address target, bytes calldata data, bytes calldata answer) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function lastCallGas() external view returns (Gas memory);
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool);
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);
    function setEnv(string calldata name, string calldata value) external;
    function envOr(string calldata name, address otherwise) external view returns (address);
    function envOr(string calldata name, uint256 otherwise) external view returns (uint256);
    function envOr(string calldata name, string calldata delimiter, address[] calldata otherwise)
        external
        view
        returns (address[] memory);
    function envAddress(string calldata name) external view returns (address);
    function envAddress(string calldata name, string calldata delimiter) external view returns (address[] memory);
    function envUint(string calldata name) external view returns (uint256);
    function startBroadcast() external;
    function stopBroadcast() external;
    function readFile(string calldata path) external view returns (string memory);
    function writeFile(string calldata path, string calldata data) external;
    function writeLine(string calldata path, string calldata line) external;
    function removeFile(string calldata path) external;
    function exists(string calldata path) external view returns (bool);
    function projectRoot() external view returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function toString(address value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);
    function serializeAddress(string calldata object, string calldata key, address value)
        external
        returns (string memory);
    function serializeUint(string calldata object, string calldata key, uint256 value) external returns (string memory);
    function serializeBytes32(string calldata object, string calldata key, bytes32 value)
        external
        returns (string memory);
    function writeJson(string calldata json, string calldata path) external;
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJson(string calldata json, string calldata key) external pure returns (bytes memory);
    function assertTrue(bool a, string calldata why) external pure;
    function assertEq(bool a, bool b, string calldata why) external pure;
    function assertEq(uint256 a, uint256 b, string calldata why) external pure;
    function assertEq(address a, address b, string calldata why) external pure;
    function assertEq(bytes32 a, bytes32 b, string calldata why) external pure;
    function assertEq(string calldata a, string calldata b, string calldata why) external pure;
    function assertLe(uint256 a, uint256 b, string calldata why) external pure;
    function assertGe(uint256 a, uint256 b, string calldata why) external pure;
    function assertLt(uint256 a, uint256 b, string calldata why) external pure;
}

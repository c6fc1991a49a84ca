// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IWatchTower } from "./interfaces/IWatchTower.sol";
import { Bounds } from "./libraries/Bounds.sol";
import { SignerTable } from "./libraries/SignerTable.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title WatchTower
/// @notice See IWatchTower: every function is explained there.
contract WatchTower is IWatchTower, EIP712, Ownable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using SignerTable for bytes;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             STORAGE                                            */
    /* ---------------------------------------------------------------------------------------------- */

    bytes32 private constant REPORT_TYPEHASH = keccak256(
        "Report(uint40 frame,uint16 round,uint64 referenceBlock,bytes32 previousRoot,bytes32 root,bytes32 dataHash)"
    );

    /// @dev The reports that are kept.
    uint256 private constant RING = 64;

    IERC20 private immutable ASSET;
    uint32 private immutable FRAME_SECONDS;
    uint32 private immutable WINDOW_SECONDS;
    uint96 private immutable STAKE;
    uint96 private immutable BOUNTY;

    Head private _head;
    /// @dev Each word is the hash of one report's number, frame, round, time of posting and root. Who speaks of a
    ///      report says them again, so a post writes this word and `_head`, and nothing else. The number is in the hash
    ///      because a vetoed report stays here until another takes its place: it must not pass for the one 64 before.
    bytes32[RING] private _ring;
    /// @dev The newest table, which may still wait, and the one before it.
    Table private _latest;
    Table private _previous;
    mapping(address signer => Seat) private _seats;
    address private _guardian;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                           CONSTRUCTOR                                          */
    /* ---------------------------------------------------------------------------------------------- */

    /// @param terms_    what will never change
    /// @param owner_    who grants seats and sets tables: a Timelock
    /// @param guardian_ who may veto; zero for nobody
    constructor(Terms memory terms_, address owner_, address guardian_) EIP712("WatchTower", "1") Ownable(owner_) {
        // Three vetoes, each at the last moment, take three windows, and each post may come up to a frame late. All
        // that is over before the frame is too old to be posted again, and before anybody can stall: so a guardian
        // delays, and can neither lose a frame nor free a stream. The window is seven frames at most by that, so the
        // ring holds all reports that are in theirs, late ones included, and final ones for a day beside them.
        uint256 delay = Bounds.MAX_VETOES * (uint256(terms_.windowSeconds) + terms_.frameSeconds);
        if (
            terms_.asset.code.length == 0 || terms_.frameSeconds == 0 || terms_.windowSeconds == 0 || terms_.bounty == 0
                || uint256(terms_.bounty) * 10 > terms_.stake || delay > Bounds.STALL_SECONDS
                || delay > Bounds.MAX_LAG_FRAMES * terms_.frameSeconds
        ) revert WatchTowerTermsOutOfBounds();
        ASSET = IERC20(terms_.asset);
        FRAME_SECONDS = terms_.frameSeconds;
        WINDOW_SECONDS = terms_.windowSeconds;
        STAKE = terms_.stake;
        BOUNTY = terms_.bounty;
        _head.frame = (_currentFrame() - 1).toUint40();
        _head.postedAt = block.timestamp.toUint40();
        _ring[0] = _entry(0, _head.frame, 0, _head.postedAt, 0);
        _setGuardian(guardian_);
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             REPORTS                                            */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IWatchTower
    function post(Report calldata report, uint256 signers, bytes32[2][] calldata signatures)
        external
        returns (uint40 seq)
    {
        Head memory newest = _head;
        _checkFrame(report, newest);
        if (report.root == 0) revert WatchTowerRootEmpty();
        // Frames follow one another: the newest report must have the root on which this one was signed.
        bytes32 entry = _entry(newest.seq, newest.frame, newest.round, newest.postedAt, report.previousRoot);
        if (_ring[newest.seq % RING] != entry) {
            revert WatchTowerRootNotPrevious(newest.seq, report.previousRoot);
        }
        _checkQuorum(_tableFor(report.frame), digestOf(report), signers, signatures);

        seq = newest.seq + 1;
        newest.seq = seq;
        newest.frame = report.frame;
        newest.round = report.round;
        newest.postedAt = uint40(block.timestamp);
        _head = newest;
        _ring[seq % RING] = _entry(seq, report.frame, report.round, newest.postedAt, report.root);
        emit Posted(
            seq,
            report.frame,
            report.root,
            report.round,
            newest.postedAt,
            report.referenceBlock,
            report.dataHash,
            signers
        );
    }

    /// @inheritdoc IWatchTower
    function veto(ReportRef calldata vetoed, bytes32 root, ReportRef calldata previous, bytes32 previousRoot) external {
        if (msg.sender != _guardian) revert WatchTowerNotGuardian(msg.sender);
        Head memory newest = _head;
        _checkStands(newest.seq, vetoed, root);
        uint256 finalAt = uint256(vetoed.postedAt) + WINDOW_SECONDS;
        if (block.timestamp >= finalAt) revert WatchTowerReportFinal(vetoed.seq, finalAt);
        if (previous.seq + 1 != vetoed.seq) revert WatchTowerReportUnknown(previous.seq, previousRoot);
        _checkStands(newest.seq, previous, previousRoot);

        // A row of vetoes goes on until a frame is vetoed that is newer than all that the row has dropped. So no
        // frame is dropped more than three times, in whatever order the guardian picks them.
        bool sameRow = vetoed.frame <= newest.vetoMark;
        // It goes up by ones, so it meets the number.
        // slither-disable-next-line incorrect-equality
        if (sameRow && newest.vetoes == Bounds.MAX_VETOES) {
            revert WatchTowerVetoesUsedUp(vetoed.frame, newest.vetoMark);
        }
        newest.vetoes = sameRow ? newest.vetoes + 1 : 1;
        if (newest.frame > newest.vetoMark) newest.vetoMark = newest.frame;
        if (vetoed.round > newest.vetoRound) newest.vetoRound = vetoed.round;
        uint40 lastSeq = newest.seq;
        newest.seq = previous.seq;
        newest.frame = previous.frame;
        newest.round = previous.round;
        newest.postedAt = previous.postedAt;
        _head = newest;
        emit Vetoed(vetoed.seq, lastSeq, vetoed.frame, vetoed.round, newest.vetoes);
    }

    /// @inheritdoc IWatchTower
    function stall() external {
        uint256 reportedThrough = _endOf(_head.frame);
        uint256 possibleAt = reportedThrough + Bounds.STALL_SECONDS;
        if (block.timestamp < possibleAt) revert WatchTowerNotStalled(possibleAt);
        uint40 through = block.timestamp.toUint40();
        _head.stalledThrough = through;
        emit Stalled(reportedThrough, through);
    }

    /// @inheritdoc IWatchTower
    function proveEquivocation(
        Report calldata a,
        Report calldata b,
        bytes32[2] calldata signatureA,
        bytes32[2] calldata signatureB
    ) external nonReentrant {
        bytes32 digestA = digestOf(a);
        bytes32 digestB = digestOf(b);
        if (a.frame != b.frame || a.round != b.round || digestA == digestB) revert WatchTowerNotEquivocation();
        address signer = _signerOf(digestA, signatureA);
        address other = _signerOf(digestB, signatureB);
        Seat storage seat = _seats[signer];
        uint256 staked = seat.stake;
        if (signer != other || staked == 0) revert WatchTowerSignerNotSlashable(signer, other);

        uint256 bounty = staked < BOUNTY ? staked : BOUNTY;
        seat.stake = 0;
        seat.slashed = true;
        _bar(_latest, signer);
        _bar(_previous, signer);
        emit Equivocated(signer, a.frame, a.round, msg.sender, bounty, staked - bounty);
        ASSET.safeTransfer(msg.sender, bounty);
    }

    /// @inheritdoc IWatchTower
    function finalThrough(ReportRef calldata report, bytes32 root) external view returns (uint256 through) {
        _checkStands(_head.seq, report, root);
        uint256 finalAt = uint256(report.postedAt) + WINDOW_SECONDS;
        if (block.timestamp < finalAt) revert WatchTowerReportNotFinal(report.seq, finalAt);
        return _endOf(report.frame);
    }

    /// @inheritdoc IWatchTower
    function progress() external view returns (uint256 reportedThrough, uint256 stalledThrough) {
        return (_endOf(_head.frame), _head.stalledThrough);
    }

    /// @inheritdoc IWatchTower
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc IWatchTower
    function digestOf(Report calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPEHASH, report)));
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                        SEATS AND TABLES                                        */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IWatchTower
    function grantSeat(address signer, address staker) external onlyOwner {
        if (signer == address(0) || staker == address(0)) revert WatchTowerSeatEmpty();
        Seat storage seat = _seats[signer];
        if (seat.staker != address(0)) revert WatchTowerSeatTaken(signer);
        seat.staker = staker;
        emit SeatGranted(signer, staker);
    }

    /// @inheritdoc IWatchTower
    function stake(address signer, uint96 amount) external nonReentrant {
        Seat storage seat = _seatOfCaller(signer);
        seat.stake += amount;
        emit Staked(signer, msg.sender, amount, seat.stake);
        uint256 before = ASSET.balanceOf(address(this));
        ASSET.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = ASSET.balanceOf(address(this)) - before;
        if (received != amount) revert WatchTowerAssetNotPlain(amount, received);
    }

    /// @inheritdoc IWatchTower
    function leaveSeat(address signer) external {
        Seat storage seat = _seatOfCaller(signer);
        if (_isIn(_latest, signer) || (_previousStillSigns() && _isIn(_previous, signer))) {
            revert WatchTowerSeatInTable(signer);
        }
        uint40 leavesAt = (block.timestamp + delayOfTables()).toUint40();
        seat.leavesAt = leavesAt;
        emit SeatLeft(signer, leavesAt);
    }

    /// @inheritdoc IWatchTower
    function unstake(address signer) external nonReentrant {
        Seat memory seat = _seatOfCaller(signer);
        if (seat.leavesAt == 0 || block.timestamp < seat.leavesAt) {
            revert WatchTowerSeatNotLeft(signer, seat.leavesAt);
        }
        delete _seats[signer];
        emit Unstaked(signer, seat.staker, seat.stake);
        ASSET.safeTransfer(seat.staker, seat.stake);
    }

    /// @inheritdoc IWatchTower
    function setTable(Member[] calldata members) external onlyOwner {
        address code = SignerTable.store(members, _checkMembers(members));
        uint256 fromFrame = _currentFrame();
        if (_latest.code != address(0)) {
            // A table that still waits is replaced; one that signs already stays until the new one does.
            if (_latest.fromFrame <= fromFrame) _previous = _latest;
            fromFrame = (block.timestamp + delayOfTables()) / FRAME_SECONDS + 1;
        }
        _latest = Table({ code: code, fromFrame: fromFrame.toUint40(), barred: 0 });
        emit TableSet(code, fromFrame.toUint40(), members);
    }

    /// @inheritdoc IWatchTower
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IWatchTower
    function seatOf(address signer) external view returns (Seat memory) {
        return _seats[signer];
    }

    /// @inheritdoc IWatchTower
    function signersOf(uint40 frame) external view returns (Table memory table, Member[] memory members) {
        table = _tableFor(frame);
        bytes memory stored = SignerTable.load(table.code);
        members = new Member[](stored.size());
        for (uint256 place = 0; place < members.length; ++place) {
            (address signer, uint256 weight) = stored.memberIn(place);
            members[place] = Member({ signer: signer, weight: uint8(weight), domain: 0 });
        }
    }

    /// @inheritdoc IWatchTower
    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @inheritdoc IWatchTower
    function terms() external view returns (Terms memory) {
        return Terms({
            asset: address(ASSET),
            frameSeconds: FRAME_SECONDS,
            windowSeconds: WINDOW_SECONDS,
            stake: STAKE,
            bounty: BOUNTY
        });
    }

    /// @inheritdoc IWatchTower
    function delayOfTables() public view returns (uint256) {
        return Bounds.MAX_NOTICE_SECONDS + WINDOW_SECONDS;
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                            INTERNAL                                            */
    /* ---------------------------------------------------------------------------------------------- */

    function _checkFrame(Report calldata report, Head memory newest) private view {
        uint40 frame = report.frame;
        if (frame <= newest.frame) revert WatchTowerFrameNotNewer(frame, newest.frame);
        uint256 current = _currentFrame();
        if (frame >= current) revert WatchTowerFrameNotOver(frame, _endOf(frame));
        if (frame + Bounds.MAX_LAG_FRAMES < current) {
            revert WatchTowerFrameTooOld(frame, current - Bounds.MAX_LAG_FRAMES);
        }
        if (frame <= newest.vetoMark && report.round <= newest.vetoRound) {
            revert WatchTowerRoundVetoed(frame, report.round, newest.vetoRound);
        }
    }

    /// @dev Each bit of `signers` is one place of the table, so nobody counts twice.
    function _checkQuorum(Table memory table, bytes32 digest, uint256 signers, bytes32[2][] calldata signatures)
        private
        view
    {
        bytes memory members = SignerTable.load(table.code);
        uint256 countable = ((1 << members.size()) - 1) & ~uint256(table.barred);
        if (signers & ~countable != 0) revert WatchTowerSignerNotCounted(signers, countable);
        uint256 weight = 0;
        uint256 used = 0;
        // Nothing here can overflow: there are 31 places at most, of a weight of 255 at most.
        unchecked {
            for (uint256 place = 0; signers >> place != 0; ++place) {
                if ((signers >> place) & 1 == 0) continue;
                if (used == signatures.length) revert WatchTowerSignaturesMiscounted(used, signers);
                (address signer, uint256 itsWeight) = members.memberIn(place);
                if (_signerOf(digest, signatures[used]) != signer) revert WatchTowerSignatureWrong(place, signer);
                weight += itsWeight;
                ++used;
            }
        }
        if (used != signatures.length) revert WatchTowerSignaturesMiscounted(signatures.length, signers);
        uint256 total = members.total();
        if (3 * weight < 2 * total) revert WatchTowerQuorumMissed(weight, total);
    }

    function _checkStands(uint40 newest, ReportRef calldata report, bytes32 root) private view {
        if (
            report.seq > newest || newest - report.seq >= RING
                || _ring[report.seq % RING] != _entry(report.seq, report.frame, report.round, report.postedAt, root)
        ) revert WatchTowerReportUnknown(report.seq, root);
    }

    /// @dev Returns the weight of all. The failure domains are compared pair by pair: 31 members at most.
    function _checkMembers(Member[] calldata members) private view returns (uint256 total) {
        uint256 size = members.length;
        if (size == 0 || size > Bounds.MAX_SIGNERS) revert WatchTowerTableSize(size);
        address last = address(0);
        for (uint256 i = 0; i < size; ++i) {
            address signer = members[i].signer;
            if (signer <= last || members[i].weight == 0) revert WatchTowerTableOrder(signer);
            Seat memory seat = _seats[signer];
            if (seat.stake < STAKE || seat.slashed || seat.leavesAt != 0) revert WatchTowerSeatNotReady(signer);
            last = signer;
            total += members[i].weight;
        }
        for (uint256 i = 0; i < size; ++i) {
            uint256 weight = _weightOfDomain(members, members[i].domain);
            if (3 * weight > total) revert WatchTowerDomainTooHeavy(members[i].domain, weight, total);
        }
    }

    function _weightOfDomain(Member[] calldata members, bytes32 domain) private pure returns (uint256 weight) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i].domain == domain) weight += members[i].weight;
        }
    }

    function _tableFor(uint40 frame) private view returns (Table memory table) {
        table = _latest;
        if (frame >= table.fromFrame && table.code != address(0)) return table;
        table = _previous;
        if (frame < table.fromFrame || table.code == address(0)) revert WatchTowerTableUnknown(frame);
    }

    function _previousStillSigns() private view returns (bool) {
        return _latest.fromFrame + Bounds.MAX_LAG_FRAMES > _currentFrame();
    }

    function _isIn(Table memory table, address signer) private view returns (bool) {
        return table.code != address(0) && SignerTable.load(table.code).bitOf(signer) != 0;
    }

    function _bar(Table storage table, address signer) private {
        if (table.code == address(0)) return;
        uint32 bit = SignerTable.load(table.code).bitOf(signer);
        if (bit != 0) table.barred |= bit;
    }

    function _seatOfCaller(address signer) private view returns (Seat storage seat) {
        seat = _seats[signer];
        if (msg.sender != seat.staker) revert WatchTowerNotStaker(msg.sender, seat.staker);
    }

    function _setGuardian(address guardian_) private {
        _guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @dev Zero for a signature that is none. `tryRecover` refuses the second form (high s) of a signature.
    function _signerOf(bytes32 digest, bytes32[2] calldata signature) private pure returns (address signer) {
        // What is wrong with a bad signature does not matter: its signer is nobody.
        // slither-disable-next-line unused-return
        (signer,,) = ECDSA.tryRecover(digest, signature[0], signature[1]);
    }

    function _entry(uint40 seq, uint40 frame, uint16 round, uint40 postedAt, bytes32 root)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(seq, frame, round, postedAt, root));
    }

    function _endOf(uint40 frame) private view returns (uint256) {
        return (uint256(frame) + 1) * FRAME_SECONDS;
    }

    function _currentFrame() private view returns (uint256) {
        return block.timestamp / FRAME_SECONDS;
    }
}

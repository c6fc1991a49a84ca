// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title IWatchTower
/// @notice Accepts the watchers' reports: one Merkle root for each frame, signed by a quorum of the signer table.
/// @dev The tower holds the watchers' stakes and no money of leases. What a signer's stake answers for is
///      equivocation, and nothing else: a quorum that signs a wrong tally is stopped by the guardian for a
///      while, by the owner's next table for good, and by each lease's cover in what it can take.
interface IWatchTower {
    /* ---------------------------------------------------------------------------------------------- */
    /*                                             STRUCTS                                            */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice What never changes in a tower.
    /// @param asset        the ERC-20 token of the stakes
    /// @param frameSeconds length of a frame; frame `f` is the time from `f * frameSeconds` on, in UTC
    /// @param windowSeconds how long after its posting a report may be vetoed, and is not yet final; three times the
    ///                     window and a frame are at most a day, and at most 24 frames
    /// @param stake        the least stake of a signer
    /// @param bounty       the part of a slashed stake that goes to who proved the equivocation
    struct Terms {
        address asset;
        uint32 frameSeconds;
        uint32 windowSeconds;
        uint96 stake;
        uint96 bounty;
    }

    /// @notice What signers sign, as EIP-712 typed data in the domain ("WatchTower", "1", chain, tower).
    /// @param frame          number of the frame: its beginning, in seconds since 1970, over the length of a frame
    /// @param round          which proposal for that frame
    /// @param referenceBlock the block at whose state the tally was made
    /// @param previousRoot   root of the report before, zero for the tower's first
    /// @param root           root of the tree of leaves
    /// @param dataHash       hash of the published list of leaves and evidence
    struct Report {
        uint40 frame;
        uint16 round;
        uint64 referenceBlock;
        bytes32 previousRoot;
        bytes32 root;
        bytes32 dataHash;
    }

    /// @notice Names a posted report, with everything but its root. `Posted` says the values.
    /// @param seq      number of the report in this tower; the first is 1
    /// @param frame    its frame
    /// @param round    its round
    /// @param postedAt when it was posted
    struct ReportRef {
        uint40 seq;
        uint40 frame;
        uint16 round;
        uint40 postedAt;
    }

    /// @notice The newest report, and what vetoes and stalls left behind: one word.
    /// @param seq            number of the newest report that stands
    /// @param frame          its frame
    /// @param round          its round
    /// @param postedAt       when it was posted
    /// @param vetoMark       the newest frame dropped in the present row of vetoes: frames up to it belong to that row
    /// @param vetoRound      the highest round ever vetoed: up to `vetoMark` only higher rounds are accepted, so that
    ///                       nobody can post again what was vetoed
    /// @param vetoes         vetoes in the present row
    /// @param stalledThrough until when `stall` has freed the streams, in seconds since 1970
    struct Head {
        uint40 seq;
        uint40 frame;
        uint16 round;
        uint40 postedAt;
        uint40 vetoMark;
        uint16 vetoRound;
        uint8 vetoes;
        uint40 stalledThrough;
    }

    /// @notice One signer of a table.
    /// @param signer its attesting key
    /// @param weight its weight
    /// @param domain its failure domain: signers that can fail or lie together share one
    struct Member {
        address signer;
        uint8 weight;
        bytes32 domain;
    }

    /// @notice A signer table, stored as the code of a contract: one word.
    /// @param code      where the members stand
    /// @param fromFrame the first frame that it signs
    /// @param barred    the members that equivocated, one bit each: their signatures no longer count
    struct Table {
        address code;
        uint40 fromFrame;
        uint32 barred;
    }

    /// @notice A seat, held by a signer's key and answered for by a staker's.
    /// @param staker   who may stake for it and gets the stake back
    /// @param stake    what is staked
    /// @param leavesAt when the stake may be taken back; zero while the seat is not being left
    /// @param slashed  whether its signer was proven to equivocate
    struct Seat {
        address staker;
        uint96 stake;
        uint40 leavesAt;
        bool slashed;
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             EVENTS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice A report was posted. It is final at `postedAt + windowSeconds`, unless vetoed before.
    event Posted(
        uint40 indexed seq,
        uint40 indexed frame,
        bytes32 indexed root,
        uint16 round,
        uint40 postedAt,
        uint64 referenceBlock,
        bytes32 dataHash,
        uint256 signers
    );
    /// @notice The reports from `seq` until `lastSeq` were dropped; `frame` and `round` are those of the first.
    event Vetoed(uint40 indexed seq, uint40 lastSeq, uint40 indexed frame, uint16 round, uint8 vetoes);
    /// @notice The streams are free until `through` where no report says otherwise.
    event Stalled(uint256 reportedThrough, uint40 through);
    /// @notice A signer was granted a seat; `staker` stakes for it.
    event SeatGranted(address indexed signer, address indexed staker);
    /// @notice A stake grew to `total`.
    event Staked(address indexed signer, address indexed staker, uint256 amount, uint256 total);
    /// @notice A seat is being left: its stake may be taken back from `leavesAt` on.
    event SeatLeft(address indexed signer, uint40 leavesAt);
    /// @notice A stake was taken back and the seat is gone.
    event Unstaked(address indexed signer, address indexed staker, uint256 amount);
    /// @notice A signer table was set; it signs frames from `fromFrame` on.
    event TableSet(address indexed code, uint40 fromFrame, Member[] members);
    /// @notice A signer was proven to equivocate. `bounty` went to the prover, `locked` stays in the tower for ever.
    event Equivocated(
        address indexed signer,
        uint40 indexed frame,
        uint16 round,
        address indexed prover,
        uint256 bounty,
        uint256 locked
    );
    /// @notice The guardian changed.
    event GuardianSet(address indexed guardian);

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             ERRORS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice The tower's terms are out of bounds.
    error WatchTowerTermsOutOfBounds();
    /// @notice The asset took or gave something in transfer: such tokens are refused.
    error WatchTowerAssetNotPlain(uint256 expected, uint256 received);
    /// @notice The frame has not ended yet.
    error WatchTowerFrameNotOver(uint40 frame, uint256 endsAt);
    /// @notice The frame is older than `oldest`, the oldest that may still be posted.
    error WatchTowerFrameTooOld(uint40 frame, uint256 oldest);
    /// @notice Frames follow one another: this one is not after the newest.
    error WatchTowerFrameNotNewer(uint40 frame, uint40 newest);
    /// @notice This round was vetoed, or one after it: only a higher one is accepted.
    error WatchTowerRoundVetoed(uint40 frame, uint16 round, uint16 vetoRound);
    /// @notice The report does not follow on the newest one's root.
    error WatchTowerRootNotPrevious(uint40 seq, bytes32 root);
    /// @notice A tree has no such root.
    error WatchTowerRootEmpty();
    /// @notice No table is known for this frame.
    error WatchTowerTableUnknown(uint40 frame);
    /// @notice The mask names a signer outside the table, or one that is barred.
    error WatchTowerSignerNotCounted(uint256 signers, uint256 countable);
    /// @notice There are not as many signatures as signers in the mask.
    error WatchTowerSignaturesMiscounted(uint256 signatures, uint256 signers);
    /// @notice The signature of this place in the table is not its signer's.
    error WatchTowerSignatureWrong(uint256 place, address signer);
    /// @notice Three times the signers' weight must reach two times the table's.
    error WatchTowerQuorumMissed(uint256 weight, uint256 total);
    /// @notice No such report stands with this root.
    error WatchTowerReportUnknown(uint40 seq, bytes32 root);
    /// @notice The report is not final before `finalAt`.
    error WatchTowerReportNotFinal(uint40 seq, uint256 finalAt);
    /// @notice The report was final at `finalAt` and can no longer be vetoed.
    error WatchTowerReportFinal(uint40 seq, uint256 finalAt);
    /// @notice The caller is not the guardian.
    error WatchTowerNotGuardian(address caller);
    /// @notice The frame had its three vetoes.
    error WatchTowerVetoesUsedUp(uint40 frame, uint40 vetoMark);
    /// @notice There is no day without a report yet: `stall` is possible from `possibleAt` on.
    error WatchTowerNotStalled(uint256 possibleAt);
    /// @notice The signer has a seat already.
    error WatchTowerSeatTaken(address signer);
    /// @notice The caller is not the seat's staker.
    error WatchTowerNotStaker(address caller, address staker);
    /// @notice A seat needs a signer and a staker.
    error WatchTowerSeatEmpty();
    /// @notice The seat is being left, or has not enough staked, or is slashed: it cannot be in a table.
    error WatchTowerSeatNotReady(address signer);
    /// @notice The signer is in a table that signs or will sign.
    error WatchTowerSeatInTable(address signer);
    /// @notice The seat is not being left, or its time has not come: zero, or when it comes.
    error WatchTowerSeatNotLeft(address signer, uint40 leavesAt);
    /// @notice A table has from 1 to 31 members.
    error WatchTowerTableSize(uint256 members);
    /// @notice The members of a table stand in ascending order of their keys, each once, with a weight.
    error WatchTowerTableOrder(address signer);
    /// @notice A failure domain may hold a third of a table's weight at most.
    error WatchTowerDomainTooHeavy(bytes32 domain, uint256 weight, uint256 total);
    /// @notice Not an equivocation: the two reports differ in frame or round, or do not differ at all.
    error WatchTowerNotEquivocation();
    /// @notice The two signatures are of different keys, or of one without a stake that could be slashed.
    error WatchTowerSignerNotSlashable(address a, address b);

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             REPORTS                                            */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice Posts a report. Anyone may: what counts is the signatures.
    /// @param report     what was signed
    /// @param signers    one bit for each place in the frame's table whose signature follows
    /// @param signatures compact signatures (r, vs), 64 bytes each, in the order of the places
    /// @return seq       the report's number
    function post(Report calldata report, uint256 signers, bytes32[2][] calldata signatures)
        external
        returns (uint40 seq);

    /// @notice Drops a report that is not final yet, and all that were built on it. Guardian only, and at most
    ///         three times in a row: a veto is a delay and moves no money.
    /// @param vetoed   the report to drop
    /// @param root     its root
    /// @param previous the report before it, which becomes the newest again
    /// @param previousRoot its root, zero for the tower's beginning
    function veto(ReportRef calldata vetoed, bytes32 root, ReportRef calldata previous, bytes32 previousRoot) external;

    /// @notice Frees the streams until now, when there was no report for a day. Anyone may. It erases nothing:
    ///         the next report counts for the same time as if there had been no stall.
    function stall() external;

    /// @notice Slashes a signer that signed two different reports with one frame and one round. Anyone may.
    /// @param a          one report
    /// @param b          another with the same frame and round
    /// @param signatureA the signer's compact signature (r, vs) under `a`
    /// @param signatureB the signer's compact signature under `b`
    function proveEquivocation(
        Report calldata a,
        Report calldata b,
        bytes32[2] calldata signatureA,
        bytes32[2] calldata signatureB
    ) external;

    /// @notice Returns through when a final report speaks, in seconds since 1970. Reverts unless the report stands
    ///         with this root and its window has passed.
    function finalThrough(ReportRef calldata report, bytes32 root) external view returns (uint256 through);

    /// @notice Through when the newest report that stands speaks, final or not, and until when the streams are free
    ///         where no report speaks; both in seconds since 1970.
    function progress() external view returns (uint256 reportedThrough, uint256 stalledThrough);

    /// @notice The newest report, and what vetoes and stalls left behind.
    function head() external view returns (Head memory);

    /// @notice The digest that signers sign for a report.
    function digestOf(Report calldata report) external view returns (bytes32);

    /* ---------------------------------------------------------------------------------------------- */
    /*                                        SEATS AND TABLES                                        */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice Grants a seat. Owner only.
    /// @param signer the attesting key
    /// @param staker the key that stakes for it
    function grantSeat(address signer, address staker) external;

    /// @notice Stakes for a seat. Its staker only.
    function stake(address signer, uint96 amount) external;

    /// @notice Begins to leave a seat whose signer is in no table any more. Its staker only. The stake stays for
    ///         as long as a new table waits, so that what was signed can still be answered for.
    function leaveSeat(address signer) external;

    /// @notice Takes the stake back and gives the seat up, once left long enough. Its staker only.
    function unstake(address signer) external;

    /// @notice Sets the next signer table. Owner only. It signs from a frame that begins after the longest notice
    ///         and the window have passed; one that still waits is replaced, and the wait begins anew.
    /// @param members in ascending order of their signers, at most 31, no failure domain above a third of the weight
    function setTable(Member[] calldata members) external;

    /// @notice Sets the guardian; zero for none. Owner only.
    // An interface has no code in which the argument could be mistaken for the view of that name.
    // slither-disable-next-line shadowing-local
    function setGuardian(address guardian) external;

    /// @notice The seat of a signer.
    function seatOf(address signer) external view returns (Seat memory);

    /// @notice The table that signs a frame, and its members without their domains.
    function signersOf(uint40 frame) external view returns (Table memory table, Member[] memory members);

    /// @notice The guardian.
    function guardian() external view returns (address);

    /// @notice What never changes in this tower.
    function terms() external view returns (Terms memory);

    /// @notice How long a new table waits, in seconds: the longest notice and the window.
    function delayOfTables() external view returns (uint256);
}

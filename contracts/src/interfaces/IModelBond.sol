// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { Leaf, LeaseId } from "../libraries/Leaves.sol";
import { SliceIndex } from "../libraries/Slices.sol";
import { IWatchTower } from "./IWatchTower.sol";

/// @dev One place of a deployment, whatever host fills it:
///      keccak256(abi.encode(string homeUid, string deploymentUid, uint256 ordinal)).
///      Slots are counted under their customer's address, so nobody can take another's.
type SlotId is bytes32;

/// @title IModelBond
/// @notice Holds hosts' bonds and customers' escrows, and pays each from what the watchers' reports say.
/// @dev One ERC-20 asset for each contract; no owner, no pause, nothing tunable: every term stands in an offer that
///      the host signed, every bound is a constant of `Bounds`. Terms travel in calldata and are compared by hash.
///      Money is never divided: prices and credits are for one slice, escrow is paid for whole slices.
interface IModelBond {
    /* ---------------------------------------------------------------------------------------------- */
    /*                                             STRUCTS                                            */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice The terms of one lease, signed by its host as EIP-712 typed data in the domain
    ///         ("ModelBond", "1", chain, contract). Amounts are of the asset, counts are of slices.
    /// @param customer          who may open the lease, and gets its credits
    /// @param asset             the contract's asset, so that a signature says what it is about
    /// @param host              who signs, bonds and is paid
    /// @param tower             the IWatchTower whose reports count
    /// @param slot              the place of the deployment that is filled
    /// @param epoch             number of this placement in its slot: newer than every one opened before
    /// @param rate              price of an earned slice, fee included
    /// @param fee               part of `rate` that goes to the watchers' pool
    /// @param cover             the most that breaches can cost the host
    /// @param creditPerSlice    what a slice in breach pays to the customer
    /// @param coverFactor       k: the cover is at most `k * rate * period`
    /// @param slice             length of a slice, in seconds
    /// @param period            slices after which the allowance is fresh again, counted from the lease's first
    /// @param allowance         bad slices in a period that are not in breach
    /// @param notice            slices from notice to end, for either side
    /// @param maintenanceNotice slices between the announcement of maintenance and its first slice
    /// @param maintenanceBudget slices of a period that may be announced as maintenance
    /// @param grace             slices at the beginning that are not measured, while the model starts
    /// @param prepayment        slices that opening pays for, at least
    /// @param expiry            until when the offer may be opened, in seconds since 1970
    /// @param agreement         hash of the agreement: what is measured
    /// @param rules             hash of the rules by which watchers tally
    struct Offer {
        address customer;
        address asset;
        address host;
        address tower;
        SlotId slot;
        uint64 epoch;
        uint128 rate;
        uint128 fee;
        uint128 cover;
        uint128 creditPerSlice;
        uint32 coverFactor;
        uint32 slice;
        uint32 period;
        uint32 allowance;
        uint32 notice;
        uint32 maintenanceNotice;
        uint32 maintenanceBudget;
        uint32 grace;
        uint32 prepayment;
        uint64 expiry;
        bytes32 agreement;
        bytes32 rules;
    }

    /// @notice A host's collateral.
    /// @param total    all of it
    /// @param reserved the part reserved: the covers of its unreleased leases, less what they have credited
    struct Bond {
        uint128 total;
        uint128 reserved;
    }

    /// @notice What is stored of a lease: one word of what changes, one of what does not. Counts are of slices.
    /// @param noticed  where notice, or the cover's use, ends it; the largest value while nothing does
    /// @param funded   slices that its escrow was paid for
    /// @param through  slices measured
    /// @param unearned those of them not earned
    /// @param breach   those of them in breach
    /// @param paid     slices that the host was paid for
    /// @param released whether all its money has been dealt out
    /// @param first    its first slice; zero for no lease
    /// @param slice    length of a slice, in seconds
    /// @param notice   slices from notice to end
    /// @param epoch    its epoch in its slot
    struct Lease {
        SliceIndex noticed;
        uint40 funded;
        uint40 through;
        uint40 unearned;
        uint40 breach;
        uint40 paid;
        bool released;
        SliceIndex first;
        uint32 slice;
        uint32 notice;
        uint64 epoch;
    }

    /// @notice Shows that a leaf stands in a final report.
    /// @param report which report
    /// @param path   the leaf's siblings up to the report's root
    struct Proof {
        IWatchTower.ReportRef report;
        bytes32[] path;
    }

    /// @notice An ERC-2612 permit of the caller for this contract.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             EVENTS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice A host's bond grew by `amount`.
    event Bonded(address indexed host, uint256 amount);
    /// @notice A host took `amount` of its free bond back.
    event BondWithdrawn(address indexed host, uint256 amount);
    /// @notice A lease was opened; its cover is reserved and `slices` are paid for.
    event Opened(
        LeaseId indexed lease,
        address indexed customer,
        address indexed host,
        SliceIndex first,
        uint40 slices,
        Offer offer
    );
    /// @notice A lease was given notice and ends at `end`, by who closed it or by the customer's next epoch. Dry escrow
    ///         may still end it earlier; a top-up moves that, and never `end`.
    event Noticed(LeaseId indexed lease, address indexed by, SliceIndex end);
    /// @notice `payer` paid for `slices` more.
    event ToppedUp(LeaseId indexed lease, address indexed payer, uint40 slices);
    /// @notice The host will maintain the placement in the `slices` from `from` on.
    event MaintenanceAnnounced(LeaseId indexed lease, SliceIndex from, uint40 slices);
    /// @notice A lease was settled to these counts.
    event Settled(LeaseId indexed lease, uint40 through, uint40 unearned, uint40 breach);
    /// @notice A breach was credited: `amount` went from the lease's cover to the customer's balance.
    event Credited(LeaseId indexed lease, address indexed customer, uint256 amount);
    /// @notice The cover is used up, and the lease ended at `end`.
    event CoverUsedUp(LeaseId indexed lease, SliceIndex end);
    /// @notice `slices` of the stream were paid: `amount` to the host, and the fee of each to the watchers' pool.
    event StreamPaid(LeaseId indexed lease, uint40 slices, uint256 amount);
    /// @notice A lease was released: `refund` went to the customer's balance, `freed` from reserved to free bond.
    event Released(LeaseId indexed lease, uint256 refund, uint256 freed);
    /// @notice A watcher was paid out of a tower's pool.
    event WatcherPaid(address indexed tower, address indexed watcher, uint256 amount);
    /// @notice A balance was paid out.
    event Claimed(address indexed account, uint256 amount);

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             ERRORS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice The asset has no code, or it took or gave something in transfer: such tokens are refused.
    error ModelBondAssetNotPlain(uint256 expected, uint256 received);
    /// @notice There is nothing to move.
    error ModelBondNothing();
    /// @notice The free bond is smaller than asked for.
    error ModelBondBondTooSmall(address host, uint256 free, uint256 needed);
    /// @notice The offer names another customer.
    error ModelBondNotCustomer(address caller, address customer);
    /// @notice Only the lease's host may do this.
    error ModelBondNotHost(address caller, address host);
    /// @notice Only the lease's customer and its host may do this.
    error ModelBondNotParty(address caller);
    /// @notice The offer is for another asset.
    error ModelBondAssetWrong(address asset, address expected);
    /// @notice The offer's tower has no code.
    error ModelBondTowerEmpty(address tower);
    /// @notice The offer could be opened until `expiry`.
    error ModelBondOfferExpired(uint64 expiry);
    /// @notice The signature is not the host's under this offer.
    error ModelBondSignatureWrong(LeaseId lease, address host);
    /// @notice The slot has had this epoch, or a newer one.
    error ModelBondEpochNotNewer(uint64 epoch, uint64 newest);
    /// @notice A slice is from one second to an hour.
    error ModelBondSliceOutOfBounds(uint32 slice);
    /// @notice A period is from one slice to 31 days.
    error ModelBondPeriodOutOfBounds(uint32 period);
    /// @notice Notice is from one slice to 30 days.
    error ModelBondNoticeOutOfBounds(uint32 notice);
    /// @notice Allowance and maintenance are at most the whole period.
    error ModelBondAllowanceOutOfBounds(uint32 allowance, uint32 maintenanceBudget, uint32 period);
    /// @notice The fee is a part of the rate.
    error ModelBondFeeOutOfBounds(uint128 fee, uint128 rate);
    /// @notice A breach credits something, and not more than the cover.
    error ModelBondCreditOutOfBounds(uint128 creditPerSlice, uint128 cover);
    /// @notice k is at most ten.
    error ModelBondCoverFactorOutOfBounds(uint32 coverFactor);
    /// @notice The cover is at most k times the price of a period.
    error ModelBondCoverOutOfBounds(uint128 cover, uint256 most);
    /// @notice So many slices must be paid for: the offer's prepayment, and the notice from now on.
    error ModelBondPrepaymentTooSmall(uint256 slices, uint256 needed);
    /// @notice There is no such lease here.
    error ModelBondLeaseUnknown(LeaseId lease);
    /// @notice All money of the lease has been dealt out.
    error ModelBondLeaseReleased(LeaseId lease);
    /// @notice The lease ended at `end`.
    error ModelBondLeaseEnded(LeaseId lease, SliceIndex end);
    /// @notice The lease has notice already and ends at `end`.
    error ModelBondLeaseNoticed(LeaseId lease, SliceIndex end);
    /// @notice Maintenance can begin at `earliest`, after the agreed notice.
    error ModelBondMaintenanceTooSoon(SliceIndex from, SliceIndex earliest);
    /// @notice An announcement stays within one period: it would end after this one's `end`.
    error ModelBondMaintenanceAcrossPeriods(SliceIndex from, uint40 slices, SliceIndex end);
    /// @notice The period's budget of maintenance is smaller.
    error ModelBondMaintenanceOverBudget(uint256 announced, uint32 budget);
    /// @notice More is counted than the `elapsed` slices between the lease's first and the report's time or the end.
    error ModelBondLeafAhead(LeaseId lease, uint40 through, uint40 elapsed);
    /// @notice In a leaf, breach is part of unearned, and unearned of through.
    error ModelBondLeafInconsistent(LeaseId lease, Leaf leaf);
    /// @notice The lease is settled further than the leaf: counts and earnings never fall.
    error ModelBondLeafBehind(LeaseId lease, Leaf leaf, Leaf settled);
    /// @notice The lease is measured `through` slices, and its end is at `length`.
    error ModelBondLeaseNotMeasured(LeaseId lease, uint40 through, uint40 length);
    /// @notice Without its last leaf the lease can be released at `possibleAt`, if the tower stays silent.
    error ModelBondTowerNotAbandoned(LeaseId lease, uint256 possibleAt);

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              BONDS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice Adds to the caller's bond.
    function bond(uint128 amount) external;

    /// @notice Takes back free bond, at once: what is reserved stays.
    function withdrawBond(uint128 amount) external;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             LEASES                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice Opens a lease. Only the customer that the offer names may. Reserves the cover out of the host's free
    ///         bond, takes `rate` for each of `slices`, and gives notice to the slot's older lease.
    /// @param offer     the terms
    /// @param signature the host's, or what its contract accepts by ERC-1271
    /// @param slices    slices to pay for
    function open(Offer calldata offer, bytes calldata signature, uint32 slices) external returns (LeaseId lease);

    /// @notice As `open`, with a permit for the payment. A permit that somebody else has used already is no harm.
    function openWithPermit(Offer calldata offer, bytes calldata signature, uint32 slices, Permit calldata permit)
        external
        returns (LeaseId lease);

    /// @notice Pays for more slices of a lease that has not ended. Anyone may. What is left then lasts for the
    ///         notice at least.
    function topUp(Offer calldata offer, uint32 slices) external;

    /// @notice Gives notice. Customer or host.
    function close(Offer calldata offer) external;

    /// @notice Announces maintenance, before it begins and within the budget. Host only. Watchers exclude those
    ///         slices; the host does not earn them.
    /// @param offer  the terms
    /// @param from   first slice
    /// @param slices how many, within one period
    function announce(Offer calldata offer, SliceIndex from, uint32 slices) external;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              MONEY                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice Settles a lease by a leaf of a final report: credits the customer for what is in breach. Anyone may.
    function settle(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external;

    /// @notice Settles, and pays the host what it has earned and not been paid. Host only.
    function withdrawStream(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external;

    /// @notice Pays the host for the slices that the tower's `stall` freed and no report covers yet. Host only.
    ///         What later reports say is netted: a slice is never paid twice.
    function withdrawStalled(Offer calldata offer) external;

    /// @notice Settles a lease through its end and deals out all its money: the rest of the stream to the host's
    ///         balance, of the escrow to the customer's, of the cover to the free bond. Anyone may.
    /// @dev A lease that is settled through its end already needs no leaf: what is passed is not looked at.
    function release(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external;

    /// @notice Releases an ended lease without its last leaf, when its tower has been silent for a stall and a week.
    ///         Anyone may. The time that no report covers counts as after a stall.
    function releaseAbandoned(Offer calldata offer) external;

    /// @notice Pays the calling watcher, out of a tower's pool, what a final report awards it and it has not had. When
    ///         the pool holds less, it pays what is there and owes the rest.
    /// @param tower   the tower
    /// @param awarded all that the watcher was ever awarded, as its leaf says
    /// @param proof   shows the leaf
    function claimPay(address tower, uint256 awarded, Proof calldata proof) external;

    /// @notice Pays out the caller's balance.
    function claim() external;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              VIEWS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @notice The asset.
    function asset() external view returns (address);

    /// @notice The bond of a host.
    function bondOf(address host) external view returns (Bond memory);

    /// @notice What is stored of a lease.
    function leaseOf(LeaseId lease) external view returns (Lease memory);

    /// @notice Where a lease ends as things stand, its last slice not counted: by notice, by dry escrow, or by the
    ///         use of its cover.
    function endOf(LeaseId lease) external view returns (SliceIndex);

    /// @notice The newest lease of a customer's slot.
    function leaseIn(address customer, SlotId slot) external view returns (LeaseId);

    /// @notice Slices of maintenance announced in a period of a lease.
    function announcedIn(LeaseId lease, uint256 period) external view returns (uint256);

    /// @notice What an account can claim.
    function balanceOf(address account) external view returns (uint256);

    /// @notice What a tower's watchers' pool holds.
    function poolOf(address tower) external view returns (uint256);

    /// @notice What a watcher was paid out of a tower's pool.
    function paidTo(address tower, address watcher) external view returns (uint256);

    /// @notice The lease that an offer opens.
    function leaseIdOf(Offer calldata offer) external view returns (LeaseId);
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import { IModelBond, SlotId } from "./interfaces/IModelBond.sol";
import { IWatchTower } from "./interfaces/IWatchTower.sol";
import { Bounds } from "./libraries/Bounds.sol";
import { Leaf, LeaseId, Leaves } from "./libraries/Leaves.sol";
import { Money } from "./libraries/Money.sol";
import { SliceIndex, Slices } from "./libraries/Slices.sol";
import { Terms } from "./libraries/Terms.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title ModelBond
/// @notice See IModelBond: every function is explained there.
/// @dev State is written before tokens move, and `nonReentrant` stands wherever they do. What else is called only
///      answers: towers and ERC-1271 hosts, by static calls.
contract ModelBond is IModelBond, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             STORAGE                                            */
    /* ---------------------------------------------------------------------------------------------- */

    /// @dev `Lease.noticed` while nothing but dry escrow ends the lease.
    SliceIndex private constant NEVER = SliceIndex.wrap(type(uint40).max);

    IERC20 private immutable ASSET;
    /// @dev The EIP-712 domain at deployment. Leases are named by it for ever, so that a chain that splits off under
    ///      another id still finds them; signatures are checked under the domain of the moment.
    bytes32 private immutable LEASE_DOMAIN;

    mapping(address host => Bond) private _bonds;
    mapping(LeaseId lease => Lease) private _leases;
    mapping(address customer => mapping(SlotId slot => LeaseId newest)) private _slots;
    mapping(LeaseId lease => mapping(uint256 period => uint256 slices)) private _announced;
    mapping(address account => uint256) private _balances;
    mapping(address tower => uint256) private _pools;
    mapping(address tower => mapping(address watcher => uint256)) private _paid;

    /* ---------------------------------------------------------------------------------------------- */
    /*                                           CONSTRUCTOR                                          */
    /* ---------------------------------------------------------------------------------------------- */

    /// @param asset_ the ERC-20 token of bonds, escrows and credits: a plain one, that moves what it is told to
    constructor(address asset_) EIP712("ModelBond", "1") {
        if (asset_.code.length == 0) revert ModelBondAssetNotPlain(0, 0);
        ASSET = IERC20(asset_);
        LEASE_DOMAIN = _domainSeparatorV4();
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              BONDS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IModelBond
    function bond(uint128 amount) external nonReentrant {
        if (amount == 0) revert ModelBondNothing();
        _bonds[msg.sender].total += amount;
        emit Bonded(msg.sender, amount);
        _pull(amount);
    }

    /// @inheritdoc IModelBond
    function withdrawBond(uint128 amount) external nonReentrant {
        if (amount == 0) revert ModelBondNothing();
        _checkFree(msg.sender, amount);
        _bonds[msg.sender].total -= amount;
        emit BondWithdrawn(msg.sender, amount);
        ASSET.safeTransfer(msg.sender, amount);
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                             LEASES                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IModelBond
    function open(Offer calldata offer, bytes calldata signature, uint32 slices)
        external
        nonReentrant
        returns (LeaseId lease)
    {
        return _open(offer, signature, slices);
    }

    /// @inheritdoc IModelBond
    // The permit is the first that is done here: nothing was read before it, and nothing can enter meanwhile.
    // slither-disable-next-line reentrancy-benign
    function openWithPermit(Offer calldata offer, bytes calldata signature, uint32 slices, Permit calldata permit)
        external
        nonReentrant
        returns (LeaseId lease)
    {
        // Whoever sees the permit can use it first. Then the allowance is there all the same, and opening goes on;
        // if it is not, the payment says so.
        // solhint-disable no-empty-blocks
        try IERC20Permit(address(ASSET))
            .permit(msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) { }
            catch { }
        // solhint-enable no-empty-blocks
        return _open(offer, signature, slices);
    }

    /// @inheritdoc IModelBond
    function topUp(Offer calldata offer, uint32 slices) external nonReentrant {
        (LeaseId id, Lease storage lease) = _running(offer);
        if (slices == 0) revert ModelBondNothing();
        lease.funded += slices;
        uint40 left = _now(lease.slice).until(_dry(lease));
        if (left < lease.notice) revert ModelBondPrepaymentTooSmall(left, lease.notice);
        emit ToppedUp(id, msg.sender, slices);
        _pull(Money.price(slices, offer.rate));
    }

    /// @inheritdoc IModelBond
    function close(Offer calldata offer) external {
        if (msg.sender != offer.customer && msg.sender != offer.host) revert ModelBondNotParty(msg.sender);
        (LeaseId id, Lease storage lease) = _running(offer);
        if (lease.noticed < NEVER) revert ModelBondLeaseNoticed(id, lease.noticed);
        _giveNotice(id, lease);
    }

    /// @inheritdoc IModelBond
    function announce(Offer calldata offer, SliceIndex from, uint32 slices) external {
        if (msg.sender != offer.host) revert ModelBondNotHost(msg.sender, offer.host);
        (LeaseId id, Lease storage lease) = _running(offer);
        if (slices == 0) revert ModelBondNothing();
        // The slice of this moment has begun already, so the notice counts from the next.
        SliceIndex earliest = _now(lease.slice).plus(1).plus(offer.maintenanceNotice).later(lease.first);
        if (from < earliest) revert ModelBondMaintenanceTooSoon(from, earliest);
        uint40 period = lease.first.until(from) / offer.period;
        SliceIndex end = lease.first.plus((period + 1) * offer.period);
        if (end < from.plus(slices)) revert ModelBondMaintenanceAcrossPeriods(from, slices, end);
        uint256 announced = _announced[id][period] + slices;
        if (announced > offer.maintenanceBudget) {
            revert ModelBondMaintenanceOverBudget(announced, offer.maintenanceBudget);
        }
        _announced[id][period] = announced;
        emit MaintenanceAnnounced(id, from, slices);
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              MONEY                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IModelBond
    function settle(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external {
        (LeaseId id, Lease storage lease) = _unreleased(offer);
        _settle(offer, id, lease, leaf, proof);
    }

    /// @inheritdoc IModelBond
    function withdrawStream(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external nonReentrant {
        if (msg.sender != offer.host) revert ModelBondNotHost(msg.sender, offer.host);
        (LeaseId id, Lease storage lease) = _unreleased(offer);
        _settle(offer, id, lease, leaf, proof);
        uint256 amount = _payStream(offer, id, lease, 0);
        if (amount == 0) revert ModelBondNothing();
        ASSET.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IModelBond
    function withdrawStalled(Offer calldata offer) external nonReentrant {
        if (msg.sender != offer.host) revert ModelBondNotHost(msg.sender, offer.host);
        (LeaseId id, Lease storage lease) = _unreleased(offer);
        (uint256 reportedThrough, uint256 stalledThrough) = IWatchTower(offer.tower).progress();
        uint256 amount = _payStream(offer, id, lease, _freed(lease, reportedThrough, stalledThrough));
        if (amount == 0) revert ModelBondNothing();
        ASSET.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IModelBond
    function release(Offer calldata offer, Leaf calldata leaf, Proof calldata proof) external {
        (LeaseId id, Lease storage lease) = _unreleased(offer);
        if (lease.through < _length(lease)) _settle(offer, id, lease, leaf, proof);
        uint40 length = _length(lease);
        if (lease.through < length) revert ModelBondLeaseNotMeasured(id, lease.through, length);
        _release(offer, id, lease, 0);
    }

    /// @inheritdoc IModelBond
    function releaseAbandoned(Offer calldata offer) external {
        (LeaseId id, Lease storage lease) = _unreleased(offer);
        uint256 end = _end(lease).beginsAt(lease.slice);
        // The dead tower's stall is not asked for: what it would free is free by the time that has passed.
        // slither-disable-next-line unused-return
        (uint256 reportedThrough,) = IWatchTower(offer.tower).progress();
        // A tower that reports still will say how the lease ended. After its last report there is as long to settle by
        // that as there is after the end without any.
        uint256 silentFrom = reportedThrough < end ? end : reportedThrough;
        uint256 possibleAt = silentFrom + Bounds.STALL_SECONDS + Bounds.ABANDON_SECONDS;
        if (block.timestamp < possibleAt) revert ModelBondTowerNotAbandoned(id, possibleAt);
        _release(offer, id, lease, _freed(lease, reportedThrough, end));
    }

    /// @inheritdoc IModelBond
    function claimPay(address tower, uint256 awarded, Proof calldata proof) external nonReentrant {
        bytes32 leaf = Leaves.ofPay(address(this), msg.sender, awarded);
        // It reverts unless the root is final; until when the report speaks is nothing to a watcher's pay.
        // slither-disable-next-line unused-return
        IWatchTower(tower).finalThrough(proof.report, MerkleProof.processProofCalldata(proof.path, leaf));
        uint256 paid = _paid[tower][msg.sender];
        uint256 owed = awarded > paid ? awarded - paid : 0;
        uint256 amount = owed < _pools[tower] ? owed : _pools[tower];
        if (amount == 0) revert ModelBondNothing();
        _paid[tower][msg.sender] = paid + amount;
        _pools[tower] -= amount;
        emit WatcherPaid(tower, msg.sender, amount);
        ASSET.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IModelBond
    function claim() external nonReentrant {
        uint256 amount = _balances[msg.sender];
        if (amount == 0) revert ModelBondNothing();
        _balances[msg.sender] = 0;
        emit Claimed(msg.sender, amount);
        ASSET.safeTransfer(msg.sender, amount);
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                              VIEWS                                             */
    /* ---------------------------------------------------------------------------------------------- */

    /// @inheritdoc IModelBond
    function asset() external view returns (address) {
        return address(ASSET);
    }

    /// @inheritdoc IModelBond
    function bondOf(address host) external view returns (Bond memory) {
        return _bonds[host];
    }

    /// @inheritdoc IModelBond
    function leaseOf(LeaseId lease) external view returns (Lease memory) {
        return _leases[lease];
    }

    /// @inheritdoc IModelBond
    function endOf(LeaseId lease) external view returns (SliceIndex) {
        return _end(_leases[lease]);
    }

    /// @inheritdoc IModelBond
    function leaseIn(address customer, SlotId slot) external view returns (LeaseId) {
        return _slots[customer][slot];
    }

    /// @inheritdoc IModelBond
    function announcedIn(LeaseId lease, uint256 period) external view returns (uint256) {
        return _announced[lease][period];
    }

    /// @inheritdoc IModelBond
    function balanceOf(address account) external view returns (uint256) {
        return _balances[account];
    }

    /// @inheritdoc IModelBond
    function poolOf(address tower) external view returns (uint256) {
        return _pools[tower];
    }

    /// @inheritdoc IModelBond
    function paidTo(address tower, address watcher) external view returns (uint256) {
        return _paid[tower][watcher];
    }

    /// @inheritdoc IModelBond
    function leaseIdOf(Offer calldata offer) external view returns (LeaseId) {
        return _idOf(Terms.hash(offer));
    }

    /* ---------------------------------------------------------------------------------------------- */
    /*                                            INTERNAL                                            */
    /* ---------------------------------------------------------------------------------------------- */

    function _open(Offer calldata offer, bytes calldata signature, uint32 slices) private returns (LeaseId id) {
        if (msg.sender != offer.customer) revert ModelBondNotCustomer(msg.sender, offer.customer);
        if (block.timestamp > offer.expiry) revert ModelBondOfferExpired(offer.expiry);
        if (offer.asset != address(ASSET)) revert ModelBondAssetWrong(offer.asset, address(ASSET));
        if (offer.tower.code.length == 0) revert ModelBondTowerEmpty(offer.tower);
        Terms.check(offer);
        uint32 needed = offer.prepayment < offer.notice ? offer.notice : offer.prepayment;
        if (slices < needed) revert ModelBondPrepaymentTooSmall(slices, needed);
        bytes32 terms = Terms.hash(offer);
        id = _idOf(terms);
        if (!SignatureChecker.isValidSignatureNowCalldata(offer.host, _hashTypedDataV4(terms), signature)) {
            revert ModelBondSignatureWrong(id, offer.host);
        }

        _succeed(offer, id);
        _checkFree(offer.host, offer.cover);
        _bonds[offer.host].reserved += offer.cover;
        SliceIndex first = Slices.atRoundedUp(block.timestamp, offer.slice);
        Lease storage lease = _leases[id];
        lease.first = first;
        lease.noticed = NEVER;
        lease.funded = slices;
        lease.slice = offer.slice;
        lease.notice = offer.notice;
        lease.epoch = offer.epoch;
        emit Opened(id, offer.customer, offer.host, first, slices, offer);
        _pull(Money.price(slices, offer.rate));
    }

    /// @dev Puts the new lease into its slot. The older one gets exactly its notice, unless it ends anyway.
    function _succeed(Offer calldata offer, LeaseId id) private {
        LeaseId olderId = _slots[offer.customer][offer.slot];
        Lease storage older = _leases[olderId];
        if (offer.epoch <= older.epoch) revert ModelBondEpochNotNewer(offer.epoch, older.epoch);
        _slots[offer.customer][offer.slot] = id;
        bool runs = older.epoch != 0 && _now(older.slice) < _end(older);
        if (runs && !(older.noticed < NEVER)) _giveNotice(olderId, older);
    }

    function _giveNotice(LeaseId id, Lease storage lease) private {
        lease.noticed = _now(lease.slice).plus(lease.notice);
        emit Noticed(id, msg.sender, lease.noticed);
    }

    /// @dev Takes the lease to what a final leaf says, and the customer's credit out of the host's bond.
    function _settle(Offer calldata offer, LeaseId id, Lease storage lease, Leaf calldata leaf, Proof calldata proof)
        private
    {
        bytes32 root = MerkleProof.processProofCalldata(proof.path, Leaves.ofLease(id, leaf));
        uint256 reportedThrough = IWatchTower(offer.tower).finalThrough(proof.report, root);
        uint40 elapsed = lease.first.until(Slices.atRoundedDown(reportedThrough, lease.slice).earlier(_end(lease)));
        if (leaf.through > elapsed) revert ModelBondLeafAhead(id, leaf.through, elapsed);
        if (!Leaves.isConsistent(leaf)) revert ModelBondLeafInconsistent(id, leaf);
        Leaf memory settled = Leaf({ through: lease.through, unearned: lease.unearned, breach: lease.breach });
        if (Leaves.isBehind(leaf, settled)) revert ModelBondLeafBehind(id, leaf, settled);
        lease.through = leaf.through;
        lease.unearned = leaf.unearned;
        lease.breach = leaf.breach;
        emit Settled(id, leaf.through, leaf.unearned, leaf.breach);
        if (leaf.breach > settled.breach) _credit(offer, id, lease, settled.breach);
    }

    /// @dev Pays the customer for the breach beyond `before`. Where that uses the cover up, the lease ends with the
    ///      leaf: the tally stops there too, so the end does not depend on when somebody settles.
    function _credit(Offer calldata offer, LeaseId id, Lease storage lease, uint40 before) private {
        uint128 credited = Money.credit(lease.breach, offer.creditPerSlice, offer.cover);
        uint128 amount = credited - Money.credit(before, offer.creditPerSlice, offer.cover);
        Bond storage bond_ = _bonds[offer.host];
        bond_.total -= amount;
        bond_.reserved -= amount;
        _balances[offer.customer] += amount;
        emit Credited(id, offer.customer, amount);
        if (credited == offer.cover) {
            lease.noticed = lease.first.plus(lease.through);
            emit CoverUsedUp(id, lease.noticed);
        }
    }

    /// @dev Counts what is earned, freed and not yet paid as paid; the caller moves the returned amount to the host.
    function _payStream(Offer calldata offer, LeaseId id, Lease storage lease, uint40 freed)
        private
        returns (uint256 amount)
    {
        uint40 slices = Money.unpaid(lease.through - lease.unearned, freed, lease.paid);
        if (slices == 0) return 0;
        lease.paid += slices;
        uint256 fee = Money.price(slices, offer.fee);
        amount = Money.price(slices, offer.rate) - fee;
        _pools[offer.tower] += fee;
        emit StreamPaid(id, slices, amount);
    }

    /// @dev Deals out all that the lease still holds. Nothing leaves the contract: who is owed claims.
    function _release(Offer calldata offer, LeaseId id, Lease storage lease, uint40 freed) private {
        lease.released = true;
        _balances[offer.host] += _payStream(offer, id, lease, freed);
        uint256 refund = Money.price(lease.funded - lease.paid, offer.rate);
        _balances[offer.customer] += refund;
        uint128 unused = offer.cover - Money.credit(lease.breach, offer.creditPerSlice, offer.cover);
        _bonds[offer.host].reserved -= unused;
        emit Released(id, refund, unused);
    }

    /// @dev Takes the caller's tokens, and refuses tokens of which another number arrives.
    function _pull(uint256 amount) private {
        uint256 before = ASSET.balanceOf(address(this));
        ASSET.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = ASSET.balanceOf(address(this)) - before;
        if (received != amount) revert ModelBondAssetNotPlain(amount, received);
    }

    function _checkFree(address host, uint128 needed) private view {
        Bond storage bond_ = _bonds[host];
        uint128 free = bond_.total - bond_.reserved;
        if (free < needed) revert ModelBondBondTooSmall(host, free, needed);
    }

    /// @dev The lease of an offer, with money in it.
    function _unreleased(Offer calldata offer) private view returns (LeaseId id, Lease storage lease) {
        id = _idOf(Terms.hash(offer));
        lease = _leases[id];
        if (lease.epoch == 0) revert ModelBondLeaseUnknown(id);
        if (lease.released) revert ModelBondLeaseReleased(id);
    }

    /// @dev The lease of an offer, before its end.
    function _running(Offer calldata offer) private view returns (LeaseId id, Lease storage lease) {
        (id, lease) = _unreleased(offer);
        SliceIndex end = _end(lease);
        if (end <= _now(lease.slice)) revert ModelBondLeaseEnded(id, end);
    }

    function _idOf(bytes32 terms) private view returns (LeaseId) {
        return LeaseId.wrap(MessageHashUtils.toTypedDataHash(LEASE_DOMAIN, terms));
    }

    /// @dev The slice of this moment.
    function _now(uint32 slice) private view returns (SliceIndex) {
        return Slices.atRoundedDown(block.timestamp, slice);
    }

    /// @dev Where the escrow is dry.
    function _dry(Lease storage lease) private view returns (SliceIndex) {
        return lease.first.plus(lease.funded);
    }

    function _end(Lease storage lease) private view returns (SliceIndex) {
        return _dry(lease).earlier(lease.noticed);
    }

    /// @dev How many slices the lease covers as things stand.
    function _length(Lease storage lease) private view returns (uint40) {
        return lease.first.until(_end(lease));
    }

    /// @dev The slices that no leaf and no report speaks of, from there until `horizon` or the lease's end.
    function _freed(Lease storage lease, uint256 reportedThrough, uint256 horizon) private view returns (uint40) {
        SliceIndex from = Slices.atRoundedDown(reportedThrough, lease.slice).later(lease.first.plus(lease.through));
        return from.until(Slices.atRoundedDown(horizon, lease.slice).earlier(_end(lease)));
    }
}

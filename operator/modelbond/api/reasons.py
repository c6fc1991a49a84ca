"""Every reason that a condition can have: part of the API, with its meaning and the next step."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A word of the API. `meaning` says what is true, `remedy` what to do; empty when nothing."""

    meaning: str
    remedy: str

    def __new__(cls, word: str, meaning: str, remedy: str = "") -> Self:
        """Make a member; called for each line below, never by users."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        member.remedy = remedy
        return member

    # The whole
    READY = "Ready", "Everything that was asked for is true."
    PROGRESSING = "Progressing", "On its way; the message says how far."
    PAUSED = "Paused", "replicas is 0, so nothing serves.", "Set spec.replicas to 1 or more."
    WITHDRAWING = "Withdrawing", "It is being removed from its host."

    # Accepted: may this be done at all?
    ACCEPTED = "Accepted", "The other side agreed."
    NOT_ACCEPTED = (
        "NotAccepted",
        "The home has not accepted this host, so it gets no orders.",
        "Set spec.accepted of the HostCluster to true.",
    )
    SPEC_INVALID = (
        "SpecInvalid",
        "The spec breaks a rule that the API server did not check.",
        "Correct the field that the message names.",
    )
    NAMESPACE_NOT_SERVED = (
        "NamespaceNotServed",
        "The operator has no rights in this namespace.",
        "Add the namespace to the chart's home.namespaces, or move the object.",
    )
    NAME_TAKEN = (
        "NameTaken",
        "An object that modelbond did not make has the name that it needs.",
        "Rename that object or this one.",
    )
    DECLINED = (
        "Declined",
        "The host refused; the message has its reason.",
        "Ask for something that the host allows, or place it on another host.",
    )
    HOST_CORDONED = (
        "HostCordoned",
        "The host takes no new orders.",
        "The owner of the host sets spec.state of the HomeCluster to Active.",
    )
    HOST_DRAINED = (
        "HostDrained",
        "The host takes no orders and removed those that it had.",
        "The owner of the host sets spec.state of the HomeCluster to Active.",
    )
    RUNTIME_NOT_ALLOWED = (
        "RuntimeNotAllowed",
        "The host does not offer this runtime to this home.",
        "Choose another runtime, or the owner adds it to policy.runtimes and the chart's values.",
    )
    FORMAT_NOT_ALLOWED = (
        "FormatNotAllowed",
        "The host does not run models of this format for this home.",
        "Choose another format, or the owner adds it to policy.formats.",
    )
    SOURCE_NOT_ALLOWED = (
        "SourceNotAllowed",
        "A source of the weights lies outside what the host allows.",
        "Use a source within the host's policy.sources, or the owner adds it there.",
    )
    QUOTA_EXCEEDED = (
        "QuotaExceeded",
        "It would use more than the host grants this home.",
        "Ask for less, free something, or the owner raises quota.",
    )
    NO_CAPACITY = (
        "NoCapacity",
        "The host has not enough free of what is asked for.",
        "Ask for less, or wait until something ends there.",
    )
    CAPACITY_LOST = (
        "CapacityLost",
        "The host accepted, but its pods could not be scheduled for 2 minutes.",
        "Nothing: the home tries other hosts, and this one again later.",
    )
    OBJECT_REFUSED = (
        "ObjectRefused",
        "The host's own API server refuses what serves the model; the message has its words.",
        "The owner of the host mends quota, policy or right; after 2 minutes it goes elsewhere.",
    )

    # Scheduled: where?
    SCHEDULED = "Scheduled", "Every slot has a host."
    NO_HOST_FITS = (
        "NoHostFits",
        "Some slot has no host; the message counts the reasons.",
        "`modelbond explain` shows every host; loosen what most of them fail.",
    )
    TOO_FEW_OWNERS = (
        "TooFewOwners",
        "What fits was placed, on hosts of fewer owners than minOwners.",
        "Accept hosts of more owners, or lower placement.minOwners.",
    )
    ORDER_REFUSED = (
        "OrderRefused",
        "The home's own API server refuses an order, or a foreign object has its name.",
        "Lift the quota or policy in the host's namespace, or remove the foreign object there.",
    )
    WAITING_FOR_HOST = "WaitingForHost", "The host has not answered its order yet."
    HOST_UNREACHABLE = (
        "HostUnreachable",
        "The host is silent. What runs there may serve on.",
        "See the HostCluster's Reachable condition.",
    )

    # ModelVerified: are these the weights?
    FETCHING = "Fetching", "The weights are being downloaded."
    VERIFIED = "Verified", "The files have the digest that the spec names."
    DIGEST_MISMATCH = (
        "DigestMismatch",
        "A source served other files than the digest names.",
        "Repair the source, or correct spec.model.digest (`modelbond digest DIR`).",
    )
    SIZE_MISMATCH = (
        "SizeMismatch",
        "The files have more or fewer bytes than spec.model.size says.",
        "Correct spec.model.size (`modelbond digest DIR`), or repair the source.",
    )
    FETCH_FAILED = (
        "FetchFailed",
        "No source gave the weights; lastFailure has the last one's answer.",
        "Check that the host can reach the sources and that they hold SHA256SUMS.",
    )

    # ModelLoaded: does the runtime run them?
    LOADING = "Loading", "The runtime is starting with the weights."
    LOADED = "Loaded", "The runtime has the model loaded."
    LOAD_FAILED = (
        "LoadFailed",
        "The runtime refused the model; lastFailure has its last words.",
        "Check that format, runtime and resources suit the model.",
    )
    UNSCHEDULABLE = (
        "Unschedulable",
        "The host's cluster finds no node for a pod.",
        "Nothing: after 2 minutes it is placed elsewhere.",
    )
    CRASH_LOOPING = (
        "CrashLooping",
        "A container ends again and again; lastFailure has its last words.",
        "Most often memory: raise spec.resources.memory.",
    )
    IMAGE_PULL_FAILED = (
        "ImagePullFailed",
        "The host cannot pull an image of its own choice.",
        "The owner of the host checks the image and pull secrets of the runtime.",
    )

    # EndpointReady: can a client reach it?
    ENDPOINT_SERVING = "EndpointServing", "At least one endpoint answers for the model."
    NO_ENDPOINT = (
        "NoEndpoint",
        "No endpoint serves yet.",
        "See ModelLoaded, then the host's endpoint.addresses.",
    )
    ENDPOINT_REFUSED = (
        "EndpointRefused",
        "The host serves at an address outside its endpointCIDRs.",
        (
            "If the address is right, add its range to the HostCluster's endpointCIDRs. "
            "A cluster that is its own host serves at its pods' addresses: add their range."
        ),
    )
    ROUTE_REFUSED = (
        "RouteRefused",
        "The home's own API server refuses the Service, Secret or EndpointSlice of a deployment.",
        "Lift the quota or policy in that namespace, or give the operator the right there.",
    )
    WAITING_FOR_CERTIFICATE = (
        "WaitingForCertificate",
        "The host made a key; the home has not signed its certificate yet.",
    )
    NOT_SIGNED = (
        "NotSigned",
        "The home cannot sign a host's certificate; the message says why.",
        "Rename the Secret that it names; else the host's owner checks the version of modelbond.",
    )

    # BondActive: does money stand behind it?
    LEASE_OPEN = "LeaseOpen", "Every placement has a lease that runs on chain."
    LEASE_OPENING = "LeaseOpening", "A lease is being opened; the message says how far it is."
    WAITING_FOR_OFFER = (
        "WaitingForOffer",
        "The agreement lies beside the order; the host has not made an offer on it.",
        "Nothing; if it lasts, the host's owner sets spec.lease of the HomeCluster.",
    )
    OFFER_REFUSED = (
        "OfferRefused",
        "The host's offer is not what spec.lease allows; the message names each term.",
        "Loosen spec.lease, or place it on a host with other terms.",
    )
    SPENDING_CAPPED = (
        "SpendingCapped",
        "A payment would pass a cap of spec.lease, so it is not made.",
        "Raise dailySpendCap or totalSpendCap; the daily one begins anew at midnight, UTC.",
    )
    LEASE_ENDING = "LeaseEnding", "A lease had notice, or its escrow runs dry."
    LEASE_ENDED = (
        "LeaseEnded",
        "A lease is over on chain, and its placement has no newer one.",
        "Place it anew: delete the order, or move it to another host.",
    )
    WALLET_UNUSABLE = (
        "WalletUnusable",
        "The Secret that spec.lease.walletSecret names holds no usable key.",
        "Put a private key of its own into the Secret, under key.",
    )
    OUT_OF_FUNDS = (
        "OutOfFunds",
        "The wallet cannot pay for the escrow or for the transaction.",
        "Send tokens and coins to the address that the message names.",
    )
    CHAIN_REFUSED = (
        "ChainRefused",
        "The contract refuses what the operator asks of it; the message has its words.",
        "See the message; most often the host's free bond is less than the cover.",
    )
    CHAIN_UNREACHABLE = (
        "ChainUnreachable",
        "No RPC of the chain answers. Serving, placement and leases go on.",
        "Check the RPCs that the chart's chain.rpcs name.",
    )
    OFFERED = "Offered", "The host signed an offer; the home has not opened the lease yet."
    LEASES_CLOSED = (
        "LeasesClosed",
        "The host makes no offers to this home.",
        "The host's owner sets spec.lease of the HomeCluster, and its state to Active.",
    )
    WAITING_FOR_AGREEMENT = (
        "WaitingForAgreement",
        "The agreement that the order names does not lie beside it yet.",
    )
    AGREEMENT_REFUSED = (
        "AgreementRefused",
        "The agreement is not one that this host signs; the message names each field.",
        "Correct what the message names, or place it on a host with other terms.",
    )
    CANARIES_FAILED = (
        "CanariesFailed",
        "The host's own endpoint does not give the agreed answers, so it signs no offer.",
        "Make the canaries anew from this very model, or agree to a longer latency bound.",
    )
    BOND_SUFFICIENT = "BondSufficient", "The host's free bond covers its offers."
    BOND_TOO_SMALL = (
        "BondTooSmall",
        "The host's bond does not cover one offer more.",
        "The host's owner raises chain.bond.target, and sends the tokens to the host's account.",
    )
    LEASE_HOLDS = (
        "LeaseHolds",
        "A lease holds the copy to what was agreed, so the change is not taken.",
        "Place it anew: what changes goes by a new agreement and a new epoch.",
    )
    MAINTENANCE_ANNOUNCED = (
        "MaintenanceAnnounced",
        "The maintenance stands on chain: its slices are neither measured nor paid for.",
    )
    NO_CHAIN = (
        "NoChain",
        "spec.lease is set, and this operator is configured for no chain.",
        "Set chain in the chart's values, or remove spec.lease.",
    )

    # SLAHealthy: is the promise kept?
    WITHIN_ALLOWANCE = "WithinAllowance", "No period has more bad slices than are free."
    IN_BREACH = (
        "InBreach",
        "A period has more bad slices than are free: each further one is credited.",
        "Nothing: it is settled without a claim. See why the placement is bad.",
    )
    NOT_MEASURED = "NotMeasured", "No final report speaks of a lease of this deployment yet."
    REPORT_MISSING = (
        "ReportMissing",
        "A final report's data cannot be had, so nothing can be settled by it.",
        "Check that the operator reaches the watchers that chain.watchers name.",
    )
    CANARIES_INVALID = (
        "CanariesInvalid",
        "The ConfigMap that spec.sla.canaries names is missing or breaks a rule.",
        "Correct what the message names; the document's form is in docs/reference.",
    )

    # The link between two clusters
    CONNECTED = "Connected", "The link to the home works."
    UNREACHABLE = (
        "Unreachable",
        "The home's API server does not answer. Copies run on.",
        "Check the network path to spec.server.",
    )
    CREDENTIAL_EXPIRED = (
        "CredentialExpired",
        "The link's token is too old. Copies run on.",
        "`modelbond invite` at the home, then `modelbond join` here, mends the link.",
    )
    CREDENTIAL_REVOKED = (
        "CredentialRevoked",
        "The home refuses the link's token. Copies run on.",
        "Ask the home whether it means it; a new invitation mends the link.",
    )
    RIGHTS_MISSING = (
        "RightsMissing",
        "A right is missing: one of the link at the home, or one of the operator at the host.",
        "`modelbond invite` at the home, or `modelbond join` at the host, puts the rights back.",
    )
    NOT_WATCHING = (
        "NotWatching",
        "The operator cannot list what it needs to see of its own cluster, so orders wait.",
        "See the message; check this cluster's API server.",
    )
    IDENTITY_PINNED = "IdentityPinned", "The other side is the cluster that first answered."
    IDENTITY_CHANGED = (
        "IdentityChanged",
        "Another cluster answers under this name. Nothing is changed on its word.",
        "If it is meant, delete this object and join anew.",
    )
    JOIN_VALID = "JoinValid", "The join Secret holds what an invitation holds."
    JOIN_INVALID = (
        "JoinInvalid",
        "The join Secret is missing or holds something else than an invitation.",
        "`modelbond join` with the text that `modelbond invite` printed.",
    )
    LINKED = "Linked", "The copy's order is seen at the home."
    ORPHANED = (
        "Orphaned",
        "The copy's order cannot be seen at the home. The copy runs on.",
        "Mend the link; or the owner of the host deletes the copy.",
    )
    HEARD = "Heard", "The host renews its Lease."
    SILENT = (
        "Silent",
        "The host has not renewed its Lease. Nothing is moved or deleted for it.",
        "Ask the owner of the host; see the HomeCluster's conditions there.",
    )
    NEVER_HEARD = (
        "NeverHeard",
        "The host has not renewed its Lease since this operator watches.",
        "Was the invitation used? `modelbond join` at the host.",
    )
    REPORT_VALID = "ReportValid", "The host's report was read."
    REPORT_INVALID = (
        "ReportInvalid",
        "The host's report breaks a bound, so the last good one is kept.",
        "The owner of the host checks its version of modelbond.",
    )


DECLINES_OF_HOSTS = (
    Reason.DECLINED,
    Reason.NAME_TAKEN,
    Reason.HOST_CORDONED,
    Reason.HOST_DRAINED,
    Reason.RUNTIME_NOT_ALLOWED,
    Reason.FORMAT_NOT_ALLOWED,
    Reason.SOURCE_NOT_ALLOWED,
    Reason.QUOTA_EXCEEDED,
    Reason.NO_CAPACITY,
    Reason.CAPACITY_LOST,
    Reason.OBJECT_REFUSED,
    Reason.LEASE_HOLDS,
    Reason.LEASE_ENDED,
)
"""Why a host does not take an order; both sides count by these."""

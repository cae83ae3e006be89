"""Answers of a server. Made from proto/ by scripts/sdk-python-protos.mjs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .._values import Floats, Payload, Value

__all__ = [
    "Account",
    "AccountRemoval",
    "Alert",
    "AlertRule",
    "Alias",
    "ApiKeyInfo",
    "AuditEntry",
    "AuditVerification",
    "BranchReport",
    "Change",
    "Changes",
    "ClusterStatus",
    "CollectionInfo",
    "CollectionSettings",
    "CollectionStatus",
    "CountResult",
    "DeletePointsResult",
    "DeleteResult",
    "EmbeddingSettings",
    "Explanation",
    "Facet",
    "FacetResult",
    "GatewayStats",
    "Health",
    "IndexInfo",
    "Indexes",
    "Invitation",
    "Jwk",
    "NamedVector",
    "Operation",
    "Operations",
    "Page",
    "PayloadIndex",
    "PlannedAction",
    "QueryResult",
    "Rebalancing",
    "RecallInterval",
    "RecallMeasurement",
    "ReplicaStatus",
    "RerankSettings",
    "ResultGroup",
    "SearchHit",
    "SearchResult",
    "ServiceHealth",
    "Shard",
    "ShardRead",
    "ShardReplica",
    "ShardStatus",
    "ShardWrite",
    "SlowQueries",
    "SlowQuery",
    "SlowQueryBranch",
    "SlowQueryPlan",
    "SlowQueryShard",
    "SnapshotShard",
    "SparseVector",
    "Stats",
    "Step",
    "StoredPoint",
    "TenantCollection",
    "Token",
    "UnreadExample",
    "UpdatePointsResult",
    "UpsertResult",
    "VectorSettings",
    "WhyNot",
    "Worker",
    "WorkerHealth",
    "WorkerShard",
    "WorkerStateChange",
]


@dataclass(slots=True)
class ServiceHealth:
    """The state of a service."""

    service: str = ""
    """Name of the service: gateway, auth, placement-driver or reranker."""
    status: str = ""
    """State of the service: ok or down."""
    latency_ms: float = 0.0
    """Time until the service answered, milliseconds."""
    error: str = ""
    """Error code of a service that is down. Empty: the service is ok."""


@dataclass(slots=True)
class WorkerHealth:
    """The state of a worker."""

    worker_id: str = ""
    """Id of the worker."""
    healthy: bool = False
    """Whether the placement driver receives heartbeats from the worker."""
    shards: int = 0
    """Number of replicas that the worker holds."""


@dataclass(slots=True)
class Health:
    """The state of a deployment."""

    status: str = ""
    """State of the deployment: ok or degraded."""
    services: list[ServiceHealth] = field(default_factory=list)
    """State of each service."""
    workers: list[WorkerHealth] = field(default_factory=list)
    """State of each worker."""


@dataclass(slots=True)
class GetLivenessResponse:
    """The message vectron.admin.v1.GetLivenessResponse."""

    status: str = ""
    """Always ok: a process that does not run cannot answer."""


@dataclass(slots=True)
class GetReadinessResponse:
    """The message vectron.admin.v1.GetReadinessResponse."""

    status: str = ""
    """Always ok: the call fails otherwise."""


@dataclass(slots=True)
class GatewayStats:
    """Totals of the gateway that answers, since it was started."""

    uptime_seconds: float = 0.0
    """Time since the start of the process, seconds."""
    memory_bytes: float = 0.0
    """Resident memory of the process, bytes."""
    requests: float = 0.0
    """Number of requests."""
    failed_requests: float = 0.0
    """Number of requests that failed."""


@dataclass(slots=True)
class Stats:
    """Totals over all tenants."""

    collections: int = 0
    """Number of collections."""
    shards: int = 0
    """Number of shards."""
    points: float = 0.0
    """Number of points."""
    index_lag: float = 0.0
    """Number of points that searches scan because they are not in the index yet."""
    shard_memory_bytes: float = 0.0
    """Memory of all shards, bytes."""
    shard_disk_bytes: float = 0.0
    """Disk space of all shards, bytes."""
    users: int = 0
    """Number of accounts."""
    api_keys: int = 0
    """Number of API keys."""
    workers: int = 0
    """Number of workers."""
    healthy_workers: int = 0
    """Number of healthy workers."""
    queries_per_second: float = 0.0
    """Searches and reads per second of all workers."""
    gateway: GatewayStats | None = None
    """Totals of the gateway that answers."""


@dataclass(slots=True)
class WorkerStateChange:
    """A change of the state of a worker."""

    state: str = ""
    """New state of the worker."""
    at_ms: float = 0.0
    """Time of the change, milliseconds since 1970."""
    reason: str = ""
    """Explanation as a sentence."""


@dataclass(slots=True)
class WorkerShard:
    """A replica as its worker last reported it."""

    shard_id: int = 0
    """Id of the shard."""
    epoch: int = 0
    """Epoch of the shard, which increases with each split."""
    role: str = ""
    """Raft role of the replica: leader, follower, candidate, learner or stopped."""
    live_points: float = 0.0
    """Number of points."""
    dead_points: float = 0.0
    """Number of deleted points whose space is not reclaimed yet."""
    tail_points: float = 0.0
    """Number of points that searches scan because they are not in the index yet."""
    applied_index: float = 0.0
    """Log index that the replica has applied."""
    committed_index: float = 0.0
    """Log index that the replica knows to be committed."""
    term: float = 0.0
    """Raft term of the replica."""
    memory_bytes: float = 0.0
    """Memory in use, bytes."""
    disk_bytes: float = 0.0
    """Disk space in use, bytes."""
    queries_per_second: float = 0.0
    """Searches and reads per second, averaged over the latest interval between two reports."""
    writes_per_second: float = 0.0
    """Writes per second, averaged over the latest interval between two reports."""
    damage: str = ""
    """Why the replica is permanently out of service. Empty: it is in service."""


@dataclass(slots=True)
class Worker:
    """A worker as it last reported its state."""

    worker_id: str = ""
    """Id of the worker."""
    grpc_address: str = ""
    """Address of its gRPC listener."""
    last_heartbeat_ms: float = 0.0
    """Time of its latest heartbeat, milliseconds since 1970. 0: none since the placement driver was started."""
    healthy: bool = False
    """Whether the placement driver receives heartbeats from the worker."""
    state: str = ""
    """State of the worker: JOINING, READY, ACTIVE, STANDBY, UNHEALTHY, DRAINING, ERROR or RETRY."""
    cpu_cores: int = 0
    """Number of CPU cores."""
    memory_total_bytes: float = 0.0
    """Memory of the machine, bytes."""
    disk_total_bytes: float = 0.0
    """Size of the disk, bytes."""
    rack: str = ""
    """Rack, as configured. Empty: unknown."""
    zone: str = ""
    """Zone, as configured. Empty: unknown."""
    region: str = ""
    """Region, as configured. Empty: unknown."""
    number: int = 0
    """Number of the worker. Calls accept it instead of the id."""
    search_only: bool = False
    """Whether the worker only holds replicas without a vote."""
    state_since_ms: float = 0.0
    """Time of the latest change of `state`, milliseconds since 1970."""
    state_reason: str = ""
    """Reason for the latest change of `state`."""
    state_changes: list[WorkerStateChange] = field(default_factory=list)
    """Latest changes of `state`, newest last."""
    capacity_score: float = 0.0
    """Capacity of the worker as the planner weighs it: cores / 8 * 300 + memory / 32 GB * 400 + disk / 500 GB * 300."""
    replicas: int = 0
    """Number of replicas that the worker holds."""
    leads: int = 0
    """Number of shards that the worker leads."""
    cpu_usage_percent: float = 0.0
    """CPU usage of the machine, percent of all cores."""
    memory_bytes: float = 0.0
    """Resident memory of the process, bytes."""
    disk_used_bytes: float = 0.0
    """Disk space in use, bytes."""
    queries_per_second: float = 0.0
    """Searches and reads per second, averaged over the latest interval between two reports."""
    shards: list[WorkerShard] = field(default_factory=list)
    """Replicas that the worker holds."""


@dataclass(slots=True)
class ListWorkersResponse:
    """The message vectron.admin.v1.ListWorkersResponse."""

    workers: list[Worker] = field(default_factory=list)
    """The workers of the cluster."""


@dataclass(slots=True)
class TenantCollection:
    """A collection with its tenant."""

    name: str = ""
    """Name of the collection."""
    tenant_id: str = ""
    """Id of the tenant."""
    dimension: int = 0
    """Number of dimensions of the vectors."""
    distance: str = ""
    """Distance metric: cosine, euclidean or dot."""
    shards: int = 0
    """Number of shards."""
    points: int = 0
    """Number of points."""
    created_at: datetime | None = None
    """Time of creation, seconds since 1970."""
    ready: bool = False
    """Whether every shard has a leader that serves requests."""


@dataclass(slots=True)
class ListAllCollectionsResponse:
    """The message vectron.admin.v1.ListAllCollectionsResponse."""

    collections: list[TenantCollection] = field(default_factory=list)
    """Collections of all tenants."""


@dataclass(slots=True)
class Alert:
    """An alert that a rule has opened."""

    id: str = ""
    """Id of the alert."""
    rule: str = ""
    """Name of the rule that opened the alert."""
    subject: str = ""
    """Object that the alert is about, such as: worker 0c1f."""
    level: str = ""
    """Level of the alert: warning or critical."""
    message: str = ""
    """Description of the problem."""
    status: str = ""
    """Status of the alert: open or resolved."""
    opened_at_ms: float = 0.0
    """Time at which the alert was opened, milliseconds since 1970."""
    resolved_at_ms: float | None = None
    """Time at which the alert was closed, milliseconds since 1970. Absent: it is open."""
    resolved_by: str | None = None
    """Account that closed the alert; or recovered, if its cause has ended. Absent: it is open."""


@dataclass(slots=True)
class ListAlertsResponse:
    """The message vectron.admin.v1.ListAlertsResponse."""

    alerts: list[Alert] = field(default_factory=list)
    """Alerts, newest first."""


@dataclass(slots=True)
class ResolveAlertResponse:
    """The message vectron.admin.v1.ResolveAlertResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class AlertRule:
    """A rule by which alerts are opened."""

    rule: str = ""
    """Name of the rule: worker_down, under_replicated, replication_lag, index_lag, disk, error_rate or recall_unmet."""
    enabled: bool = False
    """Whether the rule opens alerts."""
    level: str = ""
    """Level of the alerts: warning or critical."""
    threshold: float = 0.0
    """Threshold of the rule, in the unit of the rule: a share of 0 to 1 (disk, error_rate, recall_unmet), a number of
    points (index_lag), log entries (replication_lag) or replicas (under_replicated). The rule worker_down has none.
    """


@dataclass(slots=True)
class ListAlertRulesResponse:
    """The message vectron.admin.v1.ListAlertRulesResponse."""

    rules: list[AlertRule] = field(default_factory=list)
    """Alert rules with their current settings."""


@dataclass(slots=True)
class AuditEntry:
    """An entry of the audit log. Each entry is signed together with the signature of the previous entry, so that a
    change or a gap is detected.
    """

    sequence: int = 0
    """Sequence number of the entry."""
    at: str = ""
    """Time of the call, RFC 3339."""
    action: str = ""
    """Name of the operation, such as login, createApiKey or deleteCollection; denied for a request that was refused
    before its operation was known.
    """
    user_id: str = ""
    """Id of the account. Empty: the caller was not authenticated."""
    who: str = ""
    """E-mail address of the account, or public part of the API key."""
    address: str = ""
    """IP address of the caller."""
    target: str = ""
    """Object of the operation: a name, an id or a path."""
    result: str = ""
    """Result of the call: OK or the error code."""
    request_id: str = ""
    """Id of the request."""
    previous: str = ""
    """Field `mac` of the previous entry."""
    mac: str = ""
    """HMAC-SHA-256 of the entry without this field, base64url."""


@dataclass(slots=True)
class ListAuditEntriesResponse:
    """The message vectron.admin.v1.ListAuditEntriesResponse."""

    entries: list[AuditEntry] = field(default_factory=list)
    """Entries, newest first."""


@dataclass(slots=True)
class AuditVerification:
    """The result of a verification of an audit log."""

    gateway_id: str = ""
    """Id of the gateway, which identifies its audit log."""
    entries: float = 0.0
    """Number of entries that were verified."""
    wrong: str = ""
    """Description of the first fault. Empty: the log is intact."""
    other_gateways: list[str] = field(default_factory=list)
    """Ids of other gateways that have written audit logs. Verify theirs separately."""


@dataclass(slots=True)
class SlowQueryShard:
    """How a shard executed a request; see ShardRead of the data API."""

    shard_id: int = 0
    """Id of the shard."""
    worker: int = 0
    """Number of the worker that answered."""
    milliseconds: float = 0.0
    """Time from the request to the answer of the shard, as seen by the gateway, milliseconds."""
    plan: str = ""
    """Plan of the shard: graph, scan, scan_codes, post_filter, walk, post_check, bm25 or sparse."""
    ef: int = 0
    """Number of candidates that the walk of the graph kept. 0: the graph was not used."""
    visited: int = 0
    """Number of nodes whose links were read."""
    distances: int = 0
    """Number of distances that were computed."""
    rescored: int = 0
    """Number of candidates that were rescored with their full vectors."""
    index_lag: int = 0
    """Number of points that were scanned because they are not indexed yet."""
    matching: float = 0.0
    """Number of points that match the filter, as far as it is known. 0 without a filter."""
    unindexed: bool = False
    """Whether payloads had to be read for the filter. A payload index would make it faster."""
    stopped: bool = False
    """Whether the search was stopped because its budget was used up."""
    error_code: str = ""
    """Error code of a shard that did not answer. Empty: it answered."""


@dataclass(slots=True)
class SlowQueryBranch:
    """How a branch of a query was executed; see BranchReport of the data API."""

    candidates: int = 0
    """Number of candidates that the branch found."""
    plans: list[str] = field(default_factory=list)
    """Plans of the shards, at most eight."""
    unindexed: bool = False
    """Whether payloads had to be read for the filter of the branch."""


@dataclass(slots=True)
class SlowQueryPlan:
    """How a request was executed."""

    answers: int = 0
    """Number of answers of a batch. 0: the request was not a batch."""
    complete: bool = False
    """Whether all shards answered."""
    shards_asked: int = 0
    """Number of shards that were queried."""
    shards_answered: int = 0
    """Number of shards that answered."""
    served_from: str = ""
    """Source of the answer: shards, cache, redis or coalesced. Empty: the request was not a search."""
    reranked_by: str = ""
    """Name of the reranker that ordered the results. Empty: they were not reranked."""
    rerank_skipped: str = ""
    """Why the results were not reranked although the collection has a reranker. Empty: they were, or it has none."""
    shards: list[SlowQueryShard] = field(default_factory=list)
    """The slowest shards, at most eight."""
    branches: list[SlowQueryBranch] = field(default_factory=list)
    """The branches of a query, at most eight."""


@dataclass(slots=True)
class SlowQuery:
    """A slow request, and how it was executed. It contains no vector, payload, filter, search text, point id or key."""

    request_id: str = ""
    """Id of the request, which the client received as x-request-id. The lines of the log about the request have it as
    well.
    """
    at: str = ""
    """Time at which the request ended, RFC 3339."""
    wire: str = ""
    """Protocol of the request: rest, grpc or websocket."""
    operation: str = ""
    """Name of the operation, as in the metrics."""
    code: str = ""
    """Outcome of the request: OK, or the error code."""
    tenant_id: str = ""
    """Id of the tenant that made the request."""
    caller: str = ""
    """Public part of the API key, or id of the account. Empty: unknown."""
    collection: str = ""
    """Collections and aliases that the request names, at most four, separated by spaces."""
    lane: str = ""
    """Queue of the request: read, scan (slow reads) or write."""
    milliseconds: float = 0.0
    """Time from the first byte of the request to the last byte of its answer, milliseconds."""
    queue_milliseconds: float = 0.0
    """Part of this time that the request waited in its queue, milliseconds."""
    shard_milliseconds: float = 0.0
    """Part of this time that the slowest shard took, as seen by the gateway, milliseconds. 0: no shard is known."""
    cpu_milliseconds: float = 0.0
    """Processor time of the workers, for all shards together, milliseconds."""
    asked: list[str] = field(default_factory=list)
    """Size of the request: its numbers (topK=100), the lengths of its lists (ids=20), and the names of the booleans
    that are true and of the messages that are present (exact, filter).
    """
    plan: SlowQueryPlan | None = None
    """How the request was executed, as recorded in its answer; for a batch, that of its slowest answer. Absent if the
    answer does not record it.
    """


@dataclass(slots=True)
class SlowQueries:
    """The slow requests of a gateway process."""

    queries: list[SlowQuery] = field(default_factory=list)
    """The requests, the slowest first."""
    total: float = 0.0
    """Number of slow requests since the process started. The newest of them are kept: at most 500, in at most 1 MiB."""
    threshold_ms: float = 0.0
    """The value of --slow-query-ms, milliseconds; 0: requests are neither logged nor kept as slow."""


@dataclass(slots=True)
class Operation:
    """A move of a replica or a split of a shard."""

    id: str = ""
    """Id of the operation."""
    kind: str = ""
    """Kind of the operation: move or split."""
    shard_id: int = 0
    """Id of the shard."""
    tenant_id: str = ""
    """Id of the tenant."""
    collection: str = ""
    """Name of the collection."""
    step: str = ""
    """Current step. A move has the steps learner, voter and cleanup; a split has the step splitting. Both end with
    done or rolled-back.
    """
    from_worker: str = ""
    """Id of the worker that a move takes the replica from."""
    to_worker: str = ""
    """Id of the worker that a move gives the replica to."""
    upper_shard_id: int = 0
    """Id of the shard that a split creates."""
    cause: str = ""
    """Cause of the operation: repair, drain, spread, size, hot, balance, leaders or operator."""
    reason: str = ""
    """Explanation as a sentence."""
    started_ms: float = 0.0
    """Start of the operation, milliseconds since 1970."""
    step_ms: float = 0.0
    """Start of the current step, milliseconds since 1970."""
    detail: str = ""
    """Why the operation was rolled back, or what it is waiting for. Empty: neither applies."""


@dataclass(slots=True)
class ClusterStatus:
    """A summary of a cluster."""

    placement_leader: str = ""
    """Address of the placement driver that performs the background work. Empty: currently none."""
    placement_nodes: list[str] = field(default_factory=list)
    """Addresses of all placement drivers that are running."""
    workers: int = 0
    """Number of workers."""
    workers_by_state: dict[str, int] = field(default_factory=dict)
    """Number of workers in each state."""
    shards: int = 0
    """Number of shards."""
    shards_ready: int = 0
    """Number of shards with a leader that a majority follows."""
    shards_fully_replicated: int = 0
    """Number of shards that have all their replicas."""
    points: float = 0.0
    """Number of points."""
    operations: list[Operation] = field(default_factory=list)
    """Operations in progress."""


@dataclass(slots=True)
class ShardReplica:
    """A replica of a shard."""

    worker: int = 0
    """Number of the worker."""
    role: str = ""
    """Raft role of the replica: leader, follower, candidate, learner or stopped."""
    applied_index: float = 0.0
    """Log index that the replica has applied."""
    learner: bool = False
    """Whether the replica has no vote."""
    damage: str = ""
    """Why the replica is out of service. Empty: it is in service."""


@dataclass(slots=True)
class Shard:
    """A shard with its replicas."""

    shard_id: int = 0
    """Id of the shard."""
    collection: str = ""
    """Name of the collection."""
    tenant_id: str = ""
    """Id of the tenant."""
    epoch: int = 0
    """Epoch of the shard, which increases with each split."""
    first_hash: str = ""
    """First routing hash of the shard's range, inclusive, as 16 hexadecimal digits."""
    last_hash: str = ""
    """Last routing hash of the shard's range, inclusive, as 16 hexadecimal digits."""
    leader: int = 0
    """Number of the worker that leads the shard. 0: no leader is known."""
    ready: bool = False
    """Whether the shard has a leader that serves requests."""
    points: float = 0.0
    """Number of points."""
    memory_bytes: float = 0.0
    """Memory in use, bytes."""
    queries_per_second: float = 0.0
    """Searches and reads per second, averaged over the latest interval between two reports."""
    replicas: list[ShardReplica] = field(default_factory=list)
    """Replicas of the shard."""
    healthy_replicas: int = 0
    """Number of voting replicas that are up to date."""
    voters: int = 0
    """Number of voting replicas."""
    operation: Operation | None = None
    """Move or split of the shard that is in progress. Absent: none."""


@dataclass(slots=True)
class ListShardsResponse:
    """The message vectron.admin.v1.ListShardsResponse."""

    shards: list[Shard] = field(default_factory=list)
    """All shards of the cluster."""


@dataclass(slots=True)
class Operations:
    """Moves and splits."""

    running: list[Operation] = field(default_factory=list)
    """Operations in progress."""
    ended: list[Operation] = field(default_factory=list)
    """Operations that have ended, newest first."""


@dataclass(slots=True)
class DrainWorkerResponse:
    """The message vectron.admin.v1.DrainWorkerResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class RemoveWorkerResponse:
    """The message vectron.admin.v1.RemoveWorkerResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class PlannedAction:
    """An action of the planner."""

    kind: str = ""
    """Kind of the action: move, transfer (of the leadership) or split."""
    shard_id: int = 0
    """Id of the shard."""
    collection: str = ""
    """Name of the collection."""
    from_worker: str = ""
    """Id of the worker that a replica or the leadership is taken from."""
    to_worker: str = ""
    """Id of the worker that receives the replica or the leadership."""
    cause: str = ""
    """Cause of the action: repair, drain, spread, size, hot, balance or leaders."""
    reason: str = ""
    """Explanation as a sentence."""


@dataclass(slots=True)
class Rebalancing:
    """What the planner does, and what it cannot do."""

    actions: list[PlannedAction] = field(default_factory=list)
    """Actions that the planner takes, or would take with `dry_run`."""
    blocked: list[str] = field(default_factory=list)
    """Problems that cannot be solved now, each with the reason."""


@dataclass(slots=True)
class Jwk:
    """An Ed25519 public key (RFC 8037)."""

    kty: str = ""
    """Key type: always OKP."""
    crv: str = ""
    """Curve: always Ed25519."""
    x: str = ""
    """Public key, base64url."""
    kid: str = ""
    """Id of the key, which tokens name in their header."""
    alg: str = ""
    """Signature algorithm: always EdDSA."""
    use: str = ""
    """Use of the key: always sig."""


@dataclass(slots=True)
class GetJwksResponse:
    """The message vectron.admin.v1.GetJwksResponse."""

    keys: list[Jwk] = field(default_factory=list)
    """Public keys, including those whose tokens have not expired yet."""


@dataclass(slots=True)
class RotateSigningKeyResponse:
    """The message vectron.admin.v1.RotateSigningKeyResponse."""

    kid: str = ""
    """Id of the new key."""


@dataclass(slots=True)
class Account:
    """An account of a person or a program."""

    id: str = ""
    """Id of the account."""
    email: str = ""
    """E-mail address of the account."""
    created_at: datetime | None = None
    """Time of creation, seconds since 1970."""
    plan: str = ""
    """Plan of the tenant."""
    subscription_status: str = ""
    """State of the subscription; always ACTIVE in this version."""
    role: str = ""
    """Role of the account: admin, write, read or metrics."""
    tenant_id: str = ""
    """Id of the tenant whose collections the account uses. Several accounts can belong to one tenant."""
    disabled: bool = False
    """Whether the account is disabled: it cannot log in, and its API keys are refused."""
    must_change_password: bool = False
    """Whether the password must be changed first: until then, a login can do nothing else."""
    last_login_at: datetime | None = None
    """Time of the latest login, seconds since 1970. 0: never."""


@dataclass(slots=True)
class RegisterUserResponse:
    """The message vectron.auth.v1.RegisterUserResponse."""

    user: Account | None = None
    """The created account."""


@dataclass(slots=True)
class LoginResponse:
    """The message vectron.auth.v1.LoginResponse."""

    jwt_token: str = ""
    """Access token, to be sent as `Authorization: Bearer`."""
    user: Account | None = None
    """Account of the login."""
    expires_at: datetime | None = None
    """Time at which the access token expires, seconds since 1970."""
    refresh_token: str = ""
    """Token for RefreshToken, valid once."""


@dataclass(slots=True)
class GetUserProfileResponse:
    """The message vectron.auth.v1.GetUserProfileResponse."""

    user: Account | None = None
    """Account of the caller."""


@dataclass(slots=True)
class UpdateUserProfileResponse:
    """The message vectron.auth.v1.UpdateUserProfileResponse."""

    user: Account | None = None
    """Account of the caller after the change."""
    jwt_token: str = ""
    """Always empty: the tokens of the caller remain valid."""


@dataclass(slots=True)
class DeleteUserResponse:
    """What happened to the collections and keys of the deleted account."""

    success: bool = False
    """Always true; a failure is reported as an error."""
    deleted_collections: list[str] = field(default_factory=list)
    """Names of the collections that were deleted with their points."""
    handed_collections: list[str] = field(default_factory=list)
    """Names of the collections that now belong to the tenant of the heir."""
    kept_collections: list[str] = field(default_factory=list)
    """Names of the collections that remain with the tenant, because it has other accounts."""
    deleted_keys: int = 0
    """Number of API keys that were deleted."""


@dataclass(slots=True)
class RefreshTokenResponse:
    """The message vectron.auth.v1.RefreshTokenResponse."""

    jwt_token: str = ""
    """New access token."""
    expires_at: datetime | None = None
    """Time at which the access token expires, seconds since 1970."""
    refresh_token: str = ""
    """Token for the next refresh."""


@dataclass(slots=True)
class ApiKeyInfo:
    """An API key without its secret."""

    prefix: str = ""
    """Public part of the key, which identifies it."""
    user_id: str = ""
    """Id of the account that owns the key."""
    created_at: datetime | None = None
    """Time of creation, seconds since 1970."""
    name: str = ""
    """Name that the creator of the key has chosen."""
    role: str = ""
    """Role of the key: write or read; for keys of administrators also admin or metrics."""
    collections: list[str] = field(default_factory=list)
    """Names of the collections that the key can access. Empty: all collections of the tenant."""
    expires_at: datetime | None = None
    """Time at which the key expires, seconds since 1970. 0: never."""


@dataclass(slots=True)
class CreateAPIKeyResponse:
    """The message vectron.auth.v1.CreateAPIKeyResponse."""

    full_key: str = ""
    """The API key. It is shown only here: the server stores only a keyed hash of it."""
    key_info: ApiKeyInfo | None = None
    """The key without its secret."""


@dataclass(slots=True)
class ListAPIKeysResponse:
    """The message vectron.auth.v1.ListAPIKeysResponse."""

    keys: list[ApiKeyInfo] = field(default_factory=list)
    """Keys of the account, without their secrets."""


@dataclass(slots=True)
class DeleteAPIKeyResponse:
    """The message vectron.auth.v1.DeleteAPIKeyResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class CreateSDKJWTResponse:
    """The message vectron.auth.v1.CreateSDKJWTResponse."""

    sdk_jwt: str = ""
    """Access token, valid for 24 hours."""


@dataclass(slots=True)
class LogoutResponse:
    """The message vectron.auth.v1.LogoutResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class ChangePasswordResponse:
    """The message vectron.auth.v1.ChangePasswordResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class SetUserRoleResponse:
    """The message vectron.auth.v1.SetUserRoleResponse."""

    user: Account | None = None
    """The account after the change."""


@dataclass(slots=True)
class Invitation:
    """An open invitation, without its token."""

    id: str = ""
    """Id of the invitation."""
    email: str = ""
    """The only e-mail address for which the invitation is valid."""
    role: str = ""
    """Role of the account that will be created."""
    tenant_id: str = ""
    """Id of the tenant of the account that will be created. Empty: it gets a new tenant."""
    invited_by: str = ""
    """Id of the account that created the invitation."""
    created_at: datetime | None = None
    """Time of creation, seconds since 1970."""
    expires_at: datetime | None = None
    """Time at which the invitation expires, seconds since 1970."""


@dataclass(slots=True)
class InviteUserResponse:
    """The message vectron.auth.v1.InviteUserResponse."""

    token: str = ""
    """Token for RegisterUser, valid once. It is shown only here."""
    invitation: Invitation | None = None
    """The created invitation."""


@dataclass(slots=True)
class ListInvitationsResponse:
    """The message vectron.auth.v1.ListInvitationsResponse."""

    invitations: list[Invitation] = field(default_factory=list)
    """Invitations of the page."""
    next_page_token: str = ""
    """Token of the next page. Empty: this is the last page."""


@dataclass(slots=True)
class DeleteInvitationResponse:
    """The message vectron.auth.v1.DeleteInvitationResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class ListUsersResponse:
    """The message vectron.auth.v1.ListUsersResponse."""

    users: list[Account] = field(default_factory=list)
    """Accounts of the page."""
    next_page_token: str = ""
    """Token of the next page. Empty: this is the last page."""


@dataclass(slots=True)
class SetUserDisabledResponse:
    """The message vectron.auth.v1.SetUserDisabledResponse."""

    user: Account | None = None
    """The account after the change."""


@dataclass(slots=True)
class ResetPasswordResponse:
    """The message vectron.auth.v1.ResetPasswordResponse."""

    password: str = ""
    """New password, valid for one login, at which it must be changed. It is shown only here."""


@dataclass(slots=True)
class AccountRemoval:
    """What happened to the collections and keys of the deleted account."""

    deleted_collections: list[str] = field(default_factory=list)
    """Names of the collections that were deleted with their points."""
    handed_collections: list[str] = field(default_factory=list)
    """Names of the collections that now belong to the tenant of the heir."""
    kept_collections: list[str] = field(default_factory=list)
    """Names of the collections that remain with the tenant, because it has other accounts."""
    deleted_keys: int = 0
    """Number of API keys that were deleted."""


@dataclass(slots=True)
class CreateCollectionResponse:
    """The message vectron.v1.CreateCollectionResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class DeleteCollectionResponse:
    """The message vectron.v1.DeleteCollectionResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""


@dataclass(slots=True)
class ShardWrite:
    """The result of a write in one shard."""

    shard_id: int = 0
    """Id of the shard."""
    upserted: int = 0
    """Number of points that were written in this shard."""
    log_index: int = 0
    """Index of the write in the log of the shard."""
    error_code: str = ""
    """Code of the error if the points of this shard were not written. Empty: they were written."""


@dataclass(slots=True)
class UpsertResult:
    """The result of a write."""

    upserted: int = 0
    """Number of points that were written."""
    shards: list[ShardWrite] = field(default_factory=list)
    """Result of each shard that received points."""
    write_token: str = ""
    """Token of this write, for reads with the consistency at_least."""


@dataclass(slots=True)
class SearchHit:
    """One result of a search."""

    id: str = ""
    """Id of the point."""
    score: float = 0.0
    """Score; higher is better: cosine similarity, dot product, or 1 / (1 + Euclidean distance)."""
    payload: Payload = field(default_factory=dict)
    """Payload of the point. In REST it is any JSON object; in gRPC it is the top level of that object, in which a
    value that is not a string is given as its JSON text.
    """
    vector: Floats | None = None
    """Vector of the point; empty unless `include_vectors` was set."""
    explanation: str = ""
    """Terms of the reranker's score, as text. Empty: the result was not reranked."""


@dataclass(slots=True)
class RecallInterval:
    """A 95 % confidence interval of a recall."""

    low: float = 0.0
    """Lower end of the interval, 0 to 1."""
    high: float = 0.0
    """Upper end of the interval, 0 to 1."""


@dataclass(slots=True)
class ShardRead:
    """How one shard contributed to a search."""

    shard_id: int = 0
    """Id of the shard."""
    applied_index: int = 0
    """Log index of the state that was read."""
    index_lag: int = 0
    """Number of points that were scanned because they are not in the graph yet."""
    ef: int = 0
    """Maximum number of candidates that the graph search kept. 0: the graph was not searched."""
    error_code: str = ""
    """Code of the error if the shard did not answer. Empty: it answered."""
    recall_estimate: float | None = None
    """Expected recall of this shard, as in SearchResponse."""
    visited: int = 0
    """Number of graph nodes whose links were read."""
    distances: int = 0
    """Number of distances that were computed."""
    rescored: int = 0
    """Number of candidates that were rescored with the full vectors."""
    stopped: bool = False
    """Whether the time limit ended the search early. If true, points can be missing, and the answer is not complete."""
    replica: int = 0
    """Number of the worker that answered."""
    milliseconds: float = 0.0
    """Time from the request to the answer of this shard as the gateway measured it, milliseconds."""
    plan: str = ""
    """How the points were found: graph, scan, scan_codes, post_filter, walk, post_check, bm25 or sparse."""
    matching: int = 0
    """With a filter: number of points that match it, as far as it is known."""
    unindexed: bool = False
    """Whether payloads were read to evaluate the filter. If true, a payload index would make the search faster."""
    recall_interval: RecallInterval | None = None
    """Confidence interval of `recall_estimate`, present if that is present."""
    slack: float | None = None
    """Slack of the distance-adaptive stopping rule: the graph search ended at (1 + slack)^2 times the squared distance
    of the k-th candidate. Absent: it ended by `ef` only, or the graph was not searched.
    """


@dataclass(slots=True)
class Step:
    """One step of a search."""

    name: str = ""
    """Name of the step: authenticate, cache, route, shard, merge or rerank."""
    milliseconds: float = 0.0
    """Duration of the step, milliseconds."""
    details: dict[str, str] = field(default_factory=dict)
    """Decisions and observations of the step, as text by name."""


@dataclass(slots=True)
class Explanation:
    """How a search was executed, step by step."""

    trace_id: str = ""
    """W3C trace id of the request, which finds its spans in all services."""
    route_epoch: int = 0
    """Epoch of the placement that was used: the highest one of the shards."""
    collection_id: str = ""
    """Id of the collection. A collection that is deleted and created again has another id."""
    steps: list[Step] = field(default_factory=list)
    """Steps of the search, in the order of their execution."""
    budget_ms: int = 0
    """Time limit of the search, milliseconds."""
    consistency: str = ""
    """Consistency that was requested."""


@dataclass(slots=True)
class WhyNot:
    """Why a point is not among the results of a search."""

    id: str = ""
    """Id of the point."""
    step: str = ""
    """Step that excluded the point: returned (it is among the results), not_stored, filtered_out, beyond_top_k,
    below_threshold, not_visited, reranked_out or shard_did_not_answer.
    """
    reason: str = ""
    """Explanation as a sentence."""
    score: float = 0.0
    """Exact score of the point. 0 if the point is not stored."""
    exact_rank: int = 0
    """Rank of the point by its exact score among all points, from 1. 0: it is not among the first 10,000."""


@dataclass(slots=True)
class SearchResult:
    """The results of a search, and how they were found."""

    hits: list[SearchHit] = field(default_factory=list)
    """Results, best first; equal scores are ordered by id."""
    complete: bool = False
    """Whether every shard answered completely. If false, results can be missing."""
    shards_asked: int = 0
    """Number of shards that were queried."""
    shards_answered: int = 0
    """Number of shards that answered."""
    shards: list[ShardRead] = field(default_factory=list)
    """Report of each shard."""
    query_id: str = ""
    """Identifier of this answer for SubmitFeedback."""
    reranked_by: str = ""
    """Strategy that reordered the results. Empty: the results are in vector order."""
    rerank_skipped: str = ""
    """Error code that explains why a requested reranking was skipped. Empty: it was not skipped, or not requested."""
    recall_estimate: float | None = None
    """Expected recall, 0 to 1: the lowest one of the shards. It is 1 for an exact answer, and absent if nothing was
    measured yet. A measured mean can also be 1; the answer is exact only if `recall_interval.low` is 1 as well.
    """
    served_from: str = ""
    """Source of the answer: shards, cache, redis or coalesced (the answer to an identical concurrent search)."""
    explanation: Explanation | None = None
    """Explanation of the search, if `explain` was set."""
    why_not: WhyNot | None = None
    """Explanation for the point that `why_not` names."""
    recall_interval: RecallInterval | None = None
    """Confidence interval of `recall_estimate`, present if that is present."""
    recall_unmet: bool = False
    """Whether a `recall` was requested and a shard has measured a lower one, or has measured nothing."""


@dataclass(slots=True)
class SparseVector:
    """A sparse vector: a vector of which only the dimensions that are not zero are given."""

    indices: list[int] = field(default_factory=list)
    """Indices of the dimensions that are not zero; each index occurs once."""
    values: list[float] = field(default_factory=list)
    """Values of these dimensions, in the same order as `indices` and of the same number."""


@dataclass(slots=True)
class StoredPoint:
    """A point: an id, vectors and a payload. A point to write has exactly one of `vector`, `vector_f32` and `text`."""

    id: str = ""
    """Id of the point, 1 to 512 bytes of UTF-8. Ids are compared byte by byte."""
    vector: Floats | None = None
    """First vector of the point, with the number of dimensions of the collection."""
    payload: Payload = field(default_factory=dict)
    """Payload of the point. In REST it is any JSON object; in gRPC it is the top level of that object, in which a
    value that is not a string is given as its JSON text.
    """
    sparse: dict[str, SparseVector] = field(default_factory=dict)
    """Sparse vectors by name, as declared for the collection."""
    version: int = 0
    """Read: version of the point, which increases with every write of the point."""
    expires_at: datetime | None = None
    """Read: time at which the point is deleted, milliseconds since 1970. 0: never."""
    vectors: dict[str, Floats] = field(default_factory=dict)
    """Named dense vectors, as declared for the collection."""


@dataclass(slots=True)
class GetResponse:
    """The message vectron.v1.GetResponse."""

    point: StoredPoint | None = None
    """The point that was requested."""
    applied_index: int = 0
    """Log index of the state of the shard that was read."""


@dataclass(slots=True)
class DeleteResult:
    """The result of a deletion."""

    existed: bool = False
    """Whether the point existed."""
    write_token: str = ""
    """Token of this write, for reads with the consistency at_least."""


@dataclass(slots=True)
class CollectionInfo:
    """A collection with its main settings."""

    name: str = ""
    """Name of the collection."""
    dimension: int = 0
    """Number of dimensions of the vectors."""
    distance: str = ""
    """Distance metric: cosine, euclidean or dot."""
    shards: int = 0
    """Number of shards."""
    points: int = 0
    """Number of points as the workers last reported it, a few seconds old. GetCollectionStatus counts them."""
    created_at: datetime | None = None
    """Time of creation, seconds since 1970."""


@dataclass(slots=True)
class ListCollectionsResponse:
    """The message vectron.v1.ListCollectionsResponse."""

    collections: list[str] = field(default_factory=list)
    """Names of the collections."""
    details: list[CollectionInfo] = field(default_factory=list)
    """The collections with their main settings, in the same order."""


@dataclass(slots=True)
class ReplicaStatus:
    """The state of one replica of a shard."""

    worker: int = 0
    """Number of the worker."""
    role: str = ""
    """Raft role: leader, follower, candidate, learner or stopped. Empty: the worker has not reported the replica."""
    applied_index: int = 0
    """Log index that the replica has applied."""
    damage: str = ""
    """Why the replica is out of service until it is replaced. Empty: it is in service."""


@dataclass(slots=True)
class ShardStatus:
    """The state of one shard of a collection."""

    shard_id: int = 0
    """Id of the shard."""
    replicas: list[int] = field(default_factory=list)
    """Numbers of the workers that hold a replica."""
    leader_id: int = 0
    """Number of the worker that leads the shard. 0: no leader is known."""
    ready: bool = False
    """Whether the shard has a leader that serves requests."""
    points: int = 0
    """Number of points in the shard."""
    index_lag: int = 0
    """Number of points that searches scan because they are not in the index yet."""
    applied_index: int = 0
    """Log index that the leader has applied."""
    term: int = 0
    """Raft term of the leader."""
    replica_status: list[ReplicaStatus] = field(default_factory=list)
    """State of each replica."""
    error_code: str = ""
    """Code of the error if the shard did not report its points; `points` and `index_lag` are then 0. Empty: it did."""


@dataclass(slots=True)
class RerankSettings:
    """How the results of a collection's searches are reordered by the text of the query."""

    enabled: bool = False
    """Whether searches that have a `query` text are reranked."""
    text_fields: list[str] = field(default_factory=list)
    """Payload fields that contain text, at most 64. Empty: every string field of the payload."""
    field_boosts: dict[str, float] = field(default_factory=dict)
    """Weight of the text matches in a field, by field name. The default of a field is 1."""
    recency_field: str = ""
    """Payload field with a time, in seconds since 1970 or RFC 3339: newer points rank higher. Empty: recency has no
    influence.
    """
    oversample: int = 0
    """Number of candidates that are reranked for each requested result, 1 to 20. 0: 5."""


@dataclass(slots=True)
class EmbeddingSettings:
    """How the vectors of texts are computed."""

    provider: str = ""
    """Name of a provider that the operator has configured; or local, which hashes words and is meant for tests and
    trials.
    """
    text_field: str = ""
    """Payload field in which the text of a point is stored, at most 512 bytes. Empty: text."""


@dataclass(slots=True)
class VectorSettings:
    """How vectors are stored and indexed. These settings cannot be changed after the collection was created."""

    quantization: str = ""
    """Form in which the graph compares vectors: int8 (default), none, float16, binary or product. Results are always
    rescored with the full vectors.
    """
    storage: str = ""
    """Where the full vectors are stored: memory (default), mmap or disk."""
    oversampling: int = 0
    """Maximum number of candidates that are rescored for each result, at most 100. 0: as many as the quantization
    error requires.
    """
    parallel_build: bool = False
    """Whether to build the graph with several threads. This is faster but not deterministic: replicas can differ in
    answers that are not exact.
    """


@dataclass(slots=True)
class PayloadIndex:
    """An index of the values at one path of the payload."""

    path: str = ""
    """Path of the values in the payload, at most 512 bytes: keys separated by dots."""
    type: str = ""
    """Type of the indexed values: keyword, integer, float, bool, datetime, geo or text."""
    language: str = ""
    """For a text index: language for stemming, such as english. Empty: words are not stemmed."""
    analyzer: str = ""
    """For a text index: words (default); or code, which also splits identifiers and file names into their parts."""
    stop_words: list[str] = field(default_factory=list)
    """For a text index: words that are ignored in texts and queries, at most 10,000. The entry `_language_` stands for
    the usual stop words of the language, such as the, of and is.
    """


@dataclass(slots=True)
class NamedVector:
    """The declaration of a named dense vector, which points can have in addition to their first vector."""

    name: str = ""
    """Name of the vector, 1 to 64 bytes."""
    dimension: int = 0
    """Number of dimensions, 1 to 65,536."""
    distance: str = ""
    """Distance metric: cosine (default), euclidean or dot."""
    hnsw_m: int = 0
    """Maximum number of links of a graph node (M of HNSW), 2 to 128. 0: 16."""
    hnsw_ef_construction: int = 0
    """Number of candidates that are considered when a point is inserted into the graph, `hnsw_m` to 4,096. 0: 200."""
    quantization: str = ""
    """Quantization in the graph: int8 (default), none, float16, binary or product."""
    storage: str = ""
    """Where the full vectors are stored: memory (default) or mmap."""
    oversampling: int = 0
    """Maximum number of candidates that are rescored for each result, at most 100, as in VectorSettings. 0: as many as
    the quantization error requires.
    """


@dataclass(slots=True)
class CollectionSettings:
    """The settings of a collection."""

    name: str = ""
    """Name of the collection, 1 to 128 characters: ASCII letters, digits, `_` and `-`, beginning with a letter or a
    digit. It must be unique among the collections and aliases of the tenant.
    """
    dimension: int = 0
    """Number of dimensions of the vectors, 1 to 65,536."""
    distance: str = ""
    """Distance metric: cosine (default), euclidean or dot."""
    shards: int = 0
    """Number of shards, 1 to 64. 0: one per worker, at most 16."""
    rerank: RerankSettings | None = None
    """Reranking of search results. Absent: results are not reranked."""
    hnsw_m: int = 0
    """Maximum number of links of a graph node (M of HNSW), 2 to 128. 0: 16."""
    hnsw_ef_construction: int = 0
    """Number of candidates that are considered when a point is inserted into the graph (efConstruction of HNSW),
    `hnsw_m` to 4,096. 0: 200.
    """
    vectors: VectorSettings | None = None
    """How vectors are stored and indexed. Absent: the default of each setting."""
    replicas: int = 0
    """Number of replicas of each shard, 1 to 7. 0: 3 if there are at least 3 workers, otherwise 1."""
    durability: str = ""
    """When writes are acknowledged. fsync (default): when a majority of the replicas has them on disk. relaxed: when a
    majority has them in memory; they are on disk shortly afterwards, and a power failure can lose acknowledged
    writes.
    """
    indexes: list[PayloadIndex] = field(default_factory=list)
    """Payload indexes to declare, at most 64. More can be declared later with CreateIndex."""
    sparse_vectors: list[str] = field(default_factory=list)
    """Names of the sparse vectors that points can have, at most 16, each 1 to 64 bytes."""
    named_vectors: list[NamedVector] = field(default_factory=list)
    """Named dense vectors that points can have in addition to their first vector, at most 16."""
    embedding: EmbeddingSettings | None = None
    """Embedding provider that computes the vectors of texts in points and queries. Absent: points and queries must
    have vectors.
    """


@dataclass(slots=True)
class CollectionStatus:
    """The state and the settings of a collection."""

    name: str = ""
    """Name of the collection."""
    dimension: int = 0
    """Number of dimensions of the vectors."""
    distance: str = ""
    """Distance metric: cosine, euclidean or dot."""
    shards: list[ShardStatus] = field(default_factory=list)
    """State of each shard."""
    points: int = 0
    """Number of points, including every write that was acknowledged before. Shards that did not answer have an
    `error_code` and are not counted.
    """
    index_lag: int = 0
    """Number of points that searches scan because they are not in the index yet; at most `points`."""
    durability: str = ""
    """When writes are acknowledged: fsync, or relaxed with its interval."""
    rerank: RerankSettings | None = None
    """Reranking of search results."""
    memory_bytes: int = 0
    """Memory that the leaders of all shards use, bytes."""
    disk_bytes: int = 0
    """Disk space that the leaders of all shards use, bytes."""
    embedding: EmbeddingSettings | None = None
    """Embedding provider of the collection. Absent: none."""
    settings: CollectionSettings | None = None
    """Settings of the collection with their current values, without the indexes and vectors that are declared (see
    ListIndexes).
    """


@dataclass(slots=True)
class UpdateCollectionResponse:
    """The message vectron.v1.UpdateCollectionResponse."""

    settings: CollectionSettings | None = None
    """All settings after the change."""


@dataclass(slots=True)
class SubmitFeedbackResponse:
    """The message vectron.v1.SubmitFeedbackResponse."""

    success: bool = False
    """Always true; a failure is reported as an error."""
    feedback_id: str = ""
    """Id of the stored feedback."""


@dataclass(slots=True)
class Page:
    """One page of points."""

    points: list[StoredPoint] = field(default_factory=list)
    """Points of the page. There can be fewer than `limit` if more would exceed the size limit of an answer (4,000,000
    bytes).
    """
    next_cursor: str | None = None
    """Cursor of the next page. Empty: there are no more points. A page with few or no points is not necessarily the
    last one.
    """


@dataclass(slots=True)
class Change:
    """One change of one point."""

    shard_id: int = 0
    """Id of the shard of the point."""
    log_index: int = 0
    """Log index of the write. Changes with the same shard and log index took effect together."""
    kind: str = ""
    """Kind of the change: insert, update or delete."""
    point: StoredPoint | None = None
    """For an insert or an update: the whole point after the change. For a delete: only its id."""


@dataclass(slots=True)
class Changes:
    """Changes, and the cursor to continue from."""

    changes: list[Change] = field(default_factory=list)
    """Changes in log order within each shard. Empty: there was none within `wait_ms`."""
    next_cursor: str = ""
    """Cursor for the next call."""


@dataclass(slots=True)
class SnapshotShard:
    """The state of one shard in a snapshot."""

    shard_id: int = 0
    """Id of the shard."""
    log_index: int = 0
    """Log index of the last write that the snapshot contains."""


@dataclass(slots=True)
class OpenSnapshotResponse:
    """A snapshot that was opened."""

    snapshot: str = ""
    """Identifier of the snapshot for ListPoints and CloseSnapshot."""
    cursor: str = ""
    """Cursor for ListChanges: it gives exactly the changes after the snapshot."""
    points: int = 0
    """Number of points in the snapshot."""
    expires_after_ms: int = 0
    """Time without use after which the snapshot is closed, milliseconds."""
    shards: list[SnapshotShard] = field(default_factory=list)
    """Last write of each shard that the snapshot contains."""


@dataclass(slots=True)
class CloseSnapshotResponse:
    """The message vectron.v1.CloseSnapshotResponse."""

    existed: bool = False
    """Whether the snapshot was open."""


@dataclass(slots=True)
class ResultGroup:
    """Results that have the same payload value."""

    value: Value = ""
    """Payload value of the group."""
    hits: list[SearchHit] = field(default_factory=list)
    """Results of the group, best first."""


@dataclass(slots=True)
class BranchReport:
    """How one branch of a query was executed."""

    candidates: int = 0
    """Number of candidates that the branch found."""
    recall_estimate: float | None = None
    """Expected recall of the branch, as in SearchResponse."""
    plans: list[str] = field(default_factory=list)
    """How each shard found its points, as `plan` in ShardRead."""
    unindexed: bool = False
    """Whether payloads were read to evaluate the filter. If true, a payload index would make the branch faster."""
    recall_interval: RecallInterval | None = None
    """Confidence interval of `recall_estimate`, present if that is present."""
    recall_unmet: bool = False
    """Whether a `recall` was requested and a shard has measured a lower one, or has measured nothing."""


@dataclass(slots=True)
class QueryResult:
    """The results of a query, and how complete they are."""

    hits: list[SearchHit] = field(default_factory=list)
    """Results, best first. Empty if `group_by` was set."""
    groups: list[ResultGroup] = field(default_factory=list)
    """Groups, best first. Empty unless `group_by` was set."""
    complete: bool = False
    """Whether every shard answered every branch completely. If false, results can be missing."""
    shards_asked: int = 0
    """Number of shards that were queried."""
    shards_answered: int = 0
    """Number of shards that answered."""
    branches: list[BranchReport] = field(default_factory=list)
    """Reports of the branches, in the order of the request."""


@dataclass(slots=True)
class QueryOutcome:
    """The answer or the error of one query of a batch."""

    answer: QueryResult | None = None
    """Answer of the query. Absent: the query failed."""
    error_code: str = ""
    """Code of the error. Empty: the query succeeded."""
    error_message: str = ""
    """Message of the error. Empty: the query succeeded."""


@dataclass(slots=True)
class QueryBatchResponse:
    """The message vectron.v1.QueryBatchResponse."""

    outcomes: list[QueryOutcome] = field(default_factory=list)
    """Outcomes in the order of the queries."""


@dataclass(slots=True)
class CountResult:
    """The number of points that match."""

    count: int = 0
    """Number of points."""
    exact: bool = False
    """Whether `count` is exact; otherwise it is an estimate."""
    unindexed: bool = False
    """Whether payloads were read. If true, a payload index would make the call faster."""


@dataclass(slots=True)
class Facet:
    """A payload value, and the number of points that have it."""

    value: Value = ""
    """The payload value."""
    count: int = 0
    """Number of points that have the value."""


@dataclass(slots=True)
class FacetResult:
    """The values at a path, with the number of points of each."""

    values: list[Facet] = field(default_factory=list)
    """Values with their numbers of points, most frequent first."""
    more: bool = False
    """Whether there are more values than `limit`."""
    unindexed: bool = False
    """Whether payloads were read. If true, a payload index would make the call faster."""


@dataclass(slots=True)
class RecallMeasurement:
    """Search results compared with exact results."""

    recall: float = 0.0
    """Measured recall: mean share of the true `top_k` nearest points that the searches found, 0 to 1. A found point
    whose score equals that of the last true one counts as found.
    """
    interval: RecallInterval | None = None
    """Confidence interval of `recall`."""
    queries: int = 0
    """Number of queries that were compared."""
    asked: int = 0
    """Number of these queries that clients had sent; the others are synthetic."""
    promised: float | None = None
    """Mean of the `recall_estimate` of the answers. Absent: an answer had none."""
    plans: dict[str, int] = field(default_factory=dict)
    """Number of queries by the plan that found their points, counted in each shard."""


@dataclass(slots=True)
class UpdatePointsResult:
    """The result of a change of points."""

    updated: int = 0
    """Number of points that were changed."""
    write_token: str = ""
    """Token of this write, for reads with the consistency at_least."""


@dataclass(slots=True)
class DeletePointsResult:
    """The result of a deletion of points."""

    deleted: int = 0
    """Number of points that were deleted."""
    write_token: str = ""
    """Token of this write, for reads with the consistency at_least."""


@dataclass(slots=True)
class UnreadExample:
    """A payload value that an index could not read."""

    id: str = ""
    """Id of a point with such a value."""
    value: str = ""
    """The value as JSON text, cut after 200 bytes."""


@dataclass(slots=True)
class IndexInfo:
    """A payload index and its progress."""

    index: PayloadIndex | None = None
    """Declaration of the index."""
    indexed: int = 0
    """Number of points that are in the index."""
    points: int = 0
    """Number of points of the collection."""
    ready: bool = False
    """Whether the index is complete and every shard uses it."""
    unread: int = 0
    """Number of indexed points that have a value, other than null, which does not have the type of the index or cannot
    be parsed as this type. Conditions on this type do not find such a value.
    """
    unread_example: UnreadExample | None = None
    """Example of such a value. Absent: there is none."""


@dataclass(slots=True)
class Indexes:
    """The indexes and vectors that are declared for a collection."""

    indexes: list[IndexInfo] = field(default_factory=list)
    """Payload indexes with their progress."""
    sparse_vectors: list[str] = field(default_factory=list)
    """Names of the declared sparse vectors."""
    named_vectors: list[NamedVector] = field(default_factory=list)
    """Declarations of the named vectors."""


@dataclass(slots=True)
class CreateIndexResponse:
    """The message vectron.v1.CreateIndexResponse."""

    created: bool = False
    """Whether the declaration is new. False: it existed already."""


@dataclass(slots=True)
class Token:
    """A term that a text index stores, or that a query searches for."""

    text: str = ""
    """Text of the term."""
    start: int = 0
    """Start of the word in the text, in UTF-16 code units, as JavaScript, Java and C# count."""
    end: int = 0
    """End of the word in the text, in UTF-16 code units, exclusive."""
    position: int = 0
    """Position of the word among the words of the text, from 0. Phrases compare positions; stop words have a position,
    but are not listed.
    """
    word: str = ""
    """Part of the text from `start` to `end`."""
    kind: str = ""
    """Kind of the term. word: the word itself. variant: another form of the preceding word. whole: several words as
    one term, which adds to the score. part: a part of a word, found by queries for exactly this part. unit and
    pair: one and two characters of a script without spaces. query: a term that only queries use, instead of the
    preceding word.
    """
    asked: bool = False
    """Whether a filter with this text requires the term. For a variant and a query term: whether the term is accepted
    instead of the word.
    """


@dataclass(slots=True)
class AnalyzeResponse:
    """The message vectron.v1.AnalyzeResponse."""

    tokens: list[Token] = field(default_factory=list)
    """Terms in the order of the text."""


@dataclass(slots=True)
class DeleteIndexResponse:
    """The message vectron.v1.DeleteIndexResponse."""

    existed: bool = False
    """Whether the declaration existed."""


@dataclass(slots=True)
class Alias:
    """An additional name of a collection."""

    alias: str = ""
    """The additional name, at most 128 bytes. The rules for names of collections apply."""
    collection: str = ""
    """Name of the collection."""


@dataclass(slots=True)
class ListAliasesResponse:
    """The message vectron.v1.ListAliasesResponse."""

    aliases: list[Alias] = field(default_factory=list)
    """Aliases of the tenant."""


@dataclass(slots=True)
class UpdateAliasesResponse:
    """The message vectron.v1.UpdateAliasesResponse."""


@dataclass(slots=True)
class SearchBatchResponse:
    """The message vectron.v1.SearchBatchResponse."""

    answers: list[SearchResult] = field(default_factory=list)
    """Answers in the order of the vectors."""

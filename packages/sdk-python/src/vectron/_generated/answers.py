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
    """The message vectron.admin.v1.ServiceHealth."""

    service: str = ""
    """gateway, auth, placement-driver or reranker."""
    status: str = ""
    """ok or down."""
    latency_ms: float = 0.0
    error: str = ""
    """Error code of a service that is down; empty: it is not."""


@dataclass(slots=True)
class WorkerHealth:
    """The message vectron.admin.v1.WorkerHealth."""

    worker_id: str = ""
    healthy: bool = False
    shards: int = 0


@dataclass(slots=True)
class Health:
    """The message vectron.admin.v1.GetHealthResponse."""

    status: str = ""
    """ok or degraded."""
    services: list[ServiceHealth] = field(default_factory=list)
    workers: list[WorkerHealth] = field(default_factory=list)


@dataclass(slots=True)
class GetLivenessResponse:
    """The message vectron.admin.v1.GetLivenessResponse."""

    status: str = ""
    """Always ok."""


@dataclass(slots=True)
class GetReadinessResponse:
    """The message vectron.admin.v1.GetReadinessResponse."""

    status: str = ""
    """Always ok: otherwise the call fails."""


@dataclass(slots=True)
class GatewayStats:
    """Of the gateway that answers."""

    uptime_seconds: float = 0.0
    memory_bytes: float = 0.0
    requests: float = 0.0
    failed_requests: float = 0.0


@dataclass(slots=True)
class Stats:
    """The message vectron.admin.v1.GetStatsResponse."""

    collections: int = 0
    shards: int = 0
    points: float = 0.0
    index_lag: float = 0.0
    """Points that search scans because the index does not hold them yet."""
    shard_memory_bytes: float = 0.0
    shard_disk_bytes: float = 0.0
    users: int = 0
    api_keys: int = 0
    workers: int = 0
    healthy_workers: int = 0
    queries_per_second: float = 0.0
    gateway: GatewayStats | None = None


@dataclass(slots=True)
class WorkerStateChange:
    """The message vectron.admin.v1.WorkerStateChange."""

    state: str = ""
    at_ms: float = 0.0
    """Milliseconds since 1970."""
    reason: str = ""


@dataclass(slots=True)
class WorkerShard:
    """A replica as its worker reported it last."""

    shard_id: int = 0
    epoch: int = 0
    role: str = ""
    """leader, follower, candidate, learner or stopped."""
    live_points: float = 0.0
    dead_points: float = 0.0
    """Deleted points whose space is not reclaimed yet."""
    tail_points: float = 0.0
    """Points that search scans because the index does not hold them yet."""
    applied_index: float = 0.0
    committed_index: float = 0.0
    term: float = 0.0
    """Raft term."""
    memory_bytes: float = 0.0
    disk_bytes: float = 0.0
    queries_per_second: float = 0.0
    writes_per_second: float = 0.0
    damage: str = ""
    """Why the replica is out of service for good; empty: it is not."""


@dataclass(slots=True)
class Worker:
    """The message vectron.admin.v1.Worker."""

    worker_id: str = ""
    grpc_address: str = ""
    last_heartbeat_ms: float = 0.0
    """Milliseconds since 1970; 0: none since the placement driver started."""
    healthy: bool = False
    state: str = ""
    """JOINING, READY, ACTIVE, STANDBY, UNHEALTHY, DRAINING, ERROR or RETRY."""
    cpu_cores: int = 0
    memory_total_bytes: float = 0.0
    disk_total_bytes: float = 0.0
    rack: str = ""
    zone: str = ""
    region: str = ""
    number: int = 0
    """Names the worker in commands, beside its id."""
    search_only: bool = False
    """Holds replicas without a vote."""
    state_since_ms: float = 0.0
    """Milliseconds since 1970."""
    state_reason: str = ""
    state_changes: list[WorkerStateChange] = field(default_factory=list)
    """The newest last."""
    capacity_score: float = 0.0
    """Share of the cluster's capacity, as the planner weighs it."""
    replicas: int = 0
    leads: int = 0
    """Shards that it leads."""
    cpu_usage_percent: float = 0.0
    memory_bytes: float = 0.0
    disk_used_bytes: float = 0.0
    queries_per_second: float = 0.0
    shards: list[WorkerShard] = field(default_factory=list)


@dataclass(slots=True)
class ListWorkersResponse:
    """The message vectron.admin.v1.ListWorkersResponse."""

    workers: list[Worker] = field(default_factory=list)


@dataclass(slots=True)
class TenantCollection:
    """The message vectron.admin.v1.TenantCollection."""

    name: str = ""
    tenant_id: str = ""
    dimension: int = 0
    distance: str = ""
    shards: int = 0
    points: int = 0
    created_at: datetime | None = None
    """Seconds since 1970."""
    ready: bool = False
    """Whether every shard has a leader that serves."""


@dataclass(slots=True)
class ListAllCollectionsResponse:
    """The message vectron.admin.v1.ListAllCollectionsResponse."""

    collections: list[TenantCollection] = field(default_factory=list)


@dataclass(slots=True)
class Alert:
    """The message vectron.admin.v1.Alert."""

    id: str = ""
    rule: str = ""
    """Name of the rule that opened it."""
    subject: str = ""
    """What it is about, such as: worker 0c1f."""
    level: str = ""
    """warning or critical."""
    message: str = ""
    status: str = ""
    """open or resolved."""
    opened_at_ms: float = 0.0
    """Milliseconds since 1970."""
    resolved_at_ms: float | None = None
    """Milliseconds since 1970; missing: it is open."""
    resolved_by: str | None = None
    """Who closed it, or recovered; missing: it is open."""


@dataclass(slots=True)
class ListAlertsResponse:
    """The message vectron.admin.v1.ListAlertsResponse."""

    alerts: list[Alert] = field(default_factory=list)


@dataclass(slots=True)
class ResolveAlertResponse:
    """The message vectron.admin.v1.ResolveAlertResponse."""

    success: bool = False


@dataclass(slots=True)
class AlertRule:
    """The message vectron.admin.v1.AlertRule."""

    rule: str = ""
    enabled: bool = False
    level: str = ""
    """warning or critical."""
    threshold: float = 0.0
    """In the unit of the rule: a share, a number of points, entries or replicas."""


@dataclass(slots=True)
class ListAlertRulesResponse:
    """The message vectron.admin.v1.ListAlertRulesResponse."""

    rules: list[AlertRule] = field(default_factory=list)


@dataclass(slots=True)
class AuditEntry:
    """The message vectron.admin.v1.AuditEntry."""

    sequence: int = 0
    at: str = ""
    """RFC 3339."""
    action: str = ""
    """Such as login, createApiKey, deleteCollection; denied for what was refused."""
    user_id: str = ""
    who: str = ""
    """E-mail address, or public part of the API key."""
    address: str = ""
    """IP address."""
    target: str = ""
    """What it was done to: a name, an id, a route."""
    result: str = ""
    """OK or the error code."""
    request_id: str = ""
    previous: str = ""
    """The field mac of the entry before."""
    mac: str = ""
    """HMAC-SHA-256 over the entry without this field, base64url."""


@dataclass(slots=True)
class ListAuditEntriesResponse:
    """The message vectron.admin.v1.ListAuditEntriesResponse."""

    entries: list[AuditEntry] = field(default_factory=list)


@dataclass(slots=True)
class AuditVerification:
    """The message vectron.admin.v1.VerifyAuditResponse."""

    gateway_id: str = ""
    """Names the log of this gateway."""
    entries: float = 0.0
    wrong: str = ""
    """What is wrong with the first wrong entry; empty: nothing."""
    other_gateways: list[str] = field(default_factory=list)
    """Ids of other gateways that have written audit logs."""


@dataclass(slots=True)
class SlowQueryShard:
    """As in ShardRead of the data API."""

    shard_id: int = 0
    worker: int = 0
    """Number of the worker that answered."""
    milliseconds: float = 0.0
    """From the request to this shard's answer, as the gateway saw it."""
    plan: str = ""
    """How the points were found: graph, scan, scan_codes, post_filter, walk, post_check, bm25 or sparse."""
    ef: int = 0
    """Most candidates that the walk was to keep; 0: there was no walk."""
    visited: int = 0
    """Nodes whose links were read, distances computed, candidates rescored."""
    distances: int = 0
    rescored: int = 0
    index_lag: int = 0
    """Points that were scanned because the index does not hold them yet."""
    matching: float = 0.0
    """With a filter: points that pass, as far as that is known."""
    unindexed: bool = False
    """Payloads had to be read for the filter: a payload index would make it faster."""
    stopped: bool = False
    """Whether the budget ended before the search."""
    error_code: str = ""
    """Set when the shard did not answer."""


@dataclass(slots=True)
class SlowQueryBranch:
    """As in BranchReport of the data API."""

    candidates: int = 0
    plans: list[str] = field(default_factory=list)
    """How each shard found its points, at most eight."""
    unindexed: bool = False
    """Payloads had to be read for its filter."""


@dataclass(slots=True)
class SlowQueryPlan:
    """The fields of an answer that say how it was found."""

    answers: int = 0
    """Answers of a batch; 0: it was no batch."""
    complete: bool = False
    shards_asked: int = 0
    shards_answered: int = 0
    served_from: str = ""
    """shards, cache, redis or coalesced: what gave the answer; empty: it was no search."""
    reranked_by: str = ""
    """The reranker that ordered the results; empty: none did."""
    rerank_skipped: str = ""
    """Why the reranker did not order them; empty: it was not asked, or did."""
    shards: list[SlowQueryShard] = field(default_factory=list)
    """The slowest, at most eight."""
    branches: list[SlowQueryBranch] = field(default_factory=list)
    """Branches of a query, at most eight."""


@dataclass(slots=True)
class SlowQuery:
    """A request that took long, and how it was executed. It contains no vector, payload, filter, search text, id of a
    point or key.
    """

    request_id: str = ""
    """The id that the client received as x-request-id, and under which the log has more."""
    at: str = ""
    """When it ended, RFC 3339."""
    wire: str = ""
    """rest, grpc or websocket."""
    operation: str = ""
    """The name of the operation, as in the metrics."""
    code: str = ""
    """OK, or the error code."""
    tenant_id: str = ""
    caller: str = ""
    """Public part of the API key, or id of the account; empty: unknown."""
    collection: str = ""
    """The collections and aliases that the request names, at most four, separated by spaces."""
    lane: str = ""
    """The queue that the request used: read, scan (slow reads) or write."""
    milliseconds: float = 0.0
    """From the first byte of the request to the last byte of its answer, milliseconds."""
    queue_milliseconds: float = 0.0
    """Of these, what the request waited in its queue."""
    shard_milliseconds: float = 0.0
    """Of these, what the slowest shard took, as the gateway saw it; 0: no shard is known."""
    cpu_milliseconds: float = 0.0
    """Processor time of the workers, of all shards together, milliseconds."""
    asked: list[str] = field(default_factory=list)
    """What was asked for: numbers of the request (topK=100), lengths of its lists (ids=20), and the names of booleans
    that are true and of messages that are present (exact, filter).
    """
    plan: SlowQueryPlan | None = None
    """How it was executed, as recorded in its answer; absent: the answer does not say, or there is none. Of a batch,
    its slowest answer.
    """


@dataclass(slots=True)
class SlowQueries:
    """The message vectron.admin.v1.ListSlowQueriesResponse."""

    queries: list[SlowQuery] = field(default_factory=list)
    total: float = 0.0
    """Slow requests since the process started, including those that are not kept any more: at most 500 in at most 1
    MiB are kept, the newest.
    """
    threshold_ms: float = 0.0
    """The value of --slow-query-ms, milliseconds; 0: requests are neither logged nor kept as slow."""


@dataclass(slots=True)
class Operation:
    """The message vectron.admin.v1.Operation."""

    id: str = ""
    kind: str = ""
    """move or split."""
    shard_id: int = 0
    tenant_id: str = ""
    collection: str = ""
    step: str = ""
    """Of a move: learner, voter, cleanup; of a split: splitting; of either: done, rolled-back."""
    from_worker: str = ""
    """Worker ids of a move."""
    to_worker: str = ""
    upper_shard_id: int = 0
    """Shard that a split makes."""
    cause: str = ""
    """repair, drain, spread, size, hot, balance, leaders or operator."""
    reason: str = ""
    started_ms: float = 0.0
    """Milliseconds since 1970."""
    step_ms: float = 0.0
    """When the step was recorded, milliseconds since 1970."""
    detail: str = ""
    """Why it was rolled back, or what it waits for."""


@dataclass(slots=True)
class ClusterStatus:
    """The message vectron.admin.v1.GetClusterStatusResponse."""

    placement_leader: str = ""
    """Address of the placement driver that does the background work; empty: none does at the moment."""
    placement_nodes: list[str] = field(default_factory=list)
    workers: int = 0
    workers_by_state: dict[str, int] = field(default_factory=dict)
    shards: int = 0
    shards_ready: int = 0
    """Shards with a leader that a majority follows."""
    shards_fully_replicated: int = 0
    points: float = 0.0
    operations: list[Operation] = field(default_factory=list)
    """Under way."""


@dataclass(slots=True)
class ShardReplica:
    """The message vectron.admin.v1.ShardReplica."""

    worker: int = 0
    """Number of the worker."""
    role: str = ""
    applied_index: float = 0.0
    learner: bool = False
    damage: str = ""


@dataclass(slots=True)
class Shard:
    """The message vectron.admin.v1.Shard."""

    shard_id: int = 0
    collection: str = ""
    tenant_id: str = ""
    epoch: int = 0
    first_hash: str = ""
    """First and last routing hash that it owns, both included, as 16 hexadecimal digits."""
    last_hash: str = ""
    leader: int = 0
    """Number of the worker; 0: none is known."""
    ready: bool = False
    points: float = 0.0
    memory_bytes: float = 0.0
    queries_per_second: float = 0.0
    replicas: list[ShardReplica] = field(default_factory=list)
    healthy_replicas: int = 0
    """Replicas that vote and keep up."""
    voters: int = 0
    """Replicas that vote."""
    operation: Operation | None = None
    """The move or split that is under way."""


@dataclass(slots=True)
class ListShardsResponse:
    """The message vectron.admin.v1.ListShardsResponse."""

    shards: list[Shard] = field(default_factory=list)


@dataclass(slots=True)
class Operations:
    """The message vectron.admin.v1.ListOperationsResponse."""

    running: list[Operation] = field(default_factory=list)
    ended: list[Operation] = field(default_factory=list)


@dataclass(slots=True)
class DrainWorkerResponse:
    """The message vectron.admin.v1.DrainWorkerResponse."""

    success: bool = False


@dataclass(slots=True)
class RemoveWorkerResponse:
    """The message vectron.admin.v1.RemoveWorkerResponse."""

    success: bool = False


@dataclass(slots=True)
class PlannedAction:
    """The message vectron.admin.v1.PlannedAction."""

    kind: str = ""
    """move, transfer or split."""
    shard_id: int = 0
    collection: str = ""
    from_worker: str = ""
    """Worker ids."""
    to_worker: str = ""
    cause: str = ""
    """repair, drain, spread, size, hot, balance or leaders."""
    reason: str = ""


@dataclass(slots=True)
class Rebalancing:
    """The message vectron.admin.v1.RebalanceResponse."""

    actions: list[PlannedAction] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    """What is wrong and cannot be helped now, with the reason."""


@dataclass(slots=True)
class Jwk:
    """An Ed25519 public key (RFC 8037)."""

    kty: str = ""
    crv: str = ""
    x: str = ""
    kid: str = ""
    alg: str = ""
    use: str = ""


@dataclass(slots=True)
class GetJwksResponse:
    """The message vectron.admin.v1.GetJwksResponse."""

    keys: list[Jwk] = field(default_factory=list)


@dataclass(slots=True)
class RotateSigningKeyResponse:
    """The message vectron.admin.v1.RotateSigningKeyResponse."""

    kid: str = ""
    """Id of the new key."""


@dataclass(slots=True)
class Account:
    """The message vectron.auth.v1.UserProfile."""

    id: str = ""
    email: str = ""
    created_at: datetime | None = None
    """Seconds since 1970."""
    plan: str = ""
    subscription_status: str = ""
    role: str = ""
    """admin, write, read or metrics."""
    tenant_id: str = ""
    """Whose collections the account works with; several accounts may have one tenant."""
    disabled: bool = False
    """Has no logins, and its API keys are refused."""
    must_change_password: bool = False
    """Until the password is changed, a login may do nothing else."""
    last_login_at: datetime | None = None
    """Seconds since 1970; 0: never."""


@dataclass(slots=True)
class RegisterUserResponse:
    """The message vectron.auth.v1.RegisterUserResponse."""

    user: Account | None = None


@dataclass(slots=True)
class LoginResponse:
    """The message vectron.auth.v1.LoginResponse."""

    jwt_token: str = ""
    user: Account | None = None
    expires_at: datetime | None = None
    """Seconds since 1970."""
    refresh_token: str = ""
    """For RefreshToken, once."""


@dataclass(slots=True)
class GetUserProfileResponse:
    """The message vectron.auth.v1.GetUserProfileResponse."""

    user: Account | None = None


@dataclass(slots=True)
class UpdateUserProfileResponse:
    """The message vectron.auth.v1.UpdateUserProfileResponse."""

    user: Account | None = None
    jwt_token: str = ""
    """Empty: what changes a profile renews no token."""


@dataclass(slots=True)
class DeleteUserResponse:
    """The message vectron.auth.v1.DeleteUserResponse."""

    success: bool = False
    deleted_collections: list[str] = field(default_factory=list)
    """Collections that were deleted with their points."""
    handed_collections: list[str] = field(default_factory=list)
    """Collections that now belong to the tenant of the heir."""
    kept_collections: list[str] = field(default_factory=list)
    """Collections that stay with the tenant, which has other users."""
    deleted_keys: int = 0
    """API keys that were deleted."""


@dataclass(slots=True)
class RefreshTokenResponse:
    """The message vectron.auth.v1.RefreshTokenResponse."""

    jwt_token: str = ""
    expires_at: datetime | None = None
    refresh_token: str = ""
    """For the next refresh."""


@dataclass(slots=True)
class ApiKeyInfo:
    """The message vectron.auth.v1.APIKey."""

    prefix: str = ""
    user_id: str = ""
    created_at: datetime | None = None
    """Seconds since 1970."""
    name: str = ""
    role: str = ""
    """write or read; an administrator's key may be admin or metrics."""
    collections: list[str] = field(default_factory=list)
    """The only collections the key may touch; empty: all of the tenant."""
    expires_at: datetime | None = None
    """Seconds since 1970; 0: never."""


@dataclass(slots=True)
class CreateAPIKeyResponse:
    """The message vectron.auth.v1.CreateAPIKeyResponse."""

    full_key: str = ""
    """Shown once; the server keeps a keyed hash."""
    key_info: ApiKeyInfo | None = None


@dataclass(slots=True)
class ListAPIKeysResponse:
    """The message vectron.auth.v1.ListAPIKeysResponse."""

    keys: list[ApiKeyInfo] = field(default_factory=list)


@dataclass(slots=True)
class DeleteAPIKeyResponse:
    """The message vectron.auth.v1.DeleteAPIKeyResponse."""

    success: bool = False


@dataclass(slots=True)
class CreateSDKJWTResponse:
    """The message vectron.auth.v1.CreateSDKJWTResponse."""

    sdk_jwt: str = ""


@dataclass(slots=True)
class LogoutResponse:
    """The message vectron.auth.v1.LogoutResponse."""

    success: bool = False


@dataclass(slots=True)
class ChangePasswordResponse:
    """The message vectron.auth.v1.ChangePasswordResponse."""

    success: bool = False


@dataclass(slots=True)
class SetUserRoleResponse:
    """The message vectron.auth.v1.SetUserRoleResponse."""

    user: Account | None = None


@dataclass(slots=True)
class Invitation:
    """The message vectron.auth.v1.Invitation."""

    id: str = ""
    email: str = ""
    """The only address that it is good for."""
    role: str = ""
    tenant_id: str = ""
    """Tenant of the account to be; empty: one of its own."""
    invited_by: str = ""
    """Account that invited."""
    created_at: datetime | None = None
    """Seconds since 1970."""
    expires_at: datetime | None = None
    """Seconds since 1970."""


@dataclass(slots=True)
class InviteUserResponse:
    """The message vectron.auth.v1.InviteUserResponse."""

    token: str = ""
    """For RegisterUser, once; shown once."""
    invitation: Invitation | None = None


@dataclass(slots=True)
class ListInvitationsResponse:
    """The message vectron.auth.v1.ListInvitationsResponse."""

    invitations: list[Invitation] = field(default_factory=list)
    next_page_token: str = ""
    """Empty: there are no more."""


@dataclass(slots=True)
class DeleteInvitationResponse:
    """The message vectron.auth.v1.DeleteInvitationResponse."""

    success: bool = False


@dataclass(slots=True)
class ListUsersResponse:
    """The message vectron.auth.v1.ListUsersResponse."""

    users: list[Account] = field(default_factory=list)
    next_page_token: str = ""
    """Empty: there are no more."""


@dataclass(slots=True)
class SetUserDisabledResponse:
    """The message vectron.auth.v1.SetUserDisabledResponse."""

    user: Account | None = None


@dataclass(slots=True)
class ResetPasswordResponse:
    """The message vectron.auth.v1.ResetPasswordResponse."""

    password: str = ""
    """Good for one login, at which it must be changed; shown once."""


@dataclass(slots=True)
class AccountRemoval:
    """The message vectron.auth.v1.RemoveUserResponse."""

    deleted_collections: list[str] = field(default_factory=list)
    """Collections that were deleted with their points."""
    handed_collections: list[str] = field(default_factory=list)
    """Collections that now belong to the tenant of the heir."""
    kept_collections: list[str] = field(default_factory=list)
    """Collections that stay with the tenant, which has other users."""
    deleted_keys: int = 0
    """API keys that were deleted."""


@dataclass(slots=True)
class CreateCollectionResponse:
    """The message vectron.v1.CreateCollectionResponse."""

    success: bool = False


@dataclass(slots=True)
class DeleteCollectionResponse:
    """The message vectron.v1.DeleteCollectionResponse."""

    success: bool = False


@dataclass(slots=True)
class ShardWrite:
    """The message vectron.v1.ShardWrite."""

    shard_id: int = 0
    upserted: int = 0
    log_index: int = 0
    """Log index of the write."""
    error_code: str = ""
    """Set when this shard's points were not written: the error's code."""


@dataclass(slots=True)
class UpsertResult:
    """The message vectron.v1.UpsertResponse."""

    upserted: int = 0
    shards: list[ShardWrite] = field(default_factory=list)
    """One row a shard that got points."""
    write_token: str = ""
    """For a read that must see this write."""


@dataclass(slots=True)
class SearchHit:
    """The message vectron.v1.SearchResult."""

    id: str = ""
    score: float = 0.0
    """Higher is better: cosine similarity, dot product, or 1 / (1 + L2 distance)."""
    payload: Payload = field(default_factory=dict)
    """The payload: in REST any JSON object; in gRPC its top level, where a value that is no string appears as its JSON
    text.
    """
    vector: Floats | None = None
    explanation: str = ""
    """Terms of the reranker's score."""


@dataclass(slots=True)
class RecallInterval:
    """A 95 % confidence interval of a recall."""

    low: float = 0.0
    high: float = 0.0


@dataclass(slots=True)
class ShardRead:
    """The message vectron.v1.ShardRead."""

    shard_id: int = 0
    applied_index: int = 0
    index_lag: int = 0
    """Points that were scanned because the index does not hold them yet."""
    ef: int = 0
    """Most candidates that the walk was to keep; 0: there was no walk."""
    error_code: str = ""
    """Set when the shard did not answer."""
    recall_estimate: float | None = None
    """As in SearchResponse, of this shard."""
    visited: int = 0
    """Nodes whose links were read, distances computed, candidates rescored."""
    distances: int = 0
    rescored: int = 0
    stopped: bool = False
    """Whether the budget ended before the search: points may be missing, and the answer is not complete."""
    replica: int = 0
    """Number of the worker that answered."""
    milliseconds: float = 0.0
    """From the request to this shard's answer, as the gateway saw it."""
    plan: str = ""
    """How the points were found: graph, scan, scan_codes, post_filter, walk, post_check, bm25 or sparse."""
    matching: int = 0
    """With a filter: points that pass, as far as that is known."""
    unindexed: bool = False
    """Payloads had to be read for the filter: a payload index would make it faster."""
    recall_interval: RecallInterval | None = None
    """Set with recall_estimate."""
    slack: float | None = None
    """The distance-adaptive stop: the walk ended at (1 + slack)^2 times the k-th squared distance; absent: by ef
    alone, or no walk.
    """


@dataclass(slots=True)
class Step:
    """The message vectron.v1.Step."""

    name: str = ""
    """authenticate, cache, route, shard, merge, rerank."""
    milliseconds: float = 0.0
    details: dict[str, str] = field(default_factory=dict)
    """What was decided and seen, as text."""


@dataclass(slots=True)
class Explanation:
    """The way of one search through the services."""

    trace_id: str = ""
    """W3C trace id of the request, for the spans of all services."""
    route_epoch: int = 0
    """Epoch of the route: the greatest of its shards."""
    collection_id: str = ""
    """The collection's incarnation."""
    steps: list[Step] = field(default_factory=list)
    """What it took, in the order of the steps."""
    budget_ms: int = 0
    """Budget that the search had."""
    consistency: str = ""
    """The consistency that was asked for."""


@dataclass(slots=True)
class WhyNot:
    """Why a point is not among the results."""

    id: str = ""
    step: str = ""
    """returned, not_stored, filtered_out, beyond_top_k, below_threshold, not_visited, reranked_out or
    shard_did_not_answer.
    """
    reason: str = ""
    score: float = 0.0
    """Its exact score; 0 when it is not stored."""
    exact_rank: int = 0
    """Its place among all points by exact score, from 1, when it is within the first 10,000; 0: it is not."""


@dataclass(slots=True)
class SearchResult:
    """The message vectron.v1.SearchResponse."""

    hits: list[SearchHit] = field(default_factory=list)
    """Best first; equal scores by id."""
    complete: bool = False
    """Whether every shard answered."""
    shards_asked: int = 0
    shards_answered: int = 0
    shards: list[ShardRead] = field(default_factory=list)
    query_id: str = ""
    """Names this answer in SubmitFeedback."""
    reranked_by: str = ""
    """Strategy that reordered the results; empty: vector order."""
    rerank_skipped: str = ""
    """Why a reranking that was due did not happen."""
    recall_estimate: float | None = None
    """Recall to expect, of the shard with the least: 1 when the answer is exact, absent while nothing was measured. An
    answer is exact when `recall_interval.low` is 1, too: a mean of 1 may also have been measured.
    """
    served_from: str = ""
    """shards, cache, redis or coalesced: what gave the answer."""
    explanation: Explanation | None = None
    """With explain."""
    why_not: WhyNot | None = None
    """With why_not."""
    recall_interval: RecallInterval | None = None
    """Set with recall_estimate."""
    recall_unmet: bool = False
    """Recall was asked for, and what a shard measured is less, or it has measured nothing."""


@dataclass(slots=True)
class SparseVector:
    """A vector of few dimensions that are not zero."""

    indices: list[int] = field(default_factory=list)
    """Each once."""
    values: list[float] = field(default_factory=list)
    """As many."""


@dataclass(slots=True)
class StoredPoint:
    """The message vectron.v1.Point."""

    id: str = ""
    """1 to 512 bytes."""
    vector: Floats | None = None
    payload: Payload = field(default_factory=dict)
    sparse: dict[str, SparseVector] = field(default_factory=dict)
    """By name, as declared for the collection."""
    version: int = 0
    """Read: grows with every write of the point."""
    expires_at: datetime | None = None
    """Read: when it is deleted, milliseconds since 1970; 0: never."""
    vectors: dict[str, Floats] = field(default_factory=dict)
    """Dense vectors besides `vector`, by name, as declared."""


@dataclass(slots=True)
class GetResponse:
    """The message vectron.v1.GetResponse."""

    point: StoredPoint | None = None
    applied_index: int = 0
    """Log index of the shard as of which it was read."""


@dataclass(slots=True)
class DeleteResult:
    """The message vectron.v1.DeleteResponse."""

    existed: bool = False
    """Whether it was there."""
    write_token: str = ""
    """For a read that must see this."""


@dataclass(slots=True)
class CollectionInfo:
    """The message vectron.v1.CollectionInfo."""

    name: str = ""
    dimension: int = 0
    distance: str = ""
    shards: int = 0
    points: int = 0
    """As the workers reported it last, within seconds; GetCollectionStatus counts."""
    created_at: datetime | None = None
    """Seconds since 1970."""


@dataclass(slots=True)
class ListCollectionsResponse:
    """The message vectron.v1.ListCollectionsResponse."""

    collections: list[str] = field(default_factory=list)
    details: list[CollectionInfo] = field(default_factory=list)


@dataclass(slots=True)
class ReplicaStatus:
    """The message vectron.v1.ReplicaStatus."""

    worker: int = 0
    """Number of the worker."""
    role: str = ""
    """leader, follower, candidate, learner, stopped, or empty when it has not been heard of."""
    applied_index: int = 0
    damage: str = ""
    """Why it is out of service and waits to be replaced; empty: it is not."""


@dataclass(slots=True)
class ShardStatus:
    """The message vectron.v1.ShardStatus."""

    shard_id: int = 0
    replicas: list[int] = field(default_factory=list)
    leader_id: int = 0
    ready: bool = False
    points: int = 0
    index_lag: int = 0
    applied_index: int = 0
    term: int = 0
    """Raft term of the leader."""
    replica_status: list[ReplicaStatus] = field(default_factory=list)
    error_code: str = ""
    """Why the shard did not say how many points it has, and `points` and `index_lag` are 0; empty: it did."""


@dataclass(slots=True)
class RerankSettings:
    """The message vectron.v1.RerankSettings."""

    enabled: bool = False
    text_fields: list[str] = field(default_factory=list)
    """Payload fields that hold text; empty: every string field."""
    field_boosts: dict[str, float] = field(default_factory=dict)
    """Weight of a field's text matches, default 1."""
    recency_field: str = ""
    """Payload field with a time (seconds since 1970 or RFC 3339) that makes newer points rank higher."""
    oversample: int = 0
    """Candidates fetched for each result asked for, 1 to 20; 0: 5."""


@dataclass(slots=True)
class EmbeddingSettings:
    """The message vectron.v1.EmbeddingSettings."""

    provider: str = ""
    """One that the operator has set up, or local: words hashed, for tests and trials."""
    text_field: str = ""
    """Payload field that keeps the text of a point; empty: text."""


@dataclass(slots=True)
class VectorSettings:
    """How vectors are kept; fixed when the collection is made."""

    quantization: str = ""
    """Form in which the graph compares vectors: int8 (default), none, float16, binary or product. Results are rescored
    with the full vectors in any case.
    """
    storage: str = ""
    """Where the full vectors live: memory (default), mmap or disk."""
    oversampling: int = 0
    """Most candidates rescored per result, at most 100; 0: as many as the error of the codes asks for."""
    parallel_build: bool = False
    """Build the index on all threads at once. Faster, and not deterministic: replicas may differ in answers that are
    not exact.
    """


@dataclass(slots=True)
class PayloadIndex:
    """An index of what is at a path of the payload."""

    path: str = ""
    type: str = ""
    """keyword, integer, float, bool, datetime, geo or text."""
    language: str = ""
    """Of a text index: language whose word endings are cut, such as english; empty: none."""
    analyzer: str = ""
    """Of a text index: words (default), or code, which takes identifiers and file names apart as well."""
    stop_words: list[str] = field(default_factory=list)
    """Of a text index: words that are left out of texts and queries. The entry _language_ stands for the usual ones of
    the language, such as the, of and is.
    """


@dataclass(slots=True)
class NamedVector:
    """The message vectron.v1.NamedVector."""

    name: str = ""
    """1 to 64 bytes."""
    dimension: int = 0
    """1 to 65,536."""
    distance: str = ""
    """cosine (default), euclidean or dot."""
    hnsw_m: int = 0
    """0: 16."""
    hnsw_ef_construction: int = 0
    """0: 200."""
    quantization: str = ""
    """int8 (default), none, float16, binary or product."""
    storage: str = ""
    """memory (default) or mmap."""
    oversampling: int = 0
    """As in VectorSettings."""


@dataclass(slots=True)
class CollectionSettings:
    """The message vectron.v1.CreateCollectionRequest."""

    name: str = ""
    dimension: int = 0
    """1 to 65,536."""
    distance: str = ""
    """cosine (default), euclidean or dot."""
    shards: int = 0
    """1 to 64; 0: one per worker, at most 16."""
    rerank: RerankSettings | None = None
    hnsw_m: int = 0
    """Links a node of the graph, 2 to 128; 0: 16."""
    hnsw_ef_construction: int = 0
    """Candidates while inserting, hnsw_m to 4,096; 0: 200."""
    vectors: VectorSettings | None = None
    replicas: int = 0
    """Replicas of each shard, 1 to 7; 0: 3 where there are as many workers, else 1."""
    durability: str = ""
    """fsync (default): acknowledged writes are on the disks of a majority. relaxed: they are in its memory, and on its
    disks a moment later; UNSAFE when the power fails.
    """
    indexes: list[PayloadIndex] = field(default_factory=list)
    """Payload indexes from the start."""
    sparse_vectors: list[str] = field(default_factory=list)
    """Names of sparse vectors that points may have."""
    named_vectors: list[NamedVector] = field(default_factory=list)
    """Dense vectors that points may have besides their first one."""
    embedding: EmbeddingSettings | None = None
    """Lets points and queries be given as text."""


@dataclass(slots=True)
class CollectionStatus:
    """The message vectron.v1.GetCollectionStatusResponse."""

    name: str = ""
    dimension: int = 0
    distance: str = ""
    shards: list[ShardStatus] = field(default_factory=list)
    points: int = 0
    """As of every write that was acknowledged before, of the shards that answered: one that did not has an error_code."""
    index_lag: int = 0
    """Points that search scans because the index does not hold them yet; at most `points`."""
    durability: str = ""
    """fsync, or relaxed with its interval: how acknowledged writes are kept."""
    rerank: RerankSettings | None = None
    memory_bytes: int = 0
    disk_bytes: int = 0
    embedding: EmbeddingSettings | None = None
    settings: CollectionSettings | None = None
    """What it was made with, as it is now; without indexes and vectors that were declared for it (ListIndexes)."""


@dataclass(slots=True)
class UpdateCollectionResponse:
    """The message vectron.v1.UpdateCollectionResponse."""

    settings: CollectionSettings | None = None


@dataclass(slots=True)
class SubmitFeedbackResponse:
    """The message vectron.v1.SubmitFeedbackResponse."""

    success: bool = False
    feedback_id: str = ""


@dataclass(slots=True)
class Page:
    """The message vectron.v1.ListPointsResponse."""

    points: list[StoredPoint] = field(default_factory=list)
    """As many as the limit asks for, or fewer where more would be too large for one answer (4,000,000 bytes)."""
    next_cursor: str | None = None
    """Empty: no more. Only this is the end."""


@dataclass(slots=True)
class Change:
    """The message vectron.v1.PointChange."""

    shard_id: int = 0
    log_index: int = 0
    """Changes of one shard and log index took effect together."""
    kind: str = ""
    """insert, update or delete."""
    point: StoredPoint | None = None
    """Of an insert or update: the whole point as it was made. Of a delete: the id alone."""


@dataclass(slots=True)
class Changes:
    """The message vectron.v1.ListChangesResponse."""

    changes: list[Change] = field(default_factory=list)
    next_cursor: str = ""


@dataclass(slots=True)
class SnapshotShard:
    """The message vectron.v1.SnapshotShard."""

    shard_id: int = 0
    log_index: int = 0


@dataclass(slots=True)
class OpenSnapshotResponse:
    """The message vectron.v1.OpenSnapshotResponse."""

    snapshot: str = ""
    """For ListPoints and CloseSnapshot."""
    cursor: str = ""
    """For ListChanges: everything after this moment, and nothing before."""
    points: int = 0
    """Points in it."""
    expires_after_ms: int = 0
    """It is closed when it was not used for so long."""
    shards: list[SnapshotShard] = field(default_factory=list)
    """The moment: of each shard, the last write that is in it."""


@dataclass(slots=True)
class CloseSnapshotResponse:
    """The message vectron.v1.CloseSnapshotResponse."""

    existed: bool = False
    """Whether it was open."""


@dataclass(slots=True)
class ResultGroup:
    """The message vectron.v1.ResultGroup."""

    value: Value = ""
    hits: list[SearchHit] = field(default_factory=list)


@dataclass(slots=True)
class BranchReport:
    """What a branch found."""

    candidates: int = 0
    recall_estimate: float | None = None
    """As in SearchResponse."""
    plans: list[str] = field(default_factory=list)
    """How each shard found its points."""
    unindexed: bool = False
    """Payloads had to be read for its filter."""
    recall_interval: RecallInterval | None = None
    """Set with recall_estimate."""
    recall_unmet: bool = False
    """Recall was asked for, and what a shard measured is less, or it has measured nothing."""


@dataclass(slots=True)
class QueryResult:
    """The message vectron.v1.QueryResponse."""

    hits: list[SearchHit] = field(default_factory=list)
    """Empty with group_by."""
    groups: list[ResultGroup] = field(default_factory=list)
    complete: bool = False
    """Whether every shard answered every branch."""
    shards_asked: int = 0
    shards_answered: int = 0
    branches: list[BranchReport] = field(default_factory=list)
    """In the order of the request."""


@dataclass(slots=True)
class QueryOutcome:
    """The message vectron.v1.QueryOutcome."""

    answer: QueryResult | None = None
    error_code: str = ""
    """Set when there is no answer: the error's code and message."""
    error_message: str = ""


@dataclass(slots=True)
class QueryBatchResponse:
    """The message vectron.v1.QueryBatchResponse."""

    outcomes: list[QueryOutcome] = field(default_factory=list)


@dataclass(slots=True)
class CountResult:
    """The message vectron.v1.CountPointsResponse."""

    count: int = 0
    exact: bool = False
    unindexed: bool = False
    """Payloads had to be read: a payload index would make it faster."""


@dataclass(slots=True)
class Facet:
    """The message vectron.v1.Facet."""

    value: Value = ""
    count: int = 0


@dataclass(slots=True)
class FacetResult:
    """The message vectron.v1.FacetPointsResponse."""

    values: list[Facet] = field(default_factory=list)
    """The most frequent first."""
    more: bool = False
    """Whether there are others."""
    unindexed: bool = False


@dataclass(slots=True)
class RecallMeasurement:
    """The message vectron.v1.MeasureRecallResponse."""

    recall: float = 0.0
    """Mean share of the true `top_k` that were found. A point whose score equals that of the last true one counts."""
    interval: RecallInterval | None = None
    queries: int = 0
    """Queries that were compared, and how many of them had been asked by clients."""
    asked: int = 0
    promised: float | None = None
    """Mean of the recall that the answers said, absent where one said nothing."""
    plans: dict[str, int] = field(default_factory=dict)
    """Queries by how their points were found; shards count each."""


@dataclass(slots=True)
class UpdatePointsResult:
    """The message vectron.v1.UpdatePointsResponse."""

    updated: int = 0
    write_token: str = ""
    """For a read that must see this."""


@dataclass(slots=True)
class DeletePointsResult:
    """The message vectron.v1.DeletePointsResponse."""

    deleted: int = 0
    write_token: str = ""
    """For a read that must see this."""


@dataclass(slots=True)
class UnreadExample:
    """The message vectron.v1.UnreadExample."""

    id: str = ""
    value: str = ""
    """The value as JSON text, cut off after 200 bytes."""


@dataclass(slots=True)
class IndexInfo:
    """The message vectron.v1.IndexInfo."""

    index: PayloadIndex | None = None
    indexed: int = 0
    """Points that are in it, of all points."""
    points: int = 0
    ready: bool = False
    """Whether every shard uses it."""
    unread: int = 0
    """Points of those indexed with a value, other than null, that is not of the index's type, or cannot be read as it.
    Tests of that type do not find such a value.
    """
    unread_example: UnreadExample | None = None
    """One of them; absent when there is none."""


@dataclass(slots=True)
class Indexes:
    """The message vectron.v1.ListIndexesResponse."""

    indexes: list[IndexInfo] = field(default_factory=list)
    sparse_vectors: list[str] = field(default_factory=list)
    named_vectors: list[NamedVector] = field(default_factory=list)


@dataclass(slots=True)
class CreateIndexResponse:
    """The message vectron.v1.CreateIndexResponse."""

    created: bool = False
    """Whether it was not there before."""


@dataclass(slots=True)
class Token:
    """A term that a text index keeps, or that a query asks for."""

    text: str = ""
    start: int = 0
    """Where the word begins and ends in the text, in UTF-16 code units, as JavaScript, Java and C# count."""
    end: int = 0
    position: int = 0
    """Of the word among the words, from 0. Phrases compare positions; stop words have one, and are left out here."""
    word: str = ""
    """The stretch of the text from start to end."""
    kind: str = ""
    """word; variant: another form of the word before it; whole: several words as one, which adds to the score; part:
    found by who asks for just that; unit and pair: one and two characters of a script without spaces; query: only
    asked for, in place of the word before it.
    """
    asked: bool = False
    """Whether a filter that has this text needs it (or, of a variant and a query token, takes it in place of the
    word).
    """


@dataclass(slots=True)
class AnalyzeResponse:
    """The message vectron.v1.AnalyzeResponse."""

    tokens: list[Token] = field(default_factory=list)


@dataclass(slots=True)
class DeleteIndexResponse:
    """The message vectron.v1.DeleteIndexResponse."""

    existed: bool = False


@dataclass(slots=True)
class Alias:
    """The message vectron.v1.Alias."""

    alias: str = ""
    collection: str = ""


@dataclass(slots=True)
class ListAliasesResponse:
    """The message vectron.v1.ListAliasesResponse."""

    aliases: list[Alias] = field(default_factory=list)


@dataclass(slots=True)
class UpdateAliasesResponse:
    """The message vectron.v1.UpdateAliasesResponse."""


@dataclass(slots=True)
class SearchBatchResponse:
    """The message vectron.v1.SearchBatchResponse."""

    answers: list[SearchResult] = field(default_factory=list)
    """One a vector, in their order."""

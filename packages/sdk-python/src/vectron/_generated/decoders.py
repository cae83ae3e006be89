"""How answers are read from messages and from JSON. Made from proto/ by scripts/sdk-python-protos.mjs."""

from collections.abc import Callable
from typing import Any, Final

from .._reading import (
    enum_of,
    floats_of,
    json_floats,
    json_named_floats,
    json_payload,
    json_value,
    named_floats_of,
    payload_of,
    time_of,
    time_of_ms,
    value_of,
)
from .answers import (
    Account,
    AccountRemoval,
    Alert,
    AlertRule,
    Alias,
    AnalyzeResponse,
    ApiKeyInfo,
    AuditEntry,
    AuditVerification,
    BranchReport,
    Change,
    ChangePasswordResponse,
    Changes,
    CloseSnapshotResponse,
    ClusterStatus,
    CollectionInfo,
    CollectionSettings,
    CollectionStatus,
    CountResult,
    CreateAPIKeyResponse,
    CreateCollectionResponse,
    CreateIndexResponse,
    CreateSDKJWTResponse,
    DeleteAPIKeyResponse,
    DeleteCollectionResponse,
    DeleteIndexResponse,
    DeleteInvitationResponse,
    DeletePointsResult,
    DeleteResult,
    DeleteUserResponse,
    DrainWorkerResponse,
    EmbeddingSettings,
    Explanation,
    Facet,
    FacetResult,
    GatewayStats,
    GetJwksResponse,
    GetLivenessResponse,
    GetReadinessResponse,
    GetResponse,
    GetUserProfileResponse,
    Health,
    IndexInfo,
    Indexes,
    Invitation,
    InviteUserResponse,
    Jwk,
    ListAPIKeysResponse,
    ListAlertRulesResponse,
    ListAlertsResponse,
    ListAliasesResponse,
    ListAllCollectionsResponse,
    ListAuditEntriesResponse,
    ListCollectionsResponse,
    ListInvitationsResponse,
    ListShardsResponse,
    ListUsersResponse,
    ListWorkersResponse,
    LoginResponse,
    LogoutResponse,
    NamedVector,
    OpenSnapshotResponse,
    Operation,
    Operations,
    Page,
    PayloadIndex,
    PlannedAction,
    QueryBatchResponse,
    QueryOutcome,
    QueryResult,
    Rebalancing,
    RecallInterval,
    RecallMeasurement,
    RefreshTokenResponse,
    RegisterUserResponse,
    RemoveWorkerResponse,
    ReplicaStatus,
    RerankSettings,
    ResetPasswordResponse,
    ResolveAlertResponse,
    ResultGroup,
    RotateSigningKeyResponse,
    SearchBatchResponse,
    SearchHit,
    SearchResult,
    ServiceHealth,
    SetUserDisabledResponse,
    SetUserRoleResponse,
    Shard,
    ShardRead,
    ShardReplica,
    ShardStatus,
    ShardWrite,
    SlowQueries,
    SlowQuery,
    SlowQueryBranch,
    SlowQueryPlan,
    SlowQueryShard,
    SnapshotShard,
    SparseVector,
    Stats,
    Step,
    StoredPoint,
    SubmitFeedbackResponse,
    TenantCollection,
    Token,
    UnreadExample,
    UpdateAliasesResponse,
    UpdateCollectionResponse,
    UpdatePointsResult,
    UpdateUserProfileResponse,
    UpsertResult,
    VectorSettings,
    WhyNot,
    Worker,
    WorkerHealth,
    WorkerShard,
    WorkerStateChange,
)


def message_service_health(m: Any) -> ServiceHealth:
    return ServiceHealth(
        m.service,
        m.status,
        m.latency_ms,
        m.error,
    )


def json_service_health(j: Any) -> ServiceHealth:
    return ServiceHealth(
        j.get("service", ""),
        j.get("status", ""),
        j.get("latencyMs", 0.0),
        j.get("error", ""),
    )


def message_worker_health(m: Any) -> WorkerHealth:
    return WorkerHealth(
        m.worker_id,
        m.healthy,
        m.shards,
    )


def json_worker_health(j: Any) -> WorkerHealth:
    return WorkerHealth(
        j.get("workerId", ""),
        j.get("healthy", False),
        j.get("shards", 0),
    )


def message_health(m: Any) -> Health:
    return Health(
        m.status,
        [message_service_health(one) for one in m.services],
        [message_worker_health(one) for one in m.workers],
    )


def json_health(j: Any) -> Health:
    return Health(
        j.get("status", ""),
        [json_service_health(one) for one in j.get("services", ())],
        [json_worker_health(one) for one in j.get("workers", ())],
    )


def message_get_liveness_response(m: Any) -> GetLivenessResponse:
    return GetLivenessResponse(
        m.status,
    )


def json_get_liveness_response(j: Any) -> GetLivenessResponse:
    return GetLivenessResponse(
        j.get("status", ""),
    )


def message_get_readiness_response(m: Any) -> GetReadinessResponse:
    return GetReadinessResponse(
        m.status,
    )


def json_get_readiness_response(j: Any) -> GetReadinessResponse:
    return GetReadinessResponse(
        j.get("status", ""),
    )


def message_gateway_stats(m: Any) -> GatewayStats:
    return GatewayStats(
        m.uptime_seconds,
        m.memory_bytes,
        m.requests,
        m.failed_requests,
    )


def json_gateway_stats(j: Any) -> GatewayStats:
    return GatewayStats(
        j.get("uptimeSeconds", 0.0),
        j.get("memoryBytes", 0.0),
        j.get("requests", 0.0),
        j.get("failedRequests", 0.0),
    )


def message_stats(m: Any) -> Stats:
    return Stats(
        m.collections,
        m.shards,
        m.points,
        m.index_lag,
        m.shard_memory_bytes,
        m.shard_disk_bytes,
        m.users,
        m.api_keys,
        m.workers,
        m.healthy_workers,
        m.queries_per_second,
        message_gateway_stats(m.gateway) if m.HasField("gateway") else None,
    )


def json_stats(j: Any) -> Stats:
    return Stats(
        j.get("collections", 0),
        j.get("shards", 0),
        j.get("points", 0.0),
        j.get("indexLag", 0.0),
        j.get("shardMemoryBytes", 0.0),
        j.get("shardDiskBytes", 0.0),
        j.get("users", 0),
        j.get("apiKeys", 0),
        j.get("workers", 0),
        j.get("healthyWorkers", 0),
        j.get("queriesPerSecond", 0.0),
        json_gateway_stats(j["gateway"]) if j.get("gateway") is not None else None,
    )


def message_worker_state_change(m: Any) -> WorkerStateChange:
    return WorkerStateChange(
        m.state,
        m.at_ms,
        m.reason,
    )


def json_worker_state_change(j: Any) -> WorkerStateChange:
    return WorkerStateChange(
        j.get("state", ""),
        j.get("atMs", 0.0),
        j.get("reason", ""),
    )


def message_worker_shard(m: Any) -> WorkerShard:
    return WorkerShard(
        m.shard_id,
        m.epoch,
        m.role,
        m.live_points,
        m.dead_points,
        m.tail_points,
        m.applied_index,
        m.committed_index,
        m.term,
        m.memory_bytes,
        m.disk_bytes,
        m.queries_per_second,
        m.writes_per_second,
        m.damage,
    )


def json_worker_shard(j: Any) -> WorkerShard:
    return WorkerShard(
        j.get("shardId", 0),
        j.get("epoch", 0),
        j.get("role", ""),
        j.get("livePoints", 0.0),
        j.get("deadPoints", 0.0),
        j.get("tailPoints", 0.0),
        j.get("appliedIndex", 0.0),
        j.get("committedIndex", 0.0),
        j.get("term", 0.0),
        j.get("memoryBytes", 0.0),
        j.get("diskBytes", 0.0),
        j.get("queriesPerSecond", 0.0),
        j.get("writesPerSecond", 0.0),
        j.get("damage", ""),
    )


def message_worker(m: Any) -> Worker:
    return Worker(
        m.worker_id,
        m.grpc_address,
        m.last_heartbeat_ms,
        m.healthy,
        m.state,
        m.cpu_cores,
        m.memory_total_bytes,
        m.disk_total_bytes,
        m.rack,
        m.zone,
        m.region,
        m.number,
        m.search_only,
        m.state_since_ms,
        m.state_reason,
        [message_worker_state_change(one) for one in m.state_changes],
        m.capacity_score,
        m.replicas,
        m.leads,
        m.cpu_usage_percent,
        m.memory_bytes,
        m.disk_used_bytes,
        m.queries_per_second,
        [message_worker_shard(one) for one in m.shards],
    )


def json_worker(j: Any) -> Worker:
    return Worker(
        j.get("workerId", ""),
        j.get("grpcAddress", ""),
        j.get("lastHeartbeatMs", 0.0),
        j.get("healthy", False),
        j.get("state", ""),
        j.get("cpuCores", 0),
        j.get("memoryTotalBytes", 0.0),
        j.get("diskTotalBytes", 0.0),
        j.get("rack", ""),
        j.get("zone", ""),
        j.get("region", ""),
        j.get("number", 0),
        j.get("searchOnly", False),
        j.get("stateSinceMs", 0.0),
        j.get("stateReason", ""),
        [json_worker_state_change(one) for one in j.get("stateChanges", ())],
        j.get("capacityScore", 0.0),
        j.get("replicas", 0),
        j.get("leads", 0),
        j.get("cpuUsagePercent", 0.0),
        j.get("memoryBytes", 0.0),
        j.get("diskUsedBytes", 0.0),
        j.get("queriesPerSecond", 0.0),
        [json_worker_shard(one) for one in j.get("shards", ())],
    )


def message_list_workers_response(m: Any) -> ListWorkersResponse:
    return ListWorkersResponse(
        [message_worker(one) for one in m.workers],
    )


def json_list_workers_response(j: Any) -> ListWorkersResponse:
    return ListWorkersResponse(
        [json_worker(one) for one in j.get("workers", ())],
    )


def message_tenant_collection(m: Any) -> TenantCollection:
    return TenantCollection(
        m.name,
        m.tenant_id,
        m.dimension,
        m.distance,
        m.shards,
        m.points,
        time_of(m.created_at),
        m.ready,
    )


def json_tenant_collection(j: Any) -> TenantCollection:
    return TenantCollection(
        j.get("name", ""),
        j.get("tenantId", ""),
        j.get("dimension", 0),
        j.get("distance", ""),
        j.get("shards", 0),
        int(j.get("points", 0)),
        time_of(j.get("createdAt")),
        j.get("ready", False),
    )


def message_list_all_collections_response(m: Any) -> ListAllCollectionsResponse:
    return ListAllCollectionsResponse(
        [message_tenant_collection(one) for one in m.collections],
    )


def json_list_all_collections_response(j: Any) -> ListAllCollectionsResponse:
    return ListAllCollectionsResponse(
        [json_tenant_collection(one) for one in j.get("collections", ())],
    )


def message_alert(m: Any) -> Alert:
    return Alert(
        m.id,
        m.rule,
        m.subject,
        m.level,
        m.message,
        m.status,
        m.opened_at_ms,
        m.resolved_at_ms if m.HasField("resolved_at_ms") else None,
        m.resolved_by if m.HasField("resolved_by") else None,
    )


def json_alert(j: Any) -> Alert:
    return Alert(
        j.get("id", ""),
        j.get("rule", ""),
        j.get("subject", ""),
        j.get("level", ""),
        j.get("message", ""),
        j.get("status", ""),
        j.get("openedAtMs", 0.0),
        j.get("resolvedAtMs"),
        j.get("resolvedBy"),
    )


def message_list_alerts_response(m: Any) -> ListAlertsResponse:
    return ListAlertsResponse(
        [message_alert(one) for one in m.alerts],
    )


def json_list_alerts_response(j: Any) -> ListAlertsResponse:
    return ListAlertsResponse(
        [json_alert(one) for one in j.get("alerts", ())],
    )


def message_resolve_alert_response(m: Any) -> ResolveAlertResponse:
    return ResolveAlertResponse(
        m.success,
    )


def json_resolve_alert_response(j: Any) -> ResolveAlertResponse:
    return ResolveAlertResponse(
        j.get("success", False),
    )


def message_alert_rule(m: Any) -> AlertRule:
    return AlertRule(
        m.rule,
        m.enabled,
        m.level,
        m.threshold,
    )


def json_alert_rule(j: Any) -> AlertRule:
    return AlertRule(
        j.get("rule", ""),
        j.get("enabled", False),
        j.get("level", ""),
        j.get("threshold", 0.0),
    )


def message_list_alert_rules_response(m: Any) -> ListAlertRulesResponse:
    return ListAlertRulesResponse(
        [message_alert_rule(one) for one in m.rules],
    )


def json_list_alert_rules_response(j: Any) -> ListAlertRulesResponse:
    return ListAlertRulesResponse(
        [json_alert_rule(one) for one in j.get("rules", ())],
    )


def message_audit_entry(m: Any) -> AuditEntry:
    return AuditEntry(
        m.sequence,
        m.at,
        m.action,
        m.user_id,
        m.who,
        m.address,
        m.target,
        m.result,
        m.request_id,
        m.previous,
        m.mac,
    )


def json_audit_entry(j: Any) -> AuditEntry:
    return AuditEntry(
        j.get("sequence", 0),
        j.get("at", ""),
        j.get("action", ""),
        j.get("userId", ""),
        j.get("who", ""),
        j.get("address", ""),
        j.get("target", ""),
        j.get("result", ""),
        j.get("requestId", ""),
        j.get("previous", ""),
        j.get("mac", ""),
    )


def message_list_audit_entries_response(m: Any) -> ListAuditEntriesResponse:
    return ListAuditEntriesResponse(
        [message_audit_entry(one) for one in m.entries],
    )


def json_list_audit_entries_response(j: Any) -> ListAuditEntriesResponse:
    return ListAuditEntriesResponse(
        [json_audit_entry(one) for one in j.get("entries", ())],
    )


def message_audit_verification(m: Any) -> AuditVerification:
    return AuditVerification(
        m.gateway_id,
        m.entries,
        m.wrong,
        list(m.other_gateways),
    )


def json_audit_verification(j: Any) -> AuditVerification:
    return AuditVerification(
        j.get("gatewayId", ""),
        j.get("entries", 0.0),
        j.get("wrong", ""),
        j.get("otherGateways") or [],
    )


def message_slow_query_shard(m: Any) -> SlowQueryShard:
    return SlowQueryShard(
        m.shard_id,
        m.worker,
        m.milliseconds,
        m.plan,
        m.ef,
        m.visited,
        m.distances,
        m.rescored,
        m.index_lag,
        m.matching,
        m.unindexed,
        m.stopped,
        m.error_code,
    )


def json_slow_query_shard(j: Any) -> SlowQueryShard:
    return SlowQueryShard(
        j.get("shardId", 0),
        j.get("worker", 0),
        j.get("milliseconds", 0.0),
        j.get("plan", ""),
        j.get("ef", 0),
        j.get("visited", 0),
        j.get("distances", 0),
        j.get("rescored", 0),
        j.get("indexLag", 0),
        j.get("matching", 0.0),
        j.get("unindexed", False),
        j.get("stopped", False),
        j.get("errorCode", ""),
    )


def message_slow_query_branch(m: Any) -> SlowQueryBranch:
    return SlowQueryBranch(
        m.candidates,
        list(m.plans),
        m.unindexed,
    )


def json_slow_query_branch(j: Any) -> SlowQueryBranch:
    return SlowQueryBranch(
        j.get("candidates", 0),
        j.get("plans") or [],
        j.get("unindexed", False),
    )


def message_slow_query_plan(m: Any) -> SlowQueryPlan:
    return SlowQueryPlan(
        m.answers,
        m.complete,
        m.shards_asked,
        m.shards_answered,
        m.served_from,
        m.reranked_by,
        m.rerank_skipped,
        [message_slow_query_shard(one) for one in m.shards],
        [message_slow_query_branch(one) for one in m.branches],
    )


def json_slow_query_plan(j: Any) -> SlowQueryPlan:
    return SlowQueryPlan(
        j.get("answers", 0),
        j.get("complete", False),
        j.get("shardsAsked", 0),
        j.get("shardsAnswered", 0),
        j.get("servedFrom", ""),
        j.get("rerankedBy", ""),
        j.get("rerankSkipped", ""),
        [json_slow_query_shard(one) for one in j.get("shards", ())],
        [json_slow_query_branch(one) for one in j.get("branches", ())],
    )


def message_slow_query(m: Any) -> SlowQuery:
    return SlowQuery(
        m.request_id,
        m.at,
        m.wire,
        m.operation,
        m.code,
        m.tenant_id,
        m.caller,
        m.collection,
        m.lane,
        m.milliseconds,
        m.queue_milliseconds,
        m.shard_milliseconds,
        m.cpu_milliseconds,
        list(m.asked),
        message_slow_query_plan(m.plan) if m.HasField("plan") else None,
    )


def json_slow_query(j: Any) -> SlowQuery:
    return SlowQuery(
        j.get("requestId", ""),
        j.get("at", ""),
        j.get("wire", ""),
        j.get("operation", ""),
        j.get("code", ""),
        j.get("tenantId", ""),
        j.get("caller", ""),
        j.get("collection", ""),
        j.get("lane", ""),
        j.get("milliseconds", 0.0),
        j.get("queueMilliseconds", 0.0),
        j.get("shardMilliseconds", 0.0),
        j.get("cpuMilliseconds", 0.0),
        j.get("asked") or [],
        json_slow_query_plan(j["plan"]) if j.get("plan") is not None else None,
    )


def message_slow_queries(m: Any) -> SlowQueries:
    return SlowQueries(
        [message_slow_query(one) for one in m.queries],
        m.total,
        m.threshold_ms,
    )


def json_slow_queries(j: Any) -> SlowQueries:
    return SlowQueries(
        [json_slow_query(one) for one in j.get("queries", ())],
        j.get("total", 0.0),
        j.get("thresholdMs", 0.0),
    )


def message_operation(m: Any) -> Operation:
    return Operation(
        m.id,
        m.kind,
        m.shard_id,
        m.tenant_id,
        m.collection,
        m.step,
        getattr(m, "from"),
        m.to,
        m.upper_shard_id,
        m.cause,
        m.reason,
        m.started_ms,
        m.step_ms,
        m.detail,
    )


def json_operation(j: Any) -> Operation:
    return Operation(
        j.get("id", ""),
        j.get("kind", ""),
        j.get("shardId", 0),
        j.get("tenantId", ""),
        j.get("collection", ""),
        j.get("step", ""),
        j.get("from", ""),
        j.get("to", ""),
        j.get("upperShardId", 0),
        j.get("cause", ""),
        j.get("reason", ""),
        j.get("startedMs", 0.0),
        j.get("stepMs", 0.0),
        j.get("detail", ""),
    )


def message_cluster_status(m: Any) -> ClusterStatus:
    return ClusterStatus(
        m.placement_leader,
        list(m.placement_nodes),
        m.workers,
        dict(m.workers_by_state),
        m.shards,
        m.shards_ready,
        m.shards_fully_replicated,
        m.points,
        [message_operation(one) for one in m.operations],
    )


def json_cluster_status(j: Any) -> ClusterStatus:
    return ClusterStatus(
        j.get("placementLeader", ""),
        j.get("placementNodes") or [],
        j.get("workers", 0),
        j.get("workersByState") or {},
        j.get("shards", 0),
        j.get("shardsReady", 0),
        j.get("shardsFullyReplicated", 0),
        j.get("points", 0.0),
        [json_operation(one) for one in j.get("operations", ())],
    )


def message_shard_replica(m: Any) -> ShardReplica:
    return ShardReplica(
        m.worker,
        m.role,
        m.applied_index,
        m.learner,
        m.damage,
    )


def json_shard_replica(j: Any) -> ShardReplica:
    return ShardReplica(
        j.get("worker", 0),
        j.get("role", ""),
        j.get("appliedIndex", 0.0),
        j.get("learner", False),
        j.get("damage", ""),
    )


def message_shard(m: Any) -> Shard:
    return Shard(
        m.shard_id,
        m.collection,
        m.tenant_id,
        m.epoch,
        m.first_hash,
        m.last_hash,
        m.leader,
        m.ready,
        m.points,
        m.memory_bytes,
        m.queries_per_second,
        [message_shard_replica(one) for one in m.replicas],
        m.healthy_replicas,
        m.voters,
        message_operation(m.operation) if m.HasField("operation") else None,
    )


def json_shard(j: Any) -> Shard:
    return Shard(
        j.get("shardId", 0),
        j.get("collection", ""),
        j.get("tenantId", ""),
        j.get("epoch", 0),
        j.get("firstHash", ""),
        j.get("lastHash", ""),
        j.get("leader", 0),
        j.get("ready", False),
        j.get("points", 0.0),
        j.get("memoryBytes", 0.0),
        j.get("queriesPerSecond", 0.0),
        [json_shard_replica(one) for one in j.get("replicas", ())],
        j.get("healthyReplicas", 0),
        j.get("voters", 0),
        json_operation(j["operation"]) if j.get("operation") is not None else None,
    )


def message_list_shards_response(m: Any) -> ListShardsResponse:
    return ListShardsResponse(
        [message_shard(one) for one in m.shards],
    )


def json_list_shards_response(j: Any) -> ListShardsResponse:
    return ListShardsResponse(
        [json_shard(one) for one in j.get("shards", ())],
    )


def message_operations(m: Any) -> Operations:
    return Operations(
        [message_operation(one) for one in m.running],
        [message_operation(one) for one in m.ended],
    )


def json_operations(j: Any) -> Operations:
    return Operations(
        [json_operation(one) for one in j.get("running", ())],
        [json_operation(one) for one in j.get("ended", ())],
    )


def message_drain_worker_response(m: Any) -> DrainWorkerResponse:
    return DrainWorkerResponse(
        m.success,
    )


def json_drain_worker_response(j: Any) -> DrainWorkerResponse:
    return DrainWorkerResponse(
        j.get("success", False),
    )


def message_remove_worker_response(m: Any) -> RemoveWorkerResponse:
    return RemoveWorkerResponse(
        m.success,
    )


def json_remove_worker_response(j: Any) -> RemoveWorkerResponse:
    return RemoveWorkerResponse(
        j.get("success", False),
    )


def message_planned_action(m: Any) -> PlannedAction:
    return PlannedAction(
        m.kind,
        m.shard_id,
        m.collection,
        getattr(m, "from"),
        m.to,
        m.cause,
        m.reason,
    )


def json_planned_action(j: Any) -> PlannedAction:
    return PlannedAction(
        j.get("kind", ""),
        j.get("shardId", 0),
        j.get("collection", ""),
        j.get("from", ""),
        j.get("to", ""),
        j.get("cause", ""),
        j.get("reason", ""),
    )


def message_rebalancing(m: Any) -> Rebalancing:
    return Rebalancing(
        [message_planned_action(one) for one in m.actions],
        list(m.blocked),
    )


def json_rebalancing(j: Any) -> Rebalancing:
    return Rebalancing(
        [json_planned_action(one) for one in j.get("actions", ())],
        j.get("blocked") or [],
    )


def message_jwk(m: Any) -> Jwk:
    return Jwk(
        m.kty,
        m.crv,
        m.x,
        m.kid,
        m.alg,
        m.use,
    )


def json_jwk(j: Any) -> Jwk:
    return Jwk(
        j.get("kty", ""),
        j.get("crv", ""),
        j.get("x", ""),
        j.get("kid", ""),
        j.get("alg", ""),
        j.get("use", ""),
    )


def message_get_jwks_response(m: Any) -> GetJwksResponse:
    return GetJwksResponse(
        [message_jwk(one) for one in m.keys],
    )


def json_get_jwks_response(j: Any) -> GetJwksResponse:
    return GetJwksResponse(
        [json_jwk(one) for one in j.get("keys", ())],
    )


def message_rotate_signing_key_response(m: Any) -> RotateSigningKeyResponse:
    return RotateSigningKeyResponse(
        m.kid,
    )


def json_rotate_signing_key_response(j: Any) -> RotateSigningKeyResponse:
    return RotateSigningKeyResponse(
        j.get("kid", ""),
    )


def message_account(m: Any) -> Account:
    return Account(
        m.id,
        m.email,
        time_of(m.created_at),
        enum_of(m, "plan"),
        enum_of(m, "subscription_status"),
        m.role,
        m.tenant_id,
        m.disabled,
        m.must_change_password,
        time_of(m.last_login_at),
    )


def json_account(j: Any) -> Account:
    return Account(
        j.get("id", ""),
        j.get("email", ""),
        time_of(j.get("createdAt")),
        j.get("plan", ""),
        j.get("subscriptionStatus", ""),
        j.get("role", ""),
        j.get("tenantId", ""),
        j.get("disabled", False),
        j.get("mustChangePassword", False),
        time_of(j.get("lastLoginAt")),
    )


def message_register_user_response(m: Any) -> RegisterUserResponse:
    return RegisterUserResponse(
        message_account(m.user) if m.HasField("user") else None,
    )


def json_register_user_response(j: Any) -> RegisterUserResponse:
    return RegisterUserResponse(
        json_account(j["user"]) if j.get("user") is not None else None,
    )


def message_login_response(m: Any) -> LoginResponse:
    return LoginResponse(
        m.jwt_token,
        message_account(m.user) if m.HasField("user") else None,
        time_of(m.expires_at),
        m.refresh_token,
    )


def json_login_response(j: Any) -> LoginResponse:
    return LoginResponse(
        j.get("jwtToken", ""),
        json_account(j["user"]) if j.get("user") is not None else None,
        time_of(j.get("expiresAt")),
        j.get("refreshToken", ""),
    )


def message_get_user_profile_response(m: Any) -> GetUserProfileResponse:
    return GetUserProfileResponse(
        message_account(m.user) if m.HasField("user") else None,
    )


def json_get_user_profile_response(j: Any) -> GetUserProfileResponse:
    return GetUserProfileResponse(
        json_account(j["user"]) if j.get("user") is not None else None,
    )


def message_update_user_profile_response(m: Any) -> UpdateUserProfileResponse:
    return UpdateUserProfileResponse(
        message_account(m.user) if m.HasField("user") else None,
        m.jwt_token,
    )


def json_update_user_profile_response(j: Any) -> UpdateUserProfileResponse:
    return UpdateUserProfileResponse(
        json_account(j["user"]) if j.get("user") is not None else None,
        j.get("jwtToken", ""),
    )


def message_delete_user_response(m: Any) -> DeleteUserResponse:
    return DeleteUserResponse(
        m.success,
        list(m.deleted_collections),
        list(m.handed_collections),
        list(m.kept_collections),
        m.deleted_keys,
    )


def json_delete_user_response(j: Any) -> DeleteUserResponse:
    return DeleteUserResponse(
        j.get("success", False),
        j.get("deletedCollections") or [],
        j.get("handedCollections") or [],
        j.get("keptCollections") or [],
        j.get("deletedKeys", 0),
    )


def message_refresh_token_response(m: Any) -> RefreshTokenResponse:
    return RefreshTokenResponse(
        m.jwt_token,
        time_of(m.expires_at),
        m.refresh_token,
    )


def json_refresh_token_response(j: Any) -> RefreshTokenResponse:
    return RefreshTokenResponse(
        j.get("jwtToken", ""),
        time_of(j.get("expiresAt")),
        j.get("refreshToken", ""),
    )


def message_api_key_info(m: Any) -> ApiKeyInfo:
    return ApiKeyInfo(
        m.key_prefix,
        m.user_id,
        time_of(m.created_at),
        m.name,
        m.role,
        list(m.collections),
        time_of(m.expires_at),
    )


def json_api_key_info(j: Any) -> ApiKeyInfo:
    return ApiKeyInfo(
        j.get("keyPrefix", ""),
        j.get("userId", ""),
        time_of(j.get("createdAt")),
        j.get("name", ""),
        j.get("role", ""),
        j.get("collections") or [],
        time_of(j.get("expiresAt")),
    )


def message_create_apikey_response(m: Any) -> CreateAPIKeyResponse:
    return CreateAPIKeyResponse(
        m.full_key,
        message_api_key_info(m.key_info) if m.HasField("key_info") else None,
    )


def json_create_apikey_response(j: Any) -> CreateAPIKeyResponse:
    return CreateAPIKeyResponse(
        j.get("fullKey", ""),
        json_api_key_info(j["keyInfo"]) if j.get("keyInfo") is not None else None,
    )


def message_list_apikeys_response(m: Any) -> ListAPIKeysResponse:
    return ListAPIKeysResponse(
        [message_api_key_info(one) for one in m.keys],
    )


def json_list_apikeys_response(j: Any) -> ListAPIKeysResponse:
    return ListAPIKeysResponse(
        [json_api_key_info(one) for one in j.get("keys", ())],
    )


def message_delete_apikey_response(m: Any) -> DeleteAPIKeyResponse:
    return DeleteAPIKeyResponse(
        m.success,
    )


def json_delete_apikey_response(j: Any) -> DeleteAPIKeyResponse:
    return DeleteAPIKeyResponse(
        j.get("success", False),
    )


def message_create_sdkjwtresponse(m: Any) -> CreateSDKJWTResponse:
    return CreateSDKJWTResponse(
        m.sdk_jwt,
    )


def json_create_sdkjwtresponse(j: Any) -> CreateSDKJWTResponse:
    return CreateSDKJWTResponse(
        j.get("sdkJwt", ""),
    )


def message_logout_response(m: Any) -> LogoutResponse:
    return LogoutResponse(
        m.success,
    )


def json_logout_response(j: Any) -> LogoutResponse:
    return LogoutResponse(
        j.get("success", False),
    )


def message_change_password_response(m: Any) -> ChangePasswordResponse:
    return ChangePasswordResponse(
        m.success,
    )


def json_change_password_response(j: Any) -> ChangePasswordResponse:
    return ChangePasswordResponse(
        j.get("success", False),
    )


def message_set_user_role_response(m: Any) -> SetUserRoleResponse:
    return SetUserRoleResponse(
        message_account(m.user) if m.HasField("user") else None,
    )


def json_set_user_role_response(j: Any) -> SetUserRoleResponse:
    return SetUserRoleResponse(
        json_account(j["user"]) if j.get("user") is not None else None,
    )


def message_invitation(m: Any) -> Invitation:
    return Invitation(
        m.id,
        m.email,
        m.role,
        m.tenant_id,
        m.invited_by,
        time_of(m.created_at),
        time_of(m.expires_at),
    )


def json_invitation(j: Any) -> Invitation:
    return Invitation(
        j.get("id", ""),
        j.get("email", ""),
        j.get("role", ""),
        j.get("tenantId", ""),
        j.get("invitedBy", ""),
        time_of(j.get("createdAt")),
        time_of(j.get("expiresAt")),
    )


def message_invite_user_response(m: Any) -> InviteUserResponse:
    return InviteUserResponse(
        m.token,
        message_invitation(m.invitation) if m.HasField("invitation") else None,
    )


def json_invite_user_response(j: Any) -> InviteUserResponse:
    return InviteUserResponse(
        j.get("token", ""),
        json_invitation(j["invitation"]) if j.get("invitation") is not None else None,
    )


def message_list_invitations_response(m: Any) -> ListInvitationsResponse:
    return ListInvitationsResponse(
        [message_invitation(one) for one in m.invitations],
        m.next_page_token,
    )


def json_list_invitations_response(j: Any) -> ListInvitationsResponse:
    return ListInvitationsResponse(
        [json_invitation(one) for one in j.get("invitations", ())],
        j.get("nextPageToken", ""),
    )


def message_delete_invitation_response(m: Any) -> DeleteInvitationResponse:
    return DeleteInvitationResponse(
        m.success,
    )


def json_delete_invitation_response(j: Any) -> DeleteInvitationResponse:
    return DeleteInvitationResponse(
        j.get("success", False),
    )


def message_list_users_response(m: Any) -> ListUsersResponse:
    return ListUsersResponse(
        [message_account(one) for one in m.users],
        m.next_page_token,
    )


def json_list_users_response(j: Any) -> ListUsersResponse:
    return ListUsersResponse(
        [json_account(one) for one in j.get("users", ())],
        j.get("nextPageToken", ""),
    )


def message_set_user_disabled_response(m: Any) -> SetUserDisabledResponse:
    return SetUserDisabledResponse(
        message_account(m.user) if m.HasField("user") else None,
    )


def json_set_user_disabled_response(j: Any) -> SetUserDisabledResponse:
    return SetUserDisabledResponse(
        json_account(j["user"]) if j.get("user") is not None else None,
    )


def message_reset_password_response(m: Any) -> ResetPasswordResponse:
    return ResetPasswordResponse(
        m.password,
    )


def json_reset_password_response(j: Any) -> ResetPasswordResponse:
    return ResetPasswordResponse(
        j.get("password", ""),
    )


def message_account_removal(m: Any) -> AccountRemoval:
    return AccountRemoval(
        list(m.deleted_collections),
        list(m.handed_collections),
        list(m.kept_collections),
        m.deleted_keys,
    )


def json_account_removal(j: Any) -> AccountRemoval:
    return AccountRemoval(
        j.get("deletedCollections") or [],
        j.get("handedCollections") or [],
        j.get("keptCollections") or [],
        j.get("deletedKeys", 0),
    )


def message_create_collection_response(m: Any) -> CreateCollectionResponse:
    return CreateCollectionResponse(
        m.success,
    )


def json_create_collection_response(j: Any) -> CreateCollectionResponse:
    return CreateCollectionResponse(
        j.get("success", False),
    )


def message_delete_collection_response(m: Any) -> DeleteCollectionResponse:
    return DeleteCollectionResponse(
        m.success,
    )


def json_delete_collection_response(j: Any) -> DeleteCollectionResponse:
    return DeleteCollectionResponse(
        j.get("success", False),
    )


def message_shard_write(m: Any) -> ShardWrite:
    return ShardWrite(
        m.shard_id,
        m.upserted,
        m.log_index,
        m.error_code,
    )


def json_shard_write(j: Any) -> ShardWrite:
    return ShardWrite(
        j.get("shardId", 0),
        j.get("upserted", 0),
        int(j.get("logIndex", 0)),
        j.get("errorCode", ""),
    )


def message_upsert_result(m: Any) -> UpsertResult:
    return UpsertResult(
        m.upserted,
        [message_shard_write(one) for one in m.shards],
        m.write_token,
    )


def json_upsert_result(j: Any) -> UpsertResult:
    return UpsertResult(
        j.get("upserted", 0),
        [json_shard_write(one) for one in j.get("shards", ())],
        j.get("writeToken", ""),
    )


def message_search_hit(m: Any) -> SearchHit:
    return SearchHit(
        m.id,
        m.score,
        payload_of(m),
        floats_of(m.vector),
        m.explanation,
    )


def json_search_hit(j: Any) -> SearchHit:
    return SearchHit(
        j.get("id", ""),
        j.get("score", 0.0),
        json_payload(j.get("payload")),
        json_floats(j.get("vector")),
        j.get("explanation", ""),
    )


def message_recall_interval(m: Any) -> RecallInterval:
    return RecallInterval(
        m.low,
        m.high,
    )


def json_recall_interval(j: Any) -> RecallInterval:
    return RecallInterval(
        j.get("low", 0.0),
        j.get("high", 0.0),
    )


def message_shard_read(m: Any) -> ShardRead:
    return ShardRead(
        m.shard_id,
        m.applied_index,
        m.index_lag,
        m.ef,
        m.error_code,
        m.recall_estimate if m.HasField("recall_estimate") else None,
        m.visited,
        m.distances,
        m.rescored,
        m.stopped,
        m.replica,
        m.milliseconds,
        m.plan,
        m.matching,
        m.unindexed,
        message_recall_interval(m.recall_interval) if m.HasField("recall_interval") else None,
        m.slack if m.HasField("slack") else None,
    )


def json_shard_read(j: Any) -> ShardRead:
    return ShardRead(
        j.get("shardId", 0),
        int(j.get("appliedIndex", 0)),
        j.get("indexLag", 0),
        j.get("ef", 0),
        j.get("errorCode", ""),
        j.get("recallEstimate"),
        j.get("visited", 0),
        j.get("distances", 0),
        j.get("rescored", 0),
        j.get("stopped", False),
        int(j.get("replica", 0)),
        j.get("milliseconds", 0.0),
        j.get("plan", ""),
        int(j.get("matching", 0)),
        j.get("unindexed", False),
        json_recall_interval(j["recallInterval"]) if j.get("recallInterval") is not None else None,
        j.get("slack"),
    )


def message_step(m: Any) -> Step:
    return Step(
        m.name,
        m.milliseconds,
        dict(m.details),
    )


def json_step(j: Any) -> Step:
    return Step(
        j.get("name", ""),
        j.get("milliseconds", 0.0),
        j.get("details") or {},
    )


def message_explanation(m: Any) -> Explanation:
    return Explanation(
        m.trace_id,
        m.route_epoch,
        m.collection_id,
        [message_step(one) for one in m.steps],
        m.budget_ms,
        m.consistency,
    )


def json_explanation(j: Any) -> Explanation:
    return Explanation(
        j.get("traceId", ""),
        j.get("routeEpoch", 0),
        j.get("collectionId", ""),
        [json_step(one) for one in j.get("steps", ())],
        j.get("budgetMs", 0),
        j.get("consistency", ""),
    )


def message_why_not(m: Any) -> WhyNot:
    return WhyNot(
        m.id,
        m.step,
        m.reason,
        m.score,
        m.exact_rank,
    )


def json_why_not(j: Any) -> WhyNot:
    return WhyNot(
        j.get("id", ""),
        j.get("step", ""),
        j.get("reason", ""),
        j.get("score", 0.0),
        j.get("exactRank", 0),
    )


def message_search_result(m: Any) -> SearchResult:
    return SearchResult(
        [message_search_hit(one) for one in m.results],
        m.complete,
        m.shards_asked,
        m.shards_answered,
        [message_shard_read(one) for one in m.shards],
        m.query_id,
        m.reranked_by,
        m.rerank_skipped,
        m.recall_estimate if m.HasField("recall_estimate") else None,
        m.served_from,
        message_explanation(m.explanation) if m.HasField("explanation") else None,
        message_why_not(m.why_not) if m.HasField("why_not") else None,
        message_recall_interval(m.recall_interval) if m.HasField("recall_interval") else None,
        m.recall_unmet,
    )


def json_search_result(j: Any) -> SearchResult:
    return SearchResult(
        [json_search_hit(one) for one in j.get("results", ())],
        j.get("complete", False),
        j.get("shardsAsked", 0),
        j.get("shardsAnswered", 0),
        [json_shard_read(one) for one in j.get("shards", ())],
        j.get("queryId", ""),
        j.get("rerankedBy", ""),
        j.get("rerankSkipped", ""),
        j.get("recallEstimate"),
        j.get("servedFrom", ""),
        json_explanation(j["explanation"]) if j.get("explanation") is not None else None,
        json_why_not(j["whyNot"]) if j.get("whyNot") is not None else None,
        json_recall_interval(j["recallInterval"]) if j.get("recallInterval") is not None else None,
        j.get("recallUnmet", False),
    )


def message_sparse_vector(m: Any) -> SparseVector:
    return SparseVector(
        list(m.indices),
        list(m.values),
    )


def json_sparse_vector(j: Any) -> SparseVector:
    return SparseVector(
        j.get("indices") or [],
        j.get("values") or [],
    )


def message_stored_point(m: Any) -> StoredPoint:
    return StoredPoint(
        m.id,
        floats_of(m.vector),
        payload_of(m),
        {name: message_sparse_vector(one) for name, one in m.sparse.items()},
        m.version,
        time_of_ms(m.expires_at_ms),
        named_floats_of(m.vectors),
    )


def json_stored_point(j: Any) -> StoredPoint:
    return StoredPoint(
        j.get("id", ""),
        json_floats(j.get("vector")),
        json_payload(j.get("payload")),
        {name: json_sparse_vector(one) for name, one in j.get("sparse", {}).items()},
        int(j.get("version", 0)),
        time_of_ms(j.get("expiresAtMs")),
        json_named_floats(j.get("vectors")),
    )


def message_get_response(m: Any) -> GetResponse:
    return GetResponse(
        message_stored_point(m.point) if m.HasField("point") else None,
        m.applied_index,
    )


def json_get_response(j: Any) -> GetResponse:
    return GetResponse(
        json_stored_point(j["point"]) if j.get("point") is not None else None,
        int(j.get("appliedIndex", 0)),
    )


def message_delete_result(m: Any) -> DeleteResult:
    return DeleteResult(
        m.existed,
        m.write_token,
    )


def json_delete_result(j: Any) -> DeleteResult:
    return DeleteResult(
        j.get("existed", False),
        j.get("writeToken", ""),
    )


def message_collection_info(m: Any) -> CollectionInfo:
    return CollectionInfo(
        m.name,
        m.dimension,
        m.distance,
        m.shards,
        m.points,
        time_of(m.created_at),
    )


def json_collection_info(j: Any) -> CollectionInfo:
    return CollectionInfo(
        j.get("name", ""),
        j.get("dimension", 0),
        j.get("distance", ""),
        j.get("shards", 0),
        int(j.get("points", 0)),
        time_of(j.get("createdAt")),
    )


def message_list_collections_response(m: Any) -> ListCollectionsResponse:
    return ListCollectionsResponse(
        list(m.collections),
        [message_collection_info(one) for one in m.details],
    )


def json_list_collections_response(j: Any) -> ListCollectionsResponse:
    return ListCollectionsResponse(
        j.get("collections") or [],
        [json_collection_info(one) for one in j.get("details", ())],
    )


def message_replica_status(m: Any) -> ReplicaStatus:
    return ReplicaStatus(
        m.worker,
        m.role,
        m.applied_index,
        m.damage,
    )


def json_replica_status(j: Any) -> ReplicaStatus:
    return ReplicaStatus(
        int(j.get("worker", 0)),
        j.get("role", ""),
        int(j.get("appliedIndex", 0)),
        j.get("damage", ""),
    )


def message_shard_status(m: Any) -> ShardStatus:
    return ShardStatus(
        m.shard_id,
        list(m.replicas),
        m.leader_id,
        m.ready,
        m.points,
        m.index_lag,
        m.applied_index,
        m.term,
        [message_replica_status(one) for one in m.replica_status],
        m.error_code,
    )


def json_shard_status(j: Any) -> ShardStatus:
    return ShardStatus(
        j.get("shardId", 0),
        [int(one) for one in j.get("replicas", ())],
        int(j.get("leaderId", 0)),
        j.get("ready", False),
        int(j.get("points", 0)),
        int(j.get("indexLag", 0)),
        int(j.get("appliedIndex", 0)),
        int(j.get("term", 0)),
        [json_replica_status(one) for one in j.get("replicaStatus", ())],
        j.get("errorCode", ""),
    )


def message_rerank_settings(m: Any) -> RerankSettings:
    return RerankSettings(
        m.enabled,
        list(m.text_fields),
        dict(m.field_boosts),
        m.recency_field,
        m.oversample,
    )


def json_rerank_settings(j: Any) -> RerankSettings:
    return RerankSettings(
        j.get("enabled", False),
        j.get("textFields") or [],
        j.get("fieldBoosts") or {},
        j.get("recencyField", ""),
        j.get("oversample", 0),
    )


def message_embedding_settings(m: Any) -> EmbeddingSettings:
    return EmbeddingSettings(
        m.provider,
        m.text_field,
    )


def json_embedding_settings(j: Any) -> EmbeddingSettings:
    return EmbeddingSettings(
        j.get("provider", ""),
        j.get("textField", ""),
    )


def message_vector_settings(m: Any) -> VectorSettings:
    return VectorSettings(
        m.quantization,
        m.storage,
        m.oversampling,
        m.parallel_build,
    )


def json_vector_settings(j: Any) -> VectorSettings:
    return VectorSettings(
        j.get("quantization", ""),
        j.get("storage", ""),
        j.get("oversampling", 0),
        j.get("parallelBuild", False),
    )


def message_payload_index(m: Any) -> PayloadIndex:
    return PayloadIndex(
        m.path,
        m.type,
        m.language,
        m.analyzer,
        list(m.stop_words),
    )


def json_payload_index(j: Any) -> PayloadIndex:
    return PayloadIndex(
        j.get("path", ""),
        j.get("type", ""),
        j.get("language", ""),
        j.get("analyzer", ""),
        j.get("stopWords") or [],
    )


def message_named_vector(m: Any) -> NamedVector:
    return NamedVector(
        m.name,
        m.dimension,
        m.distance,
        m.hnsw_m,
        m.hnsw_ef_construction,
        m.quantization,
        m.storage,
        m.oversampling,
    )


def json_named_vector(j: Any) -> NamedVector:
    return NamedVector(
        j.get("name", ""),
        j.get("dimension", 0),
        j.get("distance", ""),
        j.get("hnswM", 0),
        j.get("hnswEfConstruction", 0),
        j.get("quantization", ""),
        j.get("storage", ""),
        j.get("oversampling", 0),
    )


def message_collection_settings(m: Any) -> CollectionSettings:
    return CollectionSettings(
        m.name,
        m.dimension,
        m.distance,
        m.shards,
        message_rerank_settings(m.rerank) if m.HasField("rerank") else None,
        m.hnsw_m,
        m.hnsw_ef_construction,
        message_vector_settings(m.vectors) if m.HasField("vectors") else None,
        m.replicas,
        m.durability,
        [message_payload_index(one) for one in m.indexes],
        list(m.sparse_vectors),
        [message_named_vector(one) for one in m.named_vectors],
        message_embedding_settings(m.embedding) if m.HasField("embedding") else None,
    )


def json_collection_settings(j: Any) -> CollectionSettings:
    return CollectionSettings(
        j.get("name", ""),
        j.get("dimension", 0),
        j.get("distance", ""),
        j.get("shards", 0),
        json_rerank_settings(j["rerank"]) if j.get("rerank") is not None else None,
        j.get("hnswM", 0),
        j.get("hnswEfConstruction", 0),
        json_vector_settings(j["vectors"]) if j.get("vectors") is not None else None,
        j.get("replicas", 0),
        j.get("durability", ""),
        [json_payload_index(one) for one in j.get("indexes", ())],
        j.get("sparseVectors") or [],
        [json_named_vector(one) for one in j.get("namedVectors", ())],
        json_embedding_settings(j["embedding"]) if j.get("embedding") is not None else None,
    )


def message_collection_status(m: Any) -> CollectionStatus:
    return CollectionStatus(
        m.name,
        m.dimension,
        m.distance,
        [message_shard_status(one) for one in m.shards],
        m.points,
        m.index_lag,
        m.durability,
        message_rerank_settings(m.rerank) if m.HasField("rerank") else None,
        m.memory_bytes,
        m.disk_bytes,
        message_embedding_settings(m.embedding) if m.HasField("embedding") else None,
        message_collection_settings(m.settings) if m.HasField("settings") else None,
    )


def json_collection_status(j: Any) -> CollectionStatus:
    return CollectionStatus(
        j.get("name", ""),
        j.get("dimension", 0),
        j.get("distance", ""),
        [json_shard_status(one) for one in j.get("shards", ())],
        int(j.get("points", 0)),
        int(j.get("indexLag", 0)),
        j.get("durability", ""),
        json_rerank_settings(j["rerank"]) if j.get("rerank") is not None else None,
        int(j.get("memoryBytes", 0)),
        int(j.get("diskBytes", 0)),
        json_embedding_settings(j["embedding"]) if j.get("embedding") is not None else None,
        json_collection_settings(j["settings"]) if j.get("settings") is not None else None,
    )


def message_update_collection_response(m: Any) -> UpdateCollectionResponse:
    return UpdateCollectionResponse(
        message_collection_settings(m.settings) if m.HasField("settings") else None,
    )


def json_update_collection_response(j: Any) -> UpdateCollectionResponse:
    return UpdateCollectionResponse(
        json_collection_settings(j["settings"]) if j.get("settings") is not None else None,
    )


def message_submit_feedback_response(m: Any) -> SubmitFeedbackResponse:
    return SubmitFeedbackResponse(
        m.success,
        m.feedback_id,
    )


def json_submit_feedback_response(j: Any) -> SubmitFeedbackResponse:
    return SubmitFeedbackResponse(
        j.get("success", False),
        j.get("feedbackId", ""),
    )


def message_page(m: Any) -> Page:
    return Page(
        [message_stored_point(one) for one in m.points],
        m.next_cursor or None,
    )


def json_page(j: Any) -> Page:
    return Page(
        [json_stored_point(one) for one in j.get("points", ())],
        j.get("nextCursor") or None,
    )


def message_change(m: Any) -> Change:
    return Change(
        m.shard_id,
        m.log_index,
        m.kind,
        message_stored_point(m.point) if m.HasField("point") else None,
    )


def json_change(j: Any) -> Change:
    return Change(
        j.get("shardId", 0),
        int(j.get("logIndex", 0)),
        j.get("kind", ""),
        json_stored_point(j["point"]) if j.get("point") is not None else None,
    )


def message_changes(m: Any) -> Changes:
    return Changes(
        [message_change(one) for one in m.changes],
        m.next_cursor,
    )


def json_changes(j: Any) -> Changes:
    return Changes(
        [json_change(one) for one in j.get("changes", ())],
        j.get("nextCursor", ""),
    )


def message_snapshot_shard(m: Any) -> SnapshotShard:
    return SnapshotShard(
        m.shard_id,
        m.log_index,
    )


def json_snapshot_shard(j: Any) -> SnapshotShard:
    return SnapshotShard(
        j.get("shardId", 0),
        int(j.get("logIndex", 0)),
    )


def message_open_snapshot_response(m: Any) -> OpenSnapshotResponse:
    return OpenSnapshotResponse(
        m.snapshot,
        m.cursor,
        m.points,
        m.expires_after_ms,
        [message_snapshot_shard(one) for one in m.shards],
    )


def json_open_snapshot_response(j: Any) -> OpenSnapshotResponse:
    return OpenSnapshotResponse(
        j.get("snapshot", ""),
        j.get("cursor", ""),
        int(j.get("points", 0)),
        j.get("expiresAfterMs", 0),
        [json_snapshot_shard(one) for one in j.get("shards", ())],
    )


def message_close_snapshot_response(m: Any) -> CloseSnapshotResponse:
    return CloseSnapshotResponse(
        m.existed,
    )


def json_close_snapshot_response(j: Any) -> CloseSnapshotResponse:
    return CloseSnapshotResponse(
        j.get("existed", False),
    )


def message_result_group(m: Any) -> ResultGroup:
    return ResultGroup(
        value_of(m.value, m.value_json),
        [message_search_hit(one) for one in m.results],
    )


def json_result_group(j: Any) -> ResultGroup:
    return ResultGroup(
        json_value(j.get("value")),
        [json_search_hit(one) for one in j.get("results", ())],
    )


def message_branch_report(m: Any) -> BranchReport:
    return BranchReport(
        m.candidates,
        m.recall_estimate if m.HasField("recall_estimate") else None,
        list(m.plans),
        m.unindexed,
        message_recall_interval(m.recall_interval) if m.HasField("recall_interval") else None,
        m.recall_unmet,
    )


def json_branch_report(j: Any) -> BranchReport:
    return BranchReport(
        j.get("candidates", 0),
        j.get("recallEstimate"),
        j.get("plans") or [],
        j.get("unindexed", False),
        json_recall_interval(j["recallInterval"]) if j.get("recallInterval") is not None else None,
        j.get("recallUnmet", False),
    )


def message_query_result(m: Any) -> QueryResult:
    return QueryResult(
        [message_search_hit(one) for one in m.results],
        [message_result_group(one) for one in m.groups],
        m.complete,
        m.shards_asked,
        m.shards_answered,
        [message_branch_report(one) for one in m.branches],
    )


def json_query_result(j: Any) -> QueryResult:
    return QueryResult(
        [json_search_hit(one) for one in j.get("results", ())],
        [json_result_group(one) for one in j.get("groups", ())],
        j.get("complete", False),
        j.get("shardsAsked", 0),
        j.get("shardsAnswered", 0),
        [json_branch_report(one) for one in j.get("branches", ())],
    )


def message_query_outcome(m: Any) -> QueryOutcome:
    return QueryOutcome(
        message_query_result(m.answer) if m.HasField("answer") else None,
        m.error_code,
        m.error_message,
    )


def json_query_outcome(j: Any) -> QueryOutcome:
    return QueryOutcome(
        json_query_result(j["answer"]) if j.get("answer") is not None else None,
        j.get("errorCode", ""),
        j.get("errorMessage", ""),
    )


def message_query_batch_response(m: Any) -> QueryBatchResponse:
    return QueryBatchResponse(
        [message_query_outcome(one) for one in m.outcomes],
    )


def json_query_batch_response(j: Any) -> QueryBatchResponse:
    return QueryBatchResponse(
        [json_query_outcome(one) for one in j.get("outcomes", ())],
    )


def message_count_result(m: Any) -> CountResult:
    return CountResult(
        m.count,
        m.exact,
        m.unindexed,
    )


def json_count_result(j: Any) -> CountResult:
    return CountResult(
        int(j.get("count", 0)),
        j.get("exact", False),
        j.get("unindexed", False),
    )


def message_facet(m: Any) -> Facet:
    return Facet(
        value_of(m.value, m.value_json),
        m.count,
    )


def json_facet(j: Any) -> Facet:
    return Facet(
        json_value(j.get("value")),
        int(j.get("count", 0)),
    )


def message_facet_result(m: Any) -> FacetResult:
    return FacetResult(
        [message_facet(one) for one in m.values],
        m.more,
        m.unindexed,
    )


def json_facet_result(j: Any) -> FacetResult:
    return FacetResult(
        [json_facet(one) for one in j.get("values", ())],
        j.get("more", False),
        j.get("unindexed", False),
    )


def message_recall_measurement(m: Any) -> RecallMeasurement:
    return RecallMeasurement(
        m.recall,
        message_recall_interval(m.interval) if m.HasField("interval") else None,
        m.queries,
        m.asked,
        m.promised if m.HasField("promised") else None,
        dict(m.plans),
    )


def json_recall_measurement(j: Any) -> RecallMeasurement:
    return RecallMeasurement(
        j.get("recall", 0.0),
        json_recall_interval(j["interval"]) if j.get("interval") is not None else None,
        j.get("queries", 0),
        j.get("asked", 0),
        j.get("promised"),
        j.get("plans") or {},
    )


def message_update_points_result(m: Any) -> UpdatePointsResult:
    return UpdatePointsResult(
        m.updated,
        m.write_token,
    )


def json_update_points_result(j: Any) -> UpdatePointsResult:
    return UpdatePointsResult(
        int(j.get("updated", 0)),
        j.get("writeToken", ""),
    )


def message_delete_points_result(m: Any) -> DeletePointsResult:
    return DeletePointsResult(
        m.deleted,
        m.write_token,
    )


def json_delete_points_result(j: Any) -> DeletePointsResult:
    return DeletePointsResult(
        int(j.get("deleted", 0)),
        j.get("writeToken", ""),
    )


def message_unread_example(m: Any) -> UnreadExample:
    return UnreadExample(
        m.id,
        m.value,
    )


def json_unread_example(j: Any) -> UnreadExample:
    return UnreadExample(
        j.get("id", ""),
        j.get("value", ""),
    )


def message_index_info(m: Any) -> IndexInfo:
    return IndexInfo(
        message_payload_index(m.index) if m.HasField("index") else None,
        m.indexed,
        m.points,
        m.ready,
        m.unread,
        message_unread_example(m.unread_example) if m.HasField("unread_example") else None,
    )


def json_index_info(j: Any) -> IndexInfo:
    return IndexInfo(
        json_payload_index(j["index"]) if j.get("index") is not None else None,
        int(j.get("indexed", 0)),
        int(j.get("points", 0)),
        j.get("ready", False),
        int(j.get("unread", 0)),
        json_unread_example(j["unreadExample"]) if j.get("unreadExample") is not None else None,
    )


def message_indexes(m: Any) -> Indexes:
    return Indexes(
        [message_index_info(one) for one in m.indexes],
        list(m.sparse_vectors),
        [message_named_vector(one) for one in m.named_vectors],
    )


def json_indexes(j: Any) -> Indexes:
    return Indexes(
        [json_index_info(one) for one in j.get("indexes", ())],
        j.get("sparseVectors") or [],
        [json_named_vector(one) for one in j.get("namedVectors", ())],
    )


def message_create_index_response(m: Any) -> CreateIndexResponse:
    return CreateIndexResponse(
        m.created,
    )


def json_create_index_response(j: Any) -> CreateIndexResponse:
    return CreateIndexResponse(
        j.get("created", False),
    )


def message_token(m: Any) -> Token:
    return Token(
        m.text,
        m.start,
        m.end,
        m.position,
        m.word,
        m.kind,
        m.asked,
    )


def json_token(j: Any) -> Token:
    return Token(
        j.get("text", ""),
        j.get("start", 0),
        j.get("end", 0),
        j.get("position", 0),
        j.get("word", ""),
        j.get("kind", ""),
        j.get("asked", False),
    )


def message_analyze_response(m: Any) -> AnalyzeResponse:
    return AnalyzeResponse(
        [message_token(one) for one in m.tokens],
    )


def json_analyze_response(j: Any) -> AnalyzeResponse:
    return AnalyzeResponse(
        [json_token(one) for one in j.get("tokens", ())],
    )


def message_delete_index_response(m: Any) -> DeleteIndexResponse:
    return DeleteIndexResponse(
        m.existed,
    )


def json_delete_index_response(j: Any) -> DeleteIndexResponse:
    return DeleteIndexResponse(
        j.get("existed", False),
    )


def message_alias(m: Any) -> Alias:
    return Alias(
        m.alias,
        m.collection,
    )


def json_alias(j: Any) -> Alias:
    return Alias(
        j.get("alias", ""),
        j.get("collection", ""),
    )


def message_list_aliases_response(m: Any) -> ListAliasesResponse:
    return ListAliasesResponse(
        [message_alias(one) for one in m.aliases],
    )


def json_list_aliases_response(j: Any) -> ListAliasesResponse:
    return ListAliasesResponse(
        [json_alias(one) for one in j.get("aliases", ())],
    )


def message_update_aliases_response(m: Any) -> UpdateAliasesResponse:
    return UpdateAliasesResponse()


def json_update_aliases_response(j: Any) -> UpdateAliasesResponse:
    return UpdateAliasesResponse()


def message_search_batch_response(m: Any) -> SearchBatchResponse:
    return SearchBatchResponse(
        [message_search_result(one) for one in m.answers],
    )


def json_search_batch_response(j: Any) -> SearchBatchResponse:
    return SearchBatchResponse(
        [json_search_result(one) for one in j.get("answers", ())],
    )


# By the full name of the message: of a message, and of its JSON.
DECODERS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "vectron.admin.v1.ServiceHealth": (message_service_health, json_service_health),
    "vectron.admin.v1.WorkerHealth": (message_worker_health, json_worker_health),
    "vectron.admin.v1.GetHealthResponse": (message_health, json_health),
    "vectron.admin.v1.GetLivenessResponse": (message_get_liveness_response, json_get_liveness_response),
    "vectron.admin.v1.GetReadinessResponse": (message_get_readiness_response, json_get_readiness_response),
    "vectron.admin.v1.GatewayStats": (message_gateway_stats, json_gateway_stats),
    "vectron.admin.v1.GetStatsResponse": (message_stats, json_stats),
    "vectron.admin.v1.WorkerStateChange": (message_worker_state_change, json_worker_state_change),
    "vectron.admin.v1.WorkerShard": (message_worker_shard, json_worker_shard),
    "vectron.admin.v1.Worker": (message_worker, json_worker),
    "vectron.admin.v1.ListWorkersResponse": (message_list_workers_response, json_list_workers_response),
    "vectron.admin.v1.TenantCollection": (message_tenant_collection, json_tenant_collection),
    "vectron.admin.v1.ListAllCollectionsResponse": (message_list_all_collections_response, json_list_all_collections_response),
    "vectron.admin.v1.Alert": (message_alert, json_alert),
    "vectron.admin.v1.ListAlertsResponse": (message_list_alerts_response, json_list_alerts_response),
    "vectron.admin.v1.ResolveAlertResponse": (message_resolve_alert_response, json_resolve_alert_response),
    "vectron.admin.v1.AlertRule": (message_alert_rule, json_alert_rule),
    "vectron.admin.v1.ListAlertRulesResponse": (message_list_alert_rules_response, json_list_alert_rules_response),
    "vectron.admin.v1.AuditEntry": (message_audit_entry, json_audit_entry),
    "vectron.admin.v1.ListAuditEntriesResponse": (message_list_audit_entries_response, json_list_audit_entries_response),
    "vectron.admin.v1.VerifyAuditResponse": (message_audit_verification, json_audit_verification),
    "vectron.admin.v1.SlowQueryShard": (message_slow_query_shard, json_slow_query_shard),
    "vectron.admin.v1.SlowQueryBranch": (message_slow_query_branch, json_slow_query_branch),
    "vectron.admin.v1.SlowQueryPlan": (message_slow_query_plan, json_slow_query_plan),
    "vectron.admin.v1.SlowQuery": (message_slow_query, json_slow_query),
    "vectron.admin.v1.ListSlowQueriesResponse": (message_slow_queries, json_slow_queries),
    "vectron.admin.v1.Operation": (message_operation, json_operation),
    "vectron.admin.v1.GetClusterStatusResponse": (message_cluster_status, json_cluster_status),
    "vectron.admin.v1.ShardReplica": (message_shard_replica, json_shard_replica),
    "vectron.admin.v1.Shard": (message_shard, json_shard),
    "vectron.admin.v1.ListShardsResponse": (message_list_shards_response, json_list_shards_response),
    "vectron.admin.v1.ListOperationsResponse": (message_operations, json_operations),
    "vectron.admin.v1.DrainWorkerResponse": (message_drain_worker_response, json_drain_worker_response),
    "vectron.admin.v1.RemoveWorkerResponse": (message_remove_worker_response, json_remove_worker_response),
    "vectron.admin.v1.PlannedAction": (message_planned_action, json_planned_action),
    "vectron.admin.v1.RebalanceResponse": (message_rebalancing, json_rebalancing),
    "vectron.admin.v1.Jwk": (message_jwk, json_jwk),
    "vectron.admin.v1.GetJwksResponse": (message_get_jwks_response, json_get_jwks_response),
    "vectron.admin.v1.RotateSigningKeyResponse": (message_rotate_signing_key_response, json_rotate_signing_key_response),
    "vectron.auth.v1.UserProfile": (message_account, json_account),
    "vectron.auth.v1.RegisterUserResponse": (message_register_user_response, json_register_user_response),
    "vectron.auth.v1.LoginResponse": (message_login_response, json_login_response),
    "vectron.auth.v1.GetUserProfileResponse": (message_get_user_profile_response, json_get_user_profile_response),
    "vectron.auth.v1.UpdateUserProfileResponse": (message_update_user_profile_response, json_update_user_profile_response),
    "vectron.auth.v1.DeleteUserResponse": (message_delete_user_response, json_delete_user_response),
    "vectron.auth.v1.RefreshTokenResponse": (message_refresh_token_response, json_refresh_token_response),
    "vectron.auth.v1.APIKey": (message_api_key_info, json_api_key_info),
    "vectron.auth.v1.CreateAPIKeyResponse": (message_create_apikey_response, json_create_apikey_response),
    "vectron.auth.v1.ListAPIKeysResponse": (message_list_apikeys_response, json_list_apikeys_response),
    "vectron.auth.v1.DeleteAPIKeyResponse": (message_delete_apikey_response, json_delete_apikey_response),
    "vectron.auth.v1.CreateSDKJWTResponse": (message_create_sdkjwtresponse, json_create_sdkjwtresponse),
    "vectron.auth.v1.LogoutResponse": (message_logout_response, json_logout_response),
    "vectron.auth.v1.ChangePasswordResponse": (message_change_password_response, json_change_password_response),
    "vectron.auth.v1.SetUserRoleResponse": (message_set_user_role_response, json_set_user_role_response),
    "vectron.auth.v1.Invitation": (message_invitation, json_invitation),
    "vectron.auth.v1.InviteUserResponse": (message_invite_user_response, json_invite_user_response),
    "vectron.auth.v1.ListInvitationsResponse": (message_list_invitations_response, json_list_invitations_response),
    "vectron.auth.v1.DeleteInvitationResponse": (message_delete_invitation_response, json_delete_invitation_response),
    "vectron.auth.v1.ListUsersResponse": (message_list_users_response, json_list_users_response),
    "vectron.auth.v1.SetUserDisabledResponse": (message_set_user_disabled_response, json_set_user_disabled_response),
    "vectron.auth.v1.ResetPasswordResponse": (message_reset_password_response, json_reset_password_response),
    "vectron.auth.v1.RemoveUserResponse": (message_account_removal, json_account_removal),
    "vectron.v1.CreateCollectionResponse": (message_create_collection_response, json_create_collection_response),
    "vectron.v1.DeleteCollectionResponse": (message_delete_collection_response, json_delete_collection_response),
    "vectron.v1.ShardWrite": (message_shard_write, json_shard_write),
    "vectron.v1.UpsertResponse": (message_upsert_result, json_upsert_result),
    "vectron.v1.SearchResult": (message_search_hit, json_search_hit),
    "vectron.v1.RecallInterval": (message_recall_interval, json_recall_interval),
    "vectron.v1.ShardRead": (message_shard_read, json_shard_read),
    "vectron.v1.Step": (message_step, json_step),
    "vectron.v1.Explanation": (message_explanation, json_explanation),
    "vectron.v1.WhyNot": (message_why_not, json_why_not),
    "vectron.v1.SearchResponse": (message_search_result, json_search_result),
    "vectron.v1.SparseVector": (message_sparse_vector, json_sparse_vector),
    "vectron.v1.Point": (message_stored_point, json_stored_point),
    "vectron.v1.GetResponse": (message_get_response, json_get_response),
    "vectron.v1.DeleteResponse": (message_delete_result, json_delete_result),
    "vectron.v1.CollectionInfo": (message_collection_info, json_collection_info),
    "vectron.v1.ListCollectionsResponse": (message_list_collections_response, json_list_collections_response),
    "vectron.v1.ReplicaStatus": (message_replica_status, json_replica_status),
    "vectron.v1.ShardStatus": (message_shard_status, json_shard_status),
    "vectron.v1.RerankSettings": (message_rerank_settings, json_rerank_settings),
    "vectron.v1.EmbeddingSettings": (message_embedding_settings, json_embedding_settings),
    "vectron.v1.VectorSettings": (message_vector_settings, json_vector_settings),
    "vectron.v1.PayloadIndex": (message_payload_index, json_payload_index),
    "vectron.v1.NamedVector": (message_named_vector, json_named_vector),
    "vectron.v1.CreateCollectionRequest": (message_collection_settings, json_collection_settings),
    "vectron.v1.GetCollectionStatusResponse": (message_collection_status, json_collection_status),
    "vectron.v1.UpdateCollectionResponse": (message_update_collection_response, json_update_collection_response),
    "vectron.v1.SubmitFeedbackResponse": (message_submit_feedback_response, json_submit_feedback_response),
    "vectron.v1.ListPointsResponse": (message_page, json_page),
    "vectron.v1.PointChange": (message_change, json_change),
    "vectron.v1.ListChangesResponse": (message_changes, json_changes),
    "vectron.v1.SnapshotShard": (message_snapshot_shard, json_snapshot_shard),
    "vectron.v1.OpenSnapshotResponse": (message_open_snapshot_response, json_open_snapshot_response),
    "vectron.v1.CloseSnapshotResponse": (message_close_snapshot_response, json_close_snapshot_response),
    "vectron.v1.ResultGroup": (message_result_group, json_result_group),
    "vectron.v1.BranchReport": (message_branch_report, json_branch_report),
    "vectron.v1.QueryResponse": (message_query_result, json_query_result),
    "vectron.v1.QueryOutcome": (message_query_outcome, json_query_outcome),
    "vectron.v1.QueryBatchResponse": (message_query_batch_response, json_query_batch_response),
    "vectron.v1.CountPointsResponse": (message_count_result, json_count_result),
    "vectron.v1.Facet": (message_facet, json_facet),
    "vectron.v1.FacetPointsResponse": (message_facet_result, json_facet_result),
    "vectron.v1.MeasureRecallResponse": (message_recall_measurement, json_recall_measurement),
    "vectron.v1.UpdatePointsResponse": (message_update_points_result, json_update_points_result),
    "vectron.v1.DeletePointsResponse": (message_delete_points_result, json_delete_points_result),
    "vectron.v1.UnreadExample": (message_unread_example, json_unread_example),
    "vectron.v1.IndexInfo": (message_index_info, json_index_info),
    "vectron.v1.ListIndexesResponse": (message_indexes, json_indexes),
    "vectron.v1.CreateIndexResponse": (message_create_index_response, json_create_index_response),
    "vectron.v1.Token": (message_token, json_token),
    "vectron.v1.AnalyzeResponse": (message_analyze_response, json_analyze_response),
    "vectron.v1.DeleteIndexResponse": (message_delete_index_response, json_delete_index_response),
    "vectron.v1.Alias": (message_alias, json_alias),
    "vectron.v1.ListAliasesResponse": (message_list_aliases_response, json_list_aliases_response),
    "vectron.v1.UpdateAliasesResponse": (message_update_aliases_response, json_update_aliases_response),
    "vectron.v1.SearchBatchResponse": (message_search_batch_response, json_search_batch_response),
}

"""Methods of the public services and their routes. Made from proto/ by scripts/sdk-python-protos.mjs."""

from typing import NamedTuple


class Route(NamedTuple):
    """One way to a method over REST; `body`: the request is the JSON body."""

    verb: str
    path: str
    body: bool


class Method(NamedTuple):
    """`path` on gRPC, full names of its messages, and its routes; `named`: its requests carry a WriteOrigin."""

    path: str
    request: str
    response: str
    routes: tuple[Route, ...]
    named: bool


GET_HEALTH = Method(
    "/vectron.admin.v1.AdminService/GetHealth",
    "vectron.admin.v1.GetHealthRequest",
    "vectron.admin.v1.GetHealthResponse",
    (Route("GET", "/v1/system/health", False),),
    named=False,
)
GET_LIVENESS = Method(
    "/vectron.admin.v1.AdminService/GetLiveness",
    "vectron.admin.v1.GetLivenessRequest",
    "vectron.admin.v1.GetLivenessResponse",
    (Route("GET", "/healthz", False),),
    named=False,
)
GET_READINESS = Method(
    "/vectron.admin.v1.AdminService/GetReadiness",
    "vectron.admin.v1.GetReadinessRequest",
    "vectron.admin.v1.GetReadinessResponse",
    (Route("GET", "/readyz", False),),
    named=False,
)
GET_STATS = Method(
    "/vectron.admin.v1.AdminService/GetStats",
    "vectron.admin.v1.GetStatsRequest",
    "vectron.admin.v1.GetStatsResponse",
    (Route("GET", "/v1/admin/stats", False),),
    named=False,
)
LIST_WORKERS = Method(
    "/vectron.admin.v1.AdminService/ListWorkers",
    "vectron.admin.v1.ListWorkersRequest",
    "vectron.admin.v1.ListWorkersResponse",
    (Route("GET", "/v1/admin/workers", False),),
    named=False,
)
LIST_ALL_COLLECTIONS = Method(
    "/vectron.admin.v1.AdminService/ListAllCollections",
    "vectron.admin.v1.ListAllCollectionsRequest",
    "vectron.admin.v1.ListAllCollectionsResponse",
    (Route("GET", "/v1/admin/collections", False),),
    named=False,
)
LIST_ALERTS = Method(
    "/vectron.admin.v1.AdminService/ListAlerts",
    "vectron.admin.v1.ListAlertsRequest",
    "vectron.admin.v1.ListAlertsResponse",
    (Route("GET", "/v1/alerts", False),),
    named=False,
)
RESOLVE_ALERT = Method(
    "/vectron.admin.v1.AdminService/ResolveAlert",
    "vectron.admin.v1.ResolveAlertRequest",
    "vectron.admin.v1.ResolveAlertResponse",
    (Route("POST", "/v1/alerts/{id}/resolve", True),),
    named=False,
)
LIST_ALERT_RULES = Method(
    "/vectron.admin.v1.AdminService/ListAlertRules",
    "vectron.admin.v1.ListAlertRulesRequest",
    "vectron.admin.v1.ListAlertRulesResponse",
    (Route("GET", "/v1/alerts/rules", False),),
    named=False,
)
PUT_ALERT_RULE = Method(
    "/vectron.admin.v1.AdminService/PutAlertRule",
    "vectron.admin.v1.PutAlertRuleRequest",
    "vectron.admin.v1.AlertRule",
    (Route("PUT", "/v1/alerts/rules/{rule}", True),),
    named=False,
)
LIST_AUDIT_ENTRIES = Method(
    "/vectron.admin.v1.AdminService/ListAuditEntries",
    "vectron.admin.v1.ListAuditEntriesRequest",
    "vectron.admin.v1.ListAuditEntriesResponse",
    (Route("GET", "/v1/admin/audit", False),),
    named=False,
)
VERIFY_AUDIT = Method(
    "/vectron.admin.v1.AdminService/VerifyAudit",
    "vectron.admin.v1.VerifyAuditRequest",
    "vectron.admin.v1.VerifyAuditResponse",
    (Route("GET", "/v1/admin/audit/verification", False),),
    named=False,
)
LIST_SLOW_QUERIES = Method(
    "/vectron.admin.v1.AdminService/ListSlowQueries",
    "vectron.admin.v1.ListSlowQueriesRequest",
    "vectron.admin.v1.ListSlowQueriesResponse",
    (Route("GET", "/v1/admin/slow-queries", False),),
    named=False,
)
GET_CLUSTER_STATUS = Method(
    "/vectron.admin.v1.AdminService/GetClusterStatus",
    "vectron.admin.v1.GetClusterStatusRequest",
    "vectron.admin.v1.GetClusterStatusResponse",
    (Route("GET", "/v1/admin/cluster", False),),
    named=False,
)
LIST_SHARDS = Method(
    "/vectron.admin.v1.AdminService/ListShards",
    "vectron.admin.v1.ListShardsRequest",
    "vectron.admin.v1.ListShardsResponse",
    (Route("GET", "/v1/admin/shards", False),),
    named=False,
)
LIST_OPERATIONS = Method(
    "/vectron.admin.v1.AdminService/ListOperations",
    "vectron.admin.v1.ListOperationsRequest",
    "vectron.admin.v1.ListOperationsResponse",
    (Route("GET", "/v1/admin/operations", False),),
    named=False,
)
DRAIN_WORKER = Method(
    "/vectron.admin.v1.AdminService/DrainWorker",
    "vectron.admin.v1.DrainWorkerRequest",
    "vectron.admin.v1.DrainWorkerResponse",
    (Route("POST", "/v1/admin/workers/{worker}/drain", True),),
    named=False,
)
REMOVE_WORKER = Method(
    "/vectron.admin.v1.AdminService/RemoveWorker",
    "vectron.admin.v1.RemoveWorkerRequest",
    "vectron.admin.v1.RemoveWorkerResponse",
    (Route("DELETE", "/v1/admin/workers/{worker}", False),),
    named=False,
)
REBALANCE = Method(
    "/vectron.admin.v1.AdminService/Rebalance",
    "vectron.admin.v1.RebalanceRequest",
    "vectron.admin.v1.RebalanceResponse",
    (Route("POST", "/v1/admin/rebalance", True),),
    named=False,
)
MOVE_REPLICA = Method(
    "/vectron.admin.v1.AdminService/MoveReplica",
    "vectron.admin.v1.MoveReplicaRequest",
    "vectron.admin.v1.Operation",
    (Route("POST", "/v1/admin/shards/{shard_id}/move", True),),
    named=False,
)
SPLIT_SHARD = Method(
    "/vectron.admin.v1.AdminService/SplitShard",
    "vectron.admin.v1.SplitShardRequest",
    "vectron.admin.v1.Operation",
    (Route("POST", "/v1/admin/shards/{shard_id}/split", True),),
    named=False,
)
GET_JWKS = Method(
    "/vectron.admin.v1.AdminService/GetJwks",
    "vectron.admin.v1.GetJwksRequest",
    "vectron.admin.v1.GetJwksResponse",
    (Route("GET", "/.well-known/jwks.json", False),),
    named=False,
)
ROTATE_SIGNING_KEY = Method(
    "/vectron.admin.v1.AdminService/RotateSigningKey",
    "vectron.admin.v1.RotateSigningKeyRequest",
    "vectron.admin.v1.RotateSigningKeyResponse",
    (Route("POST", "/v1/admin/signing-keys/rotate", True),),
    named=False,
)
REGISTER_USER = Method(
    "/vectron.auth.v1.AuthService/RegisterUser",
    "vectron.auth.v1.RegisterUserRequest",
    "vectron.auth.v1.RegisterUserResponse",
    (Route("POST", "/v1/users/register", True),),
    named=False,
)
LOGIN = Method(
    "/vectron.auth.v1.AuthService/Login",
    "vectron.auth.v1.LoginRequest",
    "vectron.auth.v1.LoginResponse",
    (Route("POST", "/v1/users/login", True),),
    named=False,
)
GET_USER_PROFILE = Method(
    "/vectron.auth.v1.AuthService/GetUserProfile",
    "vectron.auth.v1.GetUserProfileRequest",
    "vectron.auth.v1.GetUserProfileResponse",
    (Route("GET", "/v1/user/profile", False),),
    named=False,
)
UPDATE_USER_PROFILE = Method(
    "/vectron.auth.v1.AuthService/UpdateUserProfile",
    "vectron.auth.v1.UpdateUserProfileRequest",
    "vectron.auth.v1.UpdateUserProfileResponse",
    (Route("PUT", "/v1/user/profile", True),),
    named=False,
)
DELETE_USER = Method(
    "/vectron.auth.v1.AuthService/DeleteUser",
    "vectron.auth.v1.DeleteUserRequest",
    "vectron.auth.v1.DeleteUserResponse",
    (Route("POST", "/v1/user/delete", True),),
    named=False,
)
REFRESH_TOKEN = Method(
    "/vectron.auth.v1.AuthService/RefreshToken",
    "vectron.auth.v1.RefreshTokenRequest",
    "vectron.auth.v1.RefreshTokenResponse",
    (Route("POST", "/v1/auth/refresh", True),),
    named=False,
)
CREATE_APIKEY = Method(
    "/vectron.auth.v1.AuthService/CreateAPIKey",
    "vectron.auth.v1.CreateAPIKeyRequest",
    "vectron.auth.v1.CreateAPIKeyResponse",
    (Route("POST", "/v1/keys", True),),
    named=False,
)
LIST_APIKEYS = Method(
    "/vectron.auth.v1.AuthService/ListAPIKeys",
    "vectron.auth.v1.ListAPIKeysRequest",
    "vectron.auth.v1.ListAPIKeysResponse",
    (Route("GET", "/v1/keys", False),),
    named=False,
)
DELETE_APIKEY = Method(
    "/vectron.auth.v1.AuthService/DeleteAPIKey",
    "vectron.auth.v1.DeleteAPIKeyRequest",
    "vectron.auth.v1.DeleteAPIKeyResponse",
    (Route("DELETE", "/v1/keys/{key_prefix}", False),),
    named=False,
)
CREATE_SDKJWT = Method(
    "/vectron.auth.v1.AuthService/CreateSDKJWT",
    "vectron.auth.v1.CreateSDKJWTRequest",
    "vectron.auth.v1.CreateSDKJWTResponse",
    (Route("POST", "/v1/sdk-jwt", True),),
    named=False,
)
LOGOUT = Method(
    "/vectron.auth.v1.AuthService/Logout",
    "vectron.auth.v1.LogoutRequest",
    "vectron.auth.v1.LogoutResponse",
    (Route("POST", "/v1/auth/logout", True),),
    named=False,
)
CHANGE_PASSWORD = Method(
    "/vectron.auth.v1.AuthService/ChangePassword",
    "vectron.auth.v1.ChangePasswordRequest",
    "vectron.auth.v1.ChangePasswordResponse",
    (Route("POST", "/v1/user/password", True),),
    named=False,
)
SET_USER_ROLE = Method(
    "/vectron.auth.v1.AuthService/SetUserRole",
    "vectron.auth.v1.SetUserRoleRequest",
    "vectron.auth.v1.SetUserRoleResponse",
    (Route("PUT", "/v1/admin/users/{user_id}/role", True),),
    named=False,
)
INVITE_USER = Method(
    "/vectron.auth.v1.AuthService/InviteUser",
    "vectron.auth.v1.InviteUserRequest",
    "vectron.auth.v1.InviteUserResponse",
    (Route("POST", "/v1/invitations", True),),
    named=False,
)
LIST_INVITATIONS = Method(
    "/vectron.auth.v1.AuthService/ListInvitations",
    "vectron.auth.v1.ListInvitationsRequest",
    "vectron.auth.v1.ListInvitationsResponse",
    (Route("GET", "/v1/invitations", False),),
    named=False,
)
DELETE_INVITATION = Method(
    "/vectron.auth.v1.AuthService/DeleteInvitation",
    "vectron.auth.v1.DeleteInvitationRequest",
    "vectron.auth.v1.DeleteInvitationResponse",
    (Route("DELETE", "/v1/invitations/{id}", False),),
    named=False,
)
LIST_USERS = Method(
    "/vectron.auth.v1.AuthService/ListUsers",
    "vectron.auth.v1.ListUsersRequest",
    "vectron.auth.v1.ListUsersResponse",
    (Route("GET", "/v1/admin/users", False),),
    named=False,
)
SET_USER_DISABLED = Method(
    "/vectron.auth.v1.AuthService/SetUserDisabled",
    "vectron.auth.v1.SetUserDisabledRequest",
    "vectron.auth.v1.SetUserDisabledResponse",
    (Route("PUT", "/v1/admin/users/{user_id}/disabled", True),),
    named=False,
)
RESET_PASSWORD = Method(
    "/vectron.auth.v1.AuthService/ResetPassword",
    "vectron.auth.v1.ResetPasswordRequest",
    "vectron.auth.v1.ResetPasswordResponse",
    (Route("POST", "/v1/admin/users/{user_id}/reset-password", True),),
    named=False,
)
REMOVE_USER = Method(
    "/vectron.auth.v1.AuthService/RemoveUser",
    "vectron.auth.v1.RemoveUserRequest",
    "vectron.auth.v1.RemoveUserResponse",
    (Route("DELETE", "/v1/admin/users/{user_id}", False),),
    named=False,
)
CREATE_COLLECTION = Method(
    "/vectron.v1.VectronService/CreateCollection",
    "vectron.v1.CreateCollectionRequest",
    "vectron.v1.CreateCollectionResponse",
    (Route("POST", "/v1/collections", True),),
    named=False,
)
DELETE_COLLECTION = Method(
    "/vectron.v1.VectronService/DeleteCollection",
    "vectron.v1.DeleteCollectionRequest",
    "vectron.v1.DeleteCollectionResponse",
    (Route("DELETE", "/v1/collections/{name}", False),),
    named=False,
)
UPSERT = Method(
    "/vectron.v1.VectronService/Upsert",
    "vectron.v1.UpsertRequest",
    "vectron.v1.UpsertResponse",
    (Route("POST", "/v1/collections/{collection}/points", True), Route("POST", "/v1/upsert", True)),
    named=True,
)
SEARCH = Method(
    "/vectron.v1.VectronService/Search",
    "vectron.v1.SearchRequest",
    "vectron.v1.SearchResponse",
    (Route("POST", "/v1/collections/{collection}/points/search", True), Route("POST", "/v1/search", True)),
    named=False,
)
GET = Method(
    "/vectron.v1.VectronService/Get",
    "vectron.v1.GetRequest",
    "vectron.v1.GetResponse",
    (Route("GET", "/v1/collections/{collection}/points/{id}", False), Route("POST", "/v1/points/get", True)),
    named=False,
)
DELETE = Method(
    "/vectron.v1.VectronService/Delete",
    "vectron.v1.DeleteRequest",
    "vectron.v1.DeleteResponse",
    (Route("DELETE", "/v1/collections/{collection}/points/{id}", False), Route("POST", "/v1/points/delete", True)),
    named=True,
)
LIST_COLLECTIONS = Method(
    "/vectron.v1.VectronService/ListCollections",
    "vectron.v1.ListCollectionsRequest",
    "vectron.v1.ListCollectionsResponse",
    (Route("GET", "/v1/collections", False),),
    named=False,
)
GET_COLLECTION_STATUS = Method(
    "/vectron.v1.VectronService/GetCollectionStatus",
    "vectron.v1.GetCollectionStatusRequest",
    "vectron.v1.GetCollectionStatusResponse",
    (Route("GET", "/v1/collections/{name}/status", False), Route("GET", "/v1/collections/{name}", False)),
    named=False,
)
UPDATE_COLLECTION = Method(
    "/vectron.v1.VectronService/UpdateCollection",
    "vectron.v1.UpdateCollectionRequest",
    "vectron.v1.UpdateCollectionResponse",
    (Route("PUT", "/v1/collections/{name}/settings", True),),
    named=False,
)
SUBMIT_FEEDBACK = Method(
    "/vectron.v1.VectronService/SubmitFeedback",
    "vectron.v1.SubmitFeedbackRequest",
    "vectron.v1.SubmitFeedbackResponse",
    (Route("POST", "/v1/feedback", True),),
    named=False,
)
LIST_POINTS = Method(
    "/vectron.v1.VectronService/ListPoints",
    "vectron.v1.ListPointsRequest",
    "vectron.v1.ListPointsResponse",
    (Route("GET", "/v1/collections/{collection}/points", False), Route("POST", "/v1/collections/{collection}/points/list", True)),
    named=False,
)
LIST_CHANGES = Method(
    "/vectron.v1.VectronService/ListChanges",
    "vectron.v1.ListChangesRequest",
    "vectron.v1.ListChangesResponse",
    (Route("GET", "/v1/collections/{collection}/changes", False),),
    named=False,
)
OPEN_SNAPSHOT = Method(
    "/vectron.v1.VectronService/OpenSnapshot",
    "vectron.v1.OpenSnapshotRequest",
    "vectron.v1.OpenSnapshotResponse",
    (Route("POST", "/v1/collections/{collection}/snapshots", True),),
    named=False,
)
CLOSE_SNAPSHOT = Method(
    "/vectron.v1.VectronService/CloseSnapshot",
    "vectron.v1.CloseSnapshotRequest",
    "vectron.v1.CloseSnapshotResponse",
    (Route("DELETE", "/v1/collections/{collection}/snapshots/{snapshot}", False),),
    named=False,
)
QUERY = Method(
    "/vectron.v1.VectronService/Query",
    "vectron.v1.QueryRequest",
    "vectron.v1.QueryResponse",
    (Route("POST", "/v1/collections/{collection}/points/query", True),),
    named=False,
)
QUERY_BATCH = Method(
    "/vectron.v1.VectronService/QueryBatch",
    "vectron.v1.QueryBatchRequest",
    "vectron.v1.QueryBatchResponse",
    (Route("POST", "/v1/query/batch", True),),
    named=False,
)
COUNT_POINTS = Method(
    "/vectron.v1.VectronService/CountPoints",
    "vectron.v1.CountPointsRequest",
    "vectron.v1.CountPointsResponse",
    (Route("POST", "/v1/collections/{collection}/points/count", True),),
    named=False,
)
FACET_POINTS = Method(
    "/vectron.v1.VectronService/FacetPoints",
    "vectron.v1.FacetPointsRequest",
    "vectron.v1.FacetPointsResponse",
    (Route("POST", "/v1/collections/{collection}/points/facets", True),),
    named=False,
)
MEASURE_RECALL = Method(
    "/vectron.v1.VectronService/MeasureRecall",
    "vectron.v1.MeasureRecallRequest",
    "vectron.v1.MeasureRecallResponse",
    (Route("POST", "/v1/collections/{collection}/recall:measure", True),),
    named=False,
)
UPDATE_POINTS = Method(
    "/vectron.v1.VectronService/UpdatePoints",
    "vectron.v1.UpdatePointsRequest",
    "vectron.v1.UpdatePointsResponse",
    (Route("POST", "/v1/collections/{collection}/points/update", True),),
    named=True,
)
DELETE_POINTS = Method(
    "/vectron.v1.VectronService/DeletePoints",
    "vectron.v1.DeletePointsRequest",
    "vectron.v1.DeletePointsResponse",
    (Route("POST", "/v1/collections/{collection}/points/delete", True),),
    named=True,
)
LIST_INDEXES = Method(
    "/vectron.v1.VectronService/ListIndexes",
    "vectron.v1.ListIndexesRequest",
    "vectron.v1.ListIndexesResponse",
    (Route("GET", "/v1/collections/{collection}/indexes", False),),
    named=False,
)
CREATE_INDEX = Method(
    "/vectron.v1.VectronService/CreateIndex",
    "vectron.v1.CreateIndexRequest",
    "vectron.v1.CreateIndexResponse",
    (Route("POST", "/v1/collections/{collection}/indexes", True),),
    named=False,
)
ANALYZE = Method(
    "/vectron.v1.VectronService/Analyze",
    "vectron.v1.AnalyzeRequest",
    "vectron.v1.AnalyzeResponse",
    (Route("POST", "/v1/collections/{collection}/analyze", True),),
    named=False,
)
DELETE_INDEX = Method(
    "/vectron.v1.VectronService/DeleteIndex",
    "vectron.v1.DeleteIndexRequest",
    "vectron.v1.DeleteIndexResponse",
    (Route("POST", "/v1/collections/{collection}/indexes/delete", True),),
    named=False,
)
LIST_ALIASES = Method(
    "/vectron.v1.VectronService/ListAliases",
    "vectron.v1.ListAliasesRequest",
    "vectron.v1.ListAliasesResponse",
    (Route("GET", "/v1/aliases", False),),
    named=False,
)
UPDATE_ALIASES = Method(
    "/vectron.v1.VectronService/UpdateAliases",
    "vectron.v1.UpdateAliasesRequest",
    "vectron.v1.UpdateAliasesResponse",
    (Route("POST", "/v1/aliases", True),),
    named=False,
)
SEARCH_BATCH = Method(
    "/vectron.v1.VectronService/SearchBatch",
    "vectron.v1.SearchBatchRequest",
    "vectron.v1.SearchBatchResponse",
    (Route("POST", "/v1/collections/{collection}/points/search/batch", True),),
    named=False,
)
UPSERT_STREAM = Method(
    "/vectron.v1.VectronService/UpsertStream",
    "vectron.v1.UpsertBatch",
    "vectron.v1.UpsertAck",
    (),
    named=False,
)

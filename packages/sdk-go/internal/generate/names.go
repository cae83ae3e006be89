package main

// A request becomes the options of a call: a struct without what the call has as arguments (`leave`).
var requests = []struct {
	message, name string
	leave         []string
}{
	{"vectron.v1.CreateCollectionRequest", "CollectionOptions", []string{"name"}},
	{"vectron.v1.Point", "Point", nil},
	{"vectron.v1.UpdateCollectionRequest", "CollectionChange", []string{"name"}},
	{"vectron.v1.SearchRequest", "SearchOptions", nil},
	{"vectron.v1.SearchBatchRequest", "SearchBatchOptions", nil},
	{"vectron.v1.QueryRequest", "QueryOptions", nil},
	{"vectron.v1.GetRequest", "GetOptions", []string{"id"}},
	{"vectron.v1.ListPointsRequest", "ListOptions", nil},
	{"vectron.v1.ListChangesRequest", "ChangesOptions", nil},
	{"vectron.v1.CountPointsRequest", "CountOptions", nil},
	{"vectron.v1.FacetPointsRequest", "FacetOptions", []string{"path"}},
	{"vectron.v1.UpdatePointsRequest", "PayloadUpdate", nil},
	{"vectron.v1.DeletePointsRequest", "PointsSelector", nil},
	{"vectron.v1.MeasureRecallRequest", "RecallOptions", nil},
	{"vectron.v1.AnalyzeRequest", "AnalyzeOptions", []string{"text"}},
	{"vectron.v1.CreateIndexRequest", "IndexTarget", nil},
	{"vectron.v1.UpdateAliasesRequest", "AliasChanges", nil},
	{"vectron.v1.SubmitFeedbackRequest", "Feedback", nil},
	{"vectron.auth.v1.InviteUserRequest", "InvitationOptions", []string{"email"}},
	{"vectron.auth.v1.CreateAPIKeyRequest", "APIKeyOptions", []string{"name"}},
	{"vectron.auth.v1.RemoveUserRequest", "Inheritance", []string{"user_id"}},
	{"vectron.admin.v1.PutAlertRuleRequest", "AlertRuleChange", []string{"rule"}},
}

// answers are the messages that calls give.
var answers = []string{
	"vectron.v1.UpsertResponse", "vectron.v1.SearchResponse", "vectron.v1.SearchBatchResponse", "vectron.v1.GetResponse",
	"vectron.v1.DeleteResponse", "vectron.v1.CollectionInfo", "vectron.v1.GetCollectionStatusResponse",
	"vectron.v1.CreateCollectionRequest", "vectron.v1.ListPointsResponse", "vectron.v1.ListChangesResponse", "vectron.v1.QueryResponse",
	"vectron.v1.MeasureRecallResponse", "vectron.v1.CountPointsResponse", "vectron.v1.FacetPointsResponse",
	"vectron.v1.UpdatePointsResponse", "vectron.v1.DeletePointsResponse", "vectron.v1.ListIndexesResponse", "vectron.v1.Token",
	"vectron.v1.Alias", "vectron.v1.SnapshotShard",
	"vectron.auth.v1.LoginResponse", "vectron.auth.v1.RefreshTokenResponse", "vectron.auth.v1.UserProfile", "vectron.auth.v1.APIKey",
	"vectron.auth.v1.Invitation", "vectron.auth.v1.RemoveUserResponse",
	"vectron.admin.v1.GetHealthResponse", "vectron.admin.v1.GetStatsResponse", "vectron.admin.v1.Worker",
	"vectron.admin.v1.TenantCollection", "vectron.admin.v1.GetClusterStatusResponse", "vectron.admin.v1.Shard",
	"vectron.admin.v1.ListOperationsResponse", "vectron.admin.v1.RebalanceResponse", "vectron.admin.v1.Alert",
	"vectron.admin.v1.AlertRule", "vectron.admin.v1.AuditEntry", "vectron.admin.v1.VerifyAuditResponse",
	"vectron.admin.v1.ListSlowQueriesResponse",
}

// Names of messages in Go, where they are not their own; `answerNames`: of those that are read and written, when they are read.
var goNames = map[string]string{
	"SearchResult": "Hit", "SearchResponse": "SearchResult", "SearchBatchResponse": "SearchBatchResult", "GetResponse": "GetResult",
	"UpsertResponse": "UpsertResult", "DeleteResponse": "DeleteResult", "GetCollectionStatusResponse": "CollectionStatus",
	"ListPointsResponse": "Page", "ListChangesResponse": "Changes", "PointChange": "Change", "QueryResponse": "QueryResult",
	"MeasureRecallResponse": "RecallMeasurement", "CountPointsResponse": "CountResult", "FacetPointsResponse": "FacetResult",
	"UpdatePointsResponse": "UpdateResult", "DeletePointsResponse": "DeletePointsResult", "ListIndexesResponse": "Indexes",
	"ReadConsistency": "Consistency", "LoginResponse": "Login", "RefreshTokenResponse": "Tokens", "UserProfile": "Account",
	"APIKey": "APIKeyInfo", "RemoveUserResponse": "AccountRemoval", "GetHealthResponse": "Health", "GetStatsResponse": "Stats",
	"GetClusterStatusResponse": "ClusterStatus", "ListOperationsResponse": "Operations", "RebalanceResponse": "Rebalancing",
	"VerifyAuditResponse": "AuditVerdict", "ResultGroup": "Group", "ListSlowQueriesResponse": "SlowQueries",
}
var answerNames = map[string]string{"Point": "StoredPoint"}

// Names of fields in Go, where they are not their own.
var fieldNames = map[string]string{
	"SearchRequest.include_metadata": "IncludePayload", "SearchBatchRequest.include_metadata": "IncludePayload",
	"QueryRequest.include_metadata": "IncludePayload", "SearchResponse.results": "Hits", "QueryResponse.results": "Hits",
	"ResultGroup.results": "Hits", "LoginResponse.user": "Account", "LoginResponse.jwt_token": "Token",
	"RefreshTokenResponse.jwt_token": "Token", "QueryRequest.rescore_vector_f32": "RescoreVector",
}

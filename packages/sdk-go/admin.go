package vectron

import (
	"context"
	"iter"

	"vectron.dev/sdk-go/internal/contract"
	"vectron.dev/sdk-go/internal/generated/adminv1"
	"vectron.dev/sdk-go/internal/generated/authv1"
)

// Admin is management, for administrators but for Health. Workers are named by number or id.
type Admin struct{ client *Client }

// Admin is the management of the server.
func (c *Client) Admin() Admin { return Admin{c} }

// Health asks every service and worker how it is.
func (a Admin) Health(ctx context.Context) (*Health, error) {
	answer, err := ask[adminv1.GetHealthResponse](ctx, a.client, contract.AdminGetHealth, &adminv1.GetHealthRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeHealth)
}

// Stats are totals over all tenants.
func (a Admin) Stats(ctx context.Context) (*Stats, error) {
	answer, err := ask[adminv1.GetStatsResponse](ctx, a.client, contract.AdminGetStats, &adminv1.GetStatsRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeStats)
}

// Workers are the workers as they reported last.
func (a Admin) Workers(ctx context.Context) ([]Worker, error) {
	answer, err := ask[adminv1.ListWorkersResponse](ctx, a.client, contract.AdminListWorkers, &adminv1.ListWorkersRequest{})
	return decodeList(&decoder{}, answer.GetWorkers(), decodeWorker), err
}

// Collections are those of all tenants.
func (a Admin) Collections(ctx context.Context) ([]TenantCollection, error) {
	request := &adminv1.ListAllCollectionsRequest{}
	answer, err := ask[adminv1.ListAllCollectionsResponse](ctx, a.client, contract.AdminListAllCollections, request)
	return decodeList(&decoder{}, answer.GetCollections(), decodeTenantCollection), err
}

// Cluster says how the cluster is.
func (a Admin) Cluster(ctx context.Context) (*ClusterStatus, error) {
	request := &adminv1.GetClusterStatusRequest{}
	answer, err := ask[adminv1.GetClusterStatusResponse](ctx, a.client, contract.AdminGetClusterStatus, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeClusterStatus)
}

// Shards are those of all collections.
func (a Admin) Shards(ctx context.Context) ([]Shard, error) {
	answer, err := ask[adminv1.ListShardsResponse](ctx, a.client, contract.AdminListShards, &adminv1.ListShardsRequest{})
	return decodeList(&decoder{}, answer.GetShards(), decodeShard), err
}

// Operations are the moves and splits under way, and those that ended, the newest first; limit of those, at most 500; 0: 100.
func (a Admin) Operations(ctx context.Context, limit uint32) (*Operations, error) {
	request := &adminv1.ListOperationsRequest{Limit: limit}
	answer, err := ask[adminv1.ListOperationsResponse](ctx, a.client, contract.AdminListOperations, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperations)
}

// DrainWorker has a worker's replicas moved to others.
func (a Admin) DrainWorker(ctx context.Context, worker string) error {
	request := &adminv1.DrainWorkerRequest{Worker: worker}
	_, err := ask[adminv1.DrainWorkerResponse](ctx, a.client, contract.AdminDrainWorker, request)
	return err
}

// CancelDrain takes DrainWorker back: the worker keeps what it has left, and gets replicas again.
func (a Admin) CancelDrain(ctx context.Context, worker string) error {
	request := &adminv1.DrainWorkerRequest{Worker: worker, Cancel: true}
	_, err := ask[adminv1.DrainWorkerResponse](ctx, a.client, contract.AdminDrainWorker, request)
	return err
}

// RemoveWorker forgets a worker that holds no shard any more.
func (a Admin) RemoveWorker(ctx context.Context, worker string) error {
	request := &adminv1.RemoveWorkerRequest{Worker: worker}
	_, err := ask[adminv1.RemoveWorkerResponse](ctx, a.client, contract.AdminRemoveWorker, request)
	return err
}

// MoveReplica moves a replica of a shard from one worker to another. It is not repeated when its answer is lost.
func (a Admin) MoveReplica(ctx context.Context, shard uint32, from, to string) (*Operation, error) {
	request := &adminv1.MoveReplicaRequest{ShardId: shard, From: from, To: to}
	answer, err := ask[adminv1.Operation](ctx, a.client, contract.AdminMoveReplica, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperation)
}

// SplitShard splits a shard in the middle of its key range. It is not repeated when its answer is lost.
func (a Admin) SplitShard(ctx context.Context, shard uint32) (*Operation, error) {
	answer, err := ask[adminv1.Operation](ctx, a.client, contract.AdminSplitShard, &adminv1.SplitShardRequest{ShardId: shard})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperation)
}

// Rebalance begins what the planner would do now; with dryRun it only says it.
func (a Admin) Rebalance(ctx context.Context, dryRun bool) (*Rebalancing, error) {
	answer, err := ask[adminv1.RebalanceResponse](ctx, a.client, contract.AdminRebalance, &adminv1.RebalanceRequest{DryRun: dryRun})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeRebalancing)
}

// Alerts gives alerts, the newest first, at most 1,000. status: open, resolved or empty for both; level: warning, critical or empty.
func (a Admin) Alerts(ctx context.Context, status, level string) ([]Alert, error) {
	request := &adminv1.ListAlertsRequest{Status: status, Level: level}
	answer, err := ask[adminv1.ListAlertsResponse](ctx, a.client, contract.AdminListAlerts, request)
	return decodeList(&decoder{}, answer.GetAlerts(), decodeAlert), err
}

// ResolveAlert closes an alert.
func (a Admin) ResolveAlert(ctx context.Context, id string) error {
	_, err := ask[adminv1.ResolveAlertResponse](ctx, a.client, contract.AdminResolveAlert, &adminv1.ResolveAlertRequest{Id: id})
	return err
}

// AlertRules are what alerts are opened for.
func (a Admin) AlertRules(ctx context.Context) ([]AlertRule, error) {
	answer, err := ask[adminv1.ListAlertRulesResponse](ctx, a.client, contract.AdminListAlertRules, &adminv1.ListAlertRulesRequest{})
	return decodeList(&decoder{}, answer.GetRules(), decodeAlertRule), err
}

// SetAlertRule changes a rule.
func (a Admin) SetAlertRule(ctx context.Context, rule string, change AlertRuleChange) (*AlertRule, error) {
	request, err := encoded(&change, encodeAlertRuleChange)
	if err != nil {
		return nil, err
	}
	request.Rule = rule
	answer, err := ask[adminv1.AlertRule](ctx, a.client, contract.AdminPutAlertRule, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeAlertRule)
}

// SlowQueries lists the slowest requests of the gateway process that answers, slowest first: those that took longer than its
// --slow-query-ms. limit: at most 500; 0: 100.
func (a Admin) SlowQueries(ctx context.Context, limit uint32) (*SlowQueries, error) {
	request := &adminv1.ListSlowQueriesRequest{Limit: limit}
	answer, err := ask[adminv1.ListSlowQueriesResponse](ctx, a.client, contract.AdminListSlowQueries, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeSlowQueries)
}

// AuditEntries are those of the gateway that answers, the newest first; limit: at most 1,000; 0: 100.
func (a Admin) AuditEntries(ctx context.Context, limit uint32) ([]AuditEntry, error) {
	request := &adminv1.ListAuditEntriesRequest{Limit: limit}
	answer, err := ask[adminv1.ListAuditEntriesResponse](ctx, a.client, contract.AdminListAuditEntries, request)
	return decodeList(&decoder{}, answer.GetEntries(), decodeAuditEntry), err
}

// VerifyAudit says whether that log is whole.
func (a Admin) VerifyAudit(ctx context.Context) (*AuditVerdict, error) {
	answer, err := ask[adminv1.VerifyAuditResponse](ctx, a.client, contract.AdminVerifyAudit, &adminv1.VerifyAuditRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeAuditVerdict)
}

// ListUsers gives accounts by id, of one tenant or, when it is empty, of all. They are fetched as they are read.
func (a Admin) ListUsers(ctx context.Context, tenant string) iter.Seq2[Account, error] {
	return pages(func(token string) ([]Account, string, error) {
		request := &authv1.ListUsersRequest{TenantId: tenant, PageToken: token}
		answer, err := ask[authv1.ListUsersResponse](ctx, a.client, contract.AuthListUsers, request)
		return decodeList(&decoder{}, answer.GetUsers(), decodeAccount), answer.GetNextPageToken(), err
	})
}

// SetUserRole makes the role of an account read, write, metrics or admin.
func (a Admin) SetUserRole(ctx context.Context, user, role string) (*Account, error) {
	answer, err := ask[authv1.SetUserRoleResponse](ctx, a.client, contract.AuthSetUserRole, &authv1.SetUserRoleRequest{UserId: user, Role: role})
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// SetUserDisabled disables an account, or enables it again. A disabled account has no logins, and its API keys are refused.
func (a Admin) SetUserDisabled(ctx context.Context, user string, disabled bool) (*Account, error) {
	request := &authv1.SetUserDisabledRequest{UserId: user, Disabled: disabled}
	answer, err := ask[authv1.SetUserDisabledResponse](ctx, a.client, contract.AuthSetUserDisabled, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// ResetPassword gives a password that is good for one login, at which it must be changed. The logins of the account end.
func (a Admin) ResetPassword(ctx context.Context, user string) (string, error) {
	answer, err := ask[authv1.ResetPasswordResponse](ctx, a.client, contract.AuthResetPassword, &authv1.ResetPasswordRequest{UserId: user})
	return answer.GetPassword(), err
}

// RemoveUser deletes an account with its API keys.
func (a Admin) RemoveUser(ctx context.Context, user string, inheritance Inheritance) (*AccountRemoval, error) {
	request, err := encoded(&inheritance, encodeInheritance)
	if err != nil {
		return nil, err
	}
	request.UserId = user
	answer, err := ask[authv1.RemoveUserResponse](ctx, a.client, contract.AuthRemoveUser, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeAccountRemoval)
}

// RotateSigningKey signs tokens with a new key, whose id it gives; those of the old one are good until they expire.
func (a Admin) RotateSigningKey(ctx context.Context) (string, error) {
	request := &adminv1.RotateSigningKeyRequest{}
	answer, err := ask[adminv1.RotateSigningKeyResponse](ctx, a.client, contract.AdminRotateSigningKey, request)
	return answer.GetKid(), err
}

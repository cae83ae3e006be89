package vectron

import (
	"context"
	"iter"

	"vectron.dev/sdk-go/internal/contract"
	"vectron.dev/sdk-go/internal/generated/adminv1"
	"vectron.dev/sdk-go/internal/generated/authv1"
)

// Admin contains the management calls. All of them except Health require the role admin. Workers are named by their number or id.
type Admin struct{ client *Client }

// Admin returns the management calls of the server.
func (c *Client) Admin() Admin { return Admin{c} }

// Health queries the state of every service and worker.
func (a Admin) Health(ctx context.Context) (*Health, error) {
	answer, err := ask[adminv1.GetHealthResponse](ctx, a.client, contract.AdminGetHealth, &adminv1.GetHealthRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeHealth)
}

// Stats returns totals over all tenants.
func (a Admin) Stats(ctx context.Context) (*Stats, error) {
	answer, err := ask[adminv1.GetStatsResponse](ctx, a.client, contract.AdminGetStats, &adminv1.GetStatsRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeStats)
}

// Workers returns the workers as they last reported their state.
func (a Admin) Workers(ctx context.Context) ([]Worker, error) {
	answer, err := ask[adminv1.ListWorkersResponse](ctx, a.client, contract.AdminListWorkers, &adminv1.ListWorkersRequest{})
	return decodeList(&decoder{}, answer.GetWorkers(), decodeWorker), err
}

// Collections returns the collections of all tenants.
func (a Admin) Collections(ctx context.Context) ([]TenantCollection, error) {
	request := &adminv1.ListAllCollectionsRequest{}
	answer, err := ask[adminv1.ListAllCollectionsResponse](ctx, a.client, contract.AdminListAllCollections, request)
	return decodeList(&decoder{}, answer.GetCollections(), decodeTenantCollection), err
}

// Cluster returns a summary of the cluster.
func (a Admin) Cluster(ctx context.Context) (*ClusterStatus, error) {
	request := &adminv1.GetClusterStatusRequest{}
	answer, err := ask[adminv1.GetClusterStatusResponse](ctx, a.client, contract.AdminGetClusterStatus, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeClusterStatus)
}

// Shards returns the shards of all collections.
func (a Admin) Shards(ctx context.Context) ([]Shard, error) {
	answer, err := ask[adminv1.ListShardsResponse](ctx, a.client, contract.AdminListShards, &adminv1.ListShardsRequest{})
	return decodeList(&decoder{}, answer.GetShards(), decodeShard), err
}

// Operations returns the moves and splits in progress, and those that have ended, newest first: at most limit of them, up to 500; 0:
// 100.
func (a Admin) Operations(ctx context.Context, limit uint32) (*Operations, error) {
	request := &adminv1.ListOperationsRequest{Limit: limit}
	answer, err := ask[adminv1.ListOperationsResponse](ctx, a.client, contract.AdminListOperations, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperations)
}

// DrainWorker moves all replicas of a worker to other workers.
func (a Admin) DrainWorker(ctx context.Context, worker string) error {
	request := &adminv1.DrainWorkerRequest{Worker: worker}
	_, err := ask[adminv1.DrainWorkerResponse](ctx, a.client, contract.AdminDrainWorker, request)
	return err
}

// CancelDrain cancels DrainWorker: the worker keeps its remaining replicas, and gets new ones again.
func (a Admin) CancelDrain(ctx context.Context, worker string) error {
	request := &adminv1.DrainWorkerRequest{Worker: worker, Cancel: true}
	_, err := ask[adminv1.DrainWorkerResponse](ctx, a.client, contract.AdminDrainWorker, request)
	return err
}

// RemoveWorker removes a worker that holds no shard. Fails with CONFLICT if it still holds shards.
func (a Admin) RemoveWorker(ctx context.Context, worker string) error {
	request := &adminv1.RemoveWorkerRequest{Worker: worker}
	_, err := ask[adminv1.RemoveWorkerResponse](ctx, a.client, contract.AdminRemoveWorker, request)
	return err
}

// MoveReplica starts to move a replica of a shard from one worker to another. It is not repeated if its answer is lost.
func (a Admin) MoveReplica(ctx context.Context, shard uint32, from, to string) (*Operation, error) {
	request := &adminv1.MoveReplicaRequest{ShardId: shard, From: from, To: to}
	answer, err := ask[adminv1.Operation](ctx, a.client, contract.AdminMoveReplica, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperation)
}

// SplitShard starts to split a shard in the middle of its hash range. It is not repeated if its answer is lost.
func (a Admin) SplitShard(ctx context.Context, shard uint32) (*Operation, error) {
	answer, err := ask[adminv1.Operation](ctx, a.client, contract.AdminSplitShard, &adminv1.SplitShardRequest{ShardId: shard})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeOperation)
}

// Rebalance starts the actions that the planner would take now; with dryRun it only reports them.
func (a Admin) Rebalance(ctx context.Context, dryRun bool) (*Rebalancing, error) {
	answer, err := ask[adminv1.RebalanceResponse](ctx, a.client, contract.AdminRebalance, &adminv1.RebalanceRequest{DryRun: dryRun})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeRebalancing)
}

// Alerts returns alerts, newest first, at most 1,000. status is open, resolved, or empty for both; level is warning, critical, or empty
// for both.
func (a Admin) Alerts(ctx context.Context, status, level string) ([]Alert, error) {
	request := &adminv1.ListAlertsRequest{Status: status, Level: level}
	answer, err := ask[adminv1.ListAlertsResponse](ctx, a.client, contract.AdminListAlerts, request)
	return decodeList(&decoder{}, answer.GetAlerts(), decodeAlert), err
}

// ResolveAlert closes an alert. Fails with NOT_FOUND if there is no such alert.
func (a Admin) ResolveAlert(ctx context.Context, id string) error {
	_, err := ask[adminv1.ResolveAlertResponse](ctx, a.client, contract.AdminResolveAlert, &adminv1.ResolveAlertRequest{Id: id})
	return err
}

// AlertRules returns the rules by which alerts are opened.
func (a Admin) AlertRules(ctx context.Context) ([]AlertRule, error) {
	answer, err := ask[adminv1.ListAlertRulesResponse](ctx, a.client, contract.AdminListAlertRules, &adminv1.ListAlertRulesRequest{})
	return decodeList(&decoder{}, answer.GetRules(), decodeAlertRule), err
}

// SetAlertRule changes an alert rule. Fields that are nil remain unchanged.
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

// AuditEntries returns the entries of the audit log of the gateway that answers, newest first: at most limit of them, up to 1,000; 0:
// 100.
func (a Admin) AuditEntries(ctx context.Context, limit uint32) ([]AuditEntry, error) {
	request := &adminv1.ListAuditEntriesRequest{Limit: limit}
	answer, err := ask[adminv1.ListAuditEntriesResponse](ctx, a.client, contract.AdminListAuditEntries, request)
	return decodeList(&decoder{}, answer.GetEntries(), decodeAuditEntry), err
}

// VerifyAudit verifies the audit log of the gateway that answers: that no entry was changed and that none is missing.
func (a Admin) VerifyAudit(ctx context.Context) (*AuditVerdict, error) {
	answer, err := ask[adminv1.VerifyAuditResponse](ctx, a.client, contract.AdminVerifyAudit, &adminv1.VerifyAuditRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeAuditVerdict)
}

// ListUsers returns accounts in the order of their ids: those of one tenant, or of all tenants if it is empty. Pages are fetched while
// the sequence is read; an error is its last element.
func (a Admin) ListUsers(ctx context.Context, tenant string) iter.Seq2[Account, error] {
	return pages(func(token string) ([]Account, string, error) {
		request := &authv1.ListUsersRequest{TenantId: tenant, PageToken: token}
		answer, err := ask[authv1.ListUsersResponse](ctx, a.client, contract.AuthListUsers, request)
		return decodeList(&decoder{}, answer.GetUsers(), decodeAccount), answer.GetNextPageToken(), err
	})
}

// SetUserRole sets the role of an account: read, write, metrics or admin.
func (a Admin) SetUserRole(ctx context.Context, user, role string) (*Account, error) {
	answer, err := ask[authv1.SetUserRoleResponse](ctx, a.client, contract.AuthSetUserRole, &authv1.SetUserRoleRequest{UserId: user, Role: role})
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// SetUserDisabled disables or enables an account. A disabled account cannot log in, and its API keys are refused.
func (a Admin) SetUserDisabled(ctx context.Context, user string, disabled bool) (*Account, error) {
	request := &authv1.SetUserDisabledRequest{UserId: user, Disabled: disabled}
	answer, err := ask[authv1.SetUserDisabledResponse](ctx, a.client, contract.AuthSetUserDisabled, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// ResetPassword returns a new password, which is valid for one login, at which it must be changed. The logins of the account end.
func (a Admin) ResetPassword(ctx context.Context, user string) (string, error) {
	answer, err := ask[authv1.ResetPasswordResponse](ctx, a.client, contract.AuthResetPassword, &authv1.ResetPasswordRequest{UserId: user})
	return answer.GetPassword(), err
}

// RemoveUser deletes an account with its API keys. The inheritance says what happens to the collections of the tenant if this is its
// last account.
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

// RotateSigningKey signs tokens with a new key from now on, and returns its id. Tokens of the old key remain valid until they expire.
func (a Admin) RotateSigningKey(ctx context.Context) (string, error) {
	request := &adminv1.RotateSigningKeyRequest{}
	answer, err := ask[adminv1.RotateSigningKeyResponse](ctx, a.client, contract.AdminRotateSigningKey, request)
	return answer.GetKid(), err
}

"""Management of a server. All methods except ``health`` require the role admin. Workers are named by their number or id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from .._generated import methods as m
from .._generated.answers import (
    Account,
    AccountRemoval,
    Alert,
    AlertRule,
    AuditEntry,
    AuditVerification,
    ClusterStatus,
    Health,
    Operation,
    Operations,
    Rebalancing,
    Shard,
    SlowQueries,
    Stats,
    TenantCollection,
    Worker,
)
from .._requests import given
from .transport import AsyncCaller


class AsyncAdmin:
    """Calls of operators; proto/admin/admin.proto describes each field."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._call = caller.call

    async def health(self, *, timeout: float | None = None) -> Health:
        """Queries the state of every service and worker."""
        health: Health = await self._call(m.GET_HEALTH, {}, timeout)
        return health

    async def stats(self, *, timeout: float | None = None) -> Stats:
        """Returns totals over all tenants."""
        stats: Stats = await self._call(m.GET_STATS, {}, timeout)
        return stats

    async def workers(self, *, timeout: float | None = None) -> list[Worker]:
        workers: list[Worker] = (await self._call(m.LIST_WORKERS, {}, timeout)).workers
        return workers

    async def collections(self, *, timeout: float | None = None) -> list[TenantCollection]:
        """Returns the collections of all tenants."""
        found: list[TenantCollection] = (await self._call(m.LIST_ALL_COLLECTIONS, {}, timeout)).collections
        return found

    async def cluster(self, *, timeout: float | None = None) -> ClusterStatus:
        status: ClusterStatus = await self._call(m.GET_CLUSTER_STATUS, {}, timeout)
        return status

    async def shards(self, *, timeout: float | None = None) -> list[Shard]:
        shards: list[Shard] = (await self._call(m.LIST_SHARDS, {}, timeout)).shards
        return shards

    async def operations(self, *, limit: int | None = None, timeout: float | None = None) -> Operations:
        """
        Returns the operations in progress, and those that have ended, newest first: at most ``limit`` of them, up to 500, default 100.
        """
        found: Operations = await self._call(m.LIST_OPERATIONS, given(limit=limit), timeout)
        return found

    async def drain_worker(self, worker: str | int, *, cancel: bool = False, timeout: float | None = None) -> None:
        """Moves all replicas of a worker to other workers; with ``cancel``, cancels that."""
        await self._call(m.DRAIN_WORKER, given(worker=str(worker), cancel=cancel), timeout)

    async def remove_worker(self, worker: str | int, *, timeout: float | None = None) -> None:
        await self._call(m.REMOVE_WORKER, given(worker=str(worker)), timeout)

    async def move_replica(self, shard_id: int, *, from_worker: str | int, to_worker: str | int, timeout: float | None = None) -> Operation:
        request = {**given(shard_id=shard_id, to=str(to_worker)), "from": str(from_worker)}
        operation: Operation = await self._call(m.MOVE_REPLICA, request, timeout)
        return operation

    async def split_shard(self, shard_id: int, *, timeout: float | None = None) -> Operation:
        operation: Operation = await self._call(m.SPLIT_SHARD, given(shard_id=shard_id), timeout)
        return operation

    async def rebalance(self, *, dry_run: bool = False, timeout: float | None = None) -> Rebalancing:
        planned: Rebalancing = await self._call(m.REBALANCE, given(dry_run=dry_run), timeout)
        return planned

    async def alerts(self, *, status: str | None = None, level: str | None = None, timeout: float | None = None) -> list[Alert]:
        alerts: list[Alert] = (await self._call(m.LIST_ALERTS, given(status=status, level=level), timeout)).alerts
        return alerts

    async def resolve_alert(self, id: str, *, timeout: float | None = None) -> None:
        await self._call(m.RESOLVE_ALERT, given(id=id), timeout)

    async def alert_rules(self, *, timeout: float | None = None) -> list[AlertRule]:
        rules: list[AlertRule] = (await self._call(m.LIST_ALERT_RULES, {}, timeout)).rules
        return rules

    async def set_alert_rule(
        self,
        rule: str,
        *,
        enabled: bool | None = None,
        level: str | None = None,
        threshold: float | None = None,
        timeout: float | None = None,
    ) -> AlertRule:
        """Changes an alert rule. Arguments that are None remain unchanged."""
        request = given(rule=rule, enabled=enabled, level=level, threshold=threshold)
        made: AlertRule = await self._call(m.PUT_ALERT_RULE, request, timeout)
        return made

    async def slow_queries(self, *, limit: int | None = None, timeout: float | None = None) -> SlowQueries:
        """Lists the slowest requests of the gateway process that answers, slowest first: those that took longer than its
        ``--slow-query-ms``. ``limit``: at most 500, default 100."""
        found: SlowQueries = await self._call(m.LIST_SLOW_QUERIES, given(limit=limit), timeout)
        return found

    async def audit_entries(self, *, limit: int | None = None, timeout: float | None = None) -> list[AuditEntry]:
        found: list[AuditEntry] = (await self._call(m.LIST_AUDIT_ENTRIES, given(limit=limit), timeout)).entries
        return found

    async def verify_audit(self, *, timeout: float | None = None) -> AuditVerification:
        verified: AuditVerification = await self._call(m.VERIFY_AUDIT, {}, timeout)
        return verified

    async def list_users(self, *, tenant_id: str | None = None, page_size: int | None = None) -> AsyncIterator[Account]:
        """Returns the accounts of a tenant, or of all tenants. Pages are fetched while the result is read."""
        token: str | None = None
        while True:
            request = given(tenant_id=tenant_id, page_size=page_size, page_token=token)
            page = await self._call(m.LIST_USERS, request)
            for one in page.users:
                yield one
            token = page.next_page_token or None
            if token is None:
                return

    async def set_user_role(self, user_id: str, role: str, *, timeout: float | None = None) -> Account:
        account: Account = (await self._call(m.SET_USER_ROLE, given(user_id=user_id, role=role), timeout)).user
        return account

    async def set_user_disabled(self, user_id: str, disabled: bool, *, timeout: float | None = None) -> Account:
        request = given(user_id=user_id, disabled=disabled)
        account: Account = (await self._call(m.SET_USER_DISABLED, request, timeout)).user
        return account

    async def reset_password(self, user_id: str, *, timeout: float | None = None) -> str:
        """Returns a new password, which is valid for one login, at which it must be changed. It is shown only in this answer."""
        return str((await self._call(m.RESET_PASSWORD, given(user_id=user_id), timeout)).password)

    async def remove_user(
        self,
        user_id: str,
        *,
        heir: str | None = None,
        delete_collections: bool | None = None,
        timeout: float | None = None,
    ) -> AccountRemoval:
        """Deletes another account, as ``delete_account`` of the client."""
        request = given(user_id=user_id, heir=heir, delete_collections=delete_collections)
        gone: AccountRemoval = await self._call(m.REMOVE_USER, request, timeout)
        return gone

    async def rotate_signing_key(self, *, timeout: float | None = None) -> str:
        """Signs tokens with a new key from now on, and returns its id."""
        answer: Any = await self._call(m.ROTATE_SIGNING_KEY, {}, timeout)
        return str(answer.kid)

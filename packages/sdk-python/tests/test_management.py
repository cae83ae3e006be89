"""Collections, aliases, accounts, keys and management."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

import pytest
from server import Server

import vectron
from vectron import Client


def test_collections_are_made_described_and_changed(db: Client) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    db.create_collection(
        name,
        dimension=4,
        distance="dot",
        shards=2,
        indexes=[{"path": "year", "type": "integer"}],
        named_vectors=[vectron.NamedVector(name="title", dimension=2)],
        embedding={"provider": "local"},
    )
    with pytest.raises(vectron.AlreadyExistsError) as raised:
        db.create_collection(name, dimension=4)
    assert raised.value.code == "COLLECTION_EXISTS"
    status = db.collection_status(name)
    assert (status.dimension, status.distance, len(status.shards), status.points) == (4, "dot", 2, 0)
    assert status.settings is not None and status.settings.embedding is not None
    assert name in [one.name for one in db.list_collections()]
    assert db.update_collection(name, durability="relaxed").durability.startswith("relaxed")
    db.upsert(name, [vectron.Point("a", text="a mail server")])
    assert db.search(name, text="mail server").hits[0].payload == {"text": "a mail server"}
    alias = f"a-{name}"
    db.update_aliases(set={alias: name})
    assert (alias, name) in [(one.alias, one.collection) for one in db.list_aliases()]
    assert db.count(alias).count == 1
    found = db.search(alias, like_id="a")
    assert db.feedback(alias, [{"result_id": "a", "clicked": True}], query_id=found.query_id)
    assert db.measure_recall(alias, queries=1, top_k=1).recall == 1
    db.update_aliases(delete=[alias])
    db.delete_collection(name)
    with pytest.raises(vectron.NotFoundError):
        db.delete_collection(name)


def test_an_account_logs_in_and_makes_keys(server: Server, url: str) -> None:
    email, password = f"{uuid.uuid4().hex}@example.org", "correct horse battery"
    with vectron.connect(url) as nobody:
        with pytest.raises(vectron.UnauthenticatedError):
            nobody.list_collections()
        account = nobody.register(email, password)
        assert account.email == email and account.created_at is not None
        with pytest.raises(vectron.UnauthenticatedError):
            nobody.login(email, "something else")
        login = nobody.login(email, password)
        assert login.account.id == account.id and login.expires_at is not None
        tokens = nobody.refresh(login.refresh_token)
    with vectron.connect(url, api_key=tokens.token) as own:
        assert own.profile().id == account.id
        until = datetime.now(timezone.utc) + timedelta(days=1)
        key = own.create_api_key("ci", role="read", collections=["papers"], expires_at=until)
        assert key.info.role == "read" and key.info.expires_at == until.replace(microsecond=0)
        with vectron.connect(url, api_key=key.key) as reader, pytest.raises(vectron.PermissionDeniedError):
            reader.create_collection("papers", dimension=3)
        assert key.info.prefix in [one.prefix for one in own.list_api_keys()]
        own.delete_api_key(key.info.prefix)
        with pytest.raises(vectron.InvalidArgumentError):
            own.create_api_key("ci", expires_at=datetime.now())
        invited = own.invite_user(f"x-{email}", role="read")
        assert [one.id for one in own.list_invitations()] == [invited.invitation.id]
        own.delete_invitation(invited.invitation.id)
        own.change_password(password, password + "2")
        own.logout()
    with vectron.connect(url) as nobody:
        again = nobody.login(email, password + "2")
    with vectron.connect(url, api_key=again.token) as own:
        assert own.delete_account(password + "2").deleted_keys == 0


def test_administrators_manage(db: Client, name: str) -> None:
    admin = db.admin
    assert admin.health().status == "ok"
    assert admin.stats().collections >= 1
    [worker] = admin.workers()
    assert worker.healthy
    assert name in [one.name for one in admin.collections()]
    assert admin.cluster().workers == 1
    assert name in [one.collection for one in admin.shards()]
    assert admin.operations(limit=1).running == []
    assert admin.rebalance(dry_run=True).actions == []
    assert isinstance(admin.alerts(), list)
    rule = admin.alert_rules()[0]
    assert admin.set_alert_rule(rule.rule, enabled=rule.enabled).rule == rule.rule
    assert admin.audit_entries(limit=5)[0].action
    assert admin.verify_audit().wrong == ""
    assert len(list(admin.list_users(page_size=1))) >= 1
    with pytest.raises(vectron.VectronError):
        admin.resolve_alert("nothing")
    with pytest.raises(vectron.VectronError):
        admin.move_replica(1, from_worker=1, to_worker=1)

"""The account of whoever calls, its invitations and its API keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from .._generated import methods as m
from .._generated.answers import Account, AccountRemoval, ApiKeyInfo, Invitation
from .._requests import given, seconds_of
from .._results import CreatedApiKey, CreatedInvitation, Login, Tokens
from .transport import AsyncCaller


class AsyncAccountMethods:
    """Calls on accounts, logins and API keys."""

    _caller: AsyncCaller

    async def register(self, email: str, password: str, *, invitation: str | None = None, timeout: float | None = None) -> Account:
        """
        Creates an account. Requires the token of an invitation unless the server allows open registration. Raises VectronError with
        PERMISSION_DENIED without a valid invitation, and with ALREADY_EXISTS if the address has an account.
        """
        request = given(email=email, password=password, invitation=invitation)
        account: Account = (await self._caller.call(m.REGISTER_USER, request, timeout)).user
        return account

    async def login(self, email: str, password: str, *, timeout: float | None = None) -> Login:
        made = await self._caller.call(m.LOGIN, given(email=email, password=password), timeout)
        return Login(made.jwt_token, made.expires_at, made.refresh_token, made.user)

    async def refresh(self, refresh_token: str, *, timeout: float | None = None) -> Tokens:
        """Returns new tokens for the refresh token of a login, which is valid once."""
        made = await self._caller.call(m.REFRESH_TOKEN, given(refresh_token=refresh_token), timeout)
        return Tokens(made.jwt_token, made.expires_at, made.refresh_token)

    async def logout(self, *, timeout: float | None = None) -> None:
        """Ends the login of this client: its tokens become invalid."""
        await self._caller.call(m.LOGOUT, {}, timeout)

    async def change_password(self, current_password: str, new_password: str, *, timeout: float | None = None) -> None:
        """Changes the password of the account. All other logins of the account end."""
        request = given(current_password=current_password, new_password=new_password)
        await self._caller.call(m.CHANGE_PASSWORD, request, timeout)

    async def profile(self, *, timeout: float | None = None) -> Account:
        account: Account = (await self._caller.call(m.GET_USER_PROFILE, {}, timeout)).user
        return account

    async def delete_account(
        self,
        password: str,
        *,
        heir: str | None = None,
        delete_collections: bool | None = None,
        timeout: float | None = None,
    ) -> AccountRemoval:
        """
        Deletes the account of this login with its API keys. If it is the last account of a tenant with collections, exactly one of
        ``heir`` (id or e-mail address of an account whose tenant receives the collections) and ``delete_collections`` is required.
        """
        request = given(password=password, heir=heir, delete_collections=delete_collections)
        gone: Any = await self._caller.call(m.DELETE_USER, request, timeout)
        return AccountRemoval(gone.deleted_collections, gone.handed_collections, gone.kept_collections, gone.deleted_keys)

    async def invite_user(
        self,
        email: str,
        *,
        role: str | None = None,
        tenant_id: str | None = None,
        new_tenant: bool | None = None,
        expires_at: datetime | None = None,
        timeout: float | None = None,
    ) -> CreatedInvitation:
        """Invites a person into the caller's tenant; an administrator can choose another tenant. The token is shown only in this answer."""
        request = given(email=email, role=role, tenant_id=tenant_id, new_tenant=new_tenant, expires_at=seconds_of(expires_at))
        made = await self._caller.call(m.INVITE_USER, request, timeout)
        return CreatedInvitation(made.token, made.invitation)

    async def list_invitations(self) -> AsyncIterator[Invitation]:
        """
        Returns the open invitations: an administrator gets all of them, others only their own. Pages are fetched while the result is
        read.
        """
        token: str | None = None
        while True:
            page = await self._caller.call(m.LIST_INVITATIONS, given(page_token=token))
            for one in page.invitations:
                yield one
            token = page.next_page_token or None
            if token is None:
                return

    async def delete_invitation(self, id: str, *, timeout: float | None = None) -> None:
        await self._caller.call(m.DELETE_INVITATION, given(id=id), timeout)

    async def create_api_key(
        self,
        name: str,
        *,
        role: str | None = None,
        collections: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        timeout: float | None = None,
    ) -> CreatedApiKey:
        """
        Creates an API key, which is shown only in this answer. ``collections``: the only collections that the key can access; None: all
        of the tenant.
        """
        touched = None if collections is None else list(collections)
        request = given(name=name, role=role, collections=touched, expires_at=seconds_of(expires_at))
        made = await self._caller.call(m.CREATE_APIKEY, request, timeout)
        return CreatedApiKey(made.full_key, made.key_info)

    async def list_api_keys(self, *, timeout: float | None = None) -> list[ApiKeyInfo]:
        keys: list[ApiKeyInfo] = (await self._caller.call(m.LIST_APIKEYS, {}, timeout)).keys
        return keys

    async def delete_api_key(self, prefix: str, *, timeout: float | None = None) -> None:
        """Revokes the key with this prefix. A client whose key is below admin can revoke that key alone."""
        await self._caller.call(m.DELETE_APIKEY, given(key_prefix=prefix), timeout)

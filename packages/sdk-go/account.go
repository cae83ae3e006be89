package vectron

import (
	"context"
	"iter"

	"vectron.dev/sdk-go/internal/contract"
	"vectron.dev/sdk-go/internal/generated/authv1"
)

// Register creates an account. It requires the token of an invitation unless the server allows open registration; an empty token stands
// for none. Fails with PERMISSION_DENIED without a valid invitation, and with ALREADY_EXISTS if the address has an account.
func (c *Client) Register(ctx context.Context, email, password, invitation string) (*Account, error) {
	request := &authv1.RegisterUserRequest{Email: email, Password: password, Invitation: invitation}
	answer, err := ask[authv1.RegisterUserResponse](ctx, c, contract.AuthRegisterUser, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// Login returns tokens for an e-mail address and a password. Fails with UNAUTHENTICATED if they are wrong, and with RATE_LIMITED after
// repeated wrong passwords.
func (c *Client) Login(ctx context.Context, email, password string) (*Login, error) {
	answer, err := ask[authv1.LoginResponse](ctx, c, contract.AuthLogin, &authv1.LoginRequest{Email: email, Password: password})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeLogin)
}

// Refresh returns new tokens for the refresh token of a login, which is valid once. Fails with UNAUTHENTICATED if it was used or has
// expired.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (*Tokens, error) {
	request := &authv1.RefreshTokenRequest{RefreshToken: refreshToken}
	answer, err := ask[authv1.RefreshTokenResponse](ctx, c, contract.AuthRefreshToken, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeTokens)
}

// Logout ends the login of this client: its tokens become invalid.
func (c *Client) Logout(ctx context.Context) error {
	_, err := ask[authv1.LogoutResponse](ctx, c, contract.AuthLogout, &authv1.LogoutRequest{})
	return err
}

// ChangePassword changes the password of the account. All other logins of the account end.
func (c *Client) ChangePassword(ctx context.Context, current, next string) error {
	request := &authv1.ChangePasswordRequest{CurrentPassword: current, NewPassword: next}
	_, err := ask[authv1.ChangePasswordResponse](ctx, c, contract.AuthChangePassword, request)
	return err
}

// Profile returns the account of this client.
func (c *Client) Profile(ctx context.Context) (*Account, error) {
	answer, err := ask[authv1.GetUserProfileResponse](ctx, c, contract.AuthGetUserProfile, &authv1.GetUserProfileRequest{})
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetUser(), decodeAccount)
}

// DeleteAccount deletes the account of this login with its API keys. The inheritance says what happens to the collections of the tenant
// if this is its last account.
func (c *Client) DeleteAccount(ctx context.Context, password string, inheritance Inheritance) (*AccountRemoval, error) {
	answer, err := ask[authv1.DeleteUserResponse](ctx, c, contract.AuthDeleteUser, &authv1.DeleteUserRequest{
		Password: password, Heir: inheritance.Heir, DeleteCollections: inheritance.DeleteCollections,
	})
	if err != nil {
		return nil, err
	}
	return &AccountRemoval{
		DeletedCollections: answer.GetDeletedCollections(), HandedCollections: answer.GetHandedCollections(),
		KeptCollections: answer.GetKeptCollections(), DeletedKeys: answer.GetDeletedKeys(),
	}, nil
}

// InviteUser invites a person into the caller's tenant; an administrator can choose another tenant. The token is shown only in this
// answer.
func (c *Client) InviteUser(ctx context.Context, email string, options InvitationOptions) (token string, invitation *Invitation, err error) {
	request, err := encoded(&options, encodeInvitationOptions)
	if err != nil {
		return "", nil, err
	}
	request.Email = email
	answer, err := ask[authv1.InviteUserResponse](ctx, c, contract.AuthInviteUser, request)
	if err != nil {
		return "", nil, err
	}
	invitation, err = decoded(answer.GetInvitation(), decodeInvitation)
	return answer.GetToken(), invitation, err
}

// ListInvitations returns the open invitations: an administrator gets all of them, others only their own. Pages are fetched while the
// sequence is read; an error is its last element.
func (c *Client) ListInvitations(ctx context.Context) iter.Seq2[Invitation, error] {
	return pages(func(token string) ([]Invitation, string, error) {
		request := &authv1.ListInvitationsRequest{PageToken: token}
		answer, err := ask[authv1.ListInvitationsResponse](ctx, c, contract.AuthListInvitations, request)
		return decodeList(&decoder{}, answer.GetInvitations(), decodeInvitation), answer.GetNextPageToken(), err
	})
}

// DeleteInvitation withdraws an invitation. Fails with NOT_FOUND if there is no such invitation.
func (c *Client) DeleteInvitation(ctx context.Context, id string) error {
	_, err := ask[authv1.DeleteInvitationResponse](ctx, c, contract.AuthDeleteInvitation, &authv1.DeleteInvitationRequest{Id: id})
	return err
}

// CreateAPIKey creates an API key. The full key is shown only in this answer. It is not repeated if its answer is lost.
func (c *Client) CreateAPIKey(ctx context.Context, name string, options APIKeyOptions) (key string, info *APIKeyInfo, err error) {
	request, err := encoded(&options, encodeAPIKeyOptions)
	if err != nil {
		return "", nil, err
	}
	request.Name = name
	answer, err := ask[authv1.CreateAPIKeyResponse](ctx, c, contract.AuthCreateAPIKey, request)
	if err != nil {
		return "", nil, err
	}
	info, err = decoded(answer.GetKeyInfo(), decodeAPIKeyInfo)
	return answer.GetFullKey(), info, err
}

// ListAPIKeys returns the API keys of the account, without their secrets.
func (c *Client) ListAPIKeys(ctx context.Context) ([]APIKeyInfo, error) {
	answer, err := ask[authv1.ListAPIKeysResponse](ctx, c, contract.AuthListAPIKeys, &authv1.ListAPIKeysRequest{})
	if err != nil {
		return nil, err
	}
	return decodeList(&decoder{}, answer.GetKeys(), decodeAPIKeyInfo), nil
}

// DeleteAPIKey revokes an API key, which its public part identifies. A client whose key is below admin can only revoke that key.
func (c *Client) DeleteAPIKey(ctx context.Context, prefix string) error {
	_, err := ask[authv1.DeleteAPIKeyResponse](ctx, c, contract.AuthDeleteAPIKey, &authv1.DeleteAPIKeyRequest{KeyPrefix: prefix})
	return err
}

// pages returns the elements of a list that the server returns page by page; an error is the last element.
func pages[T any](fetch func(token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for token := ""; ; {
			page, next, err := fetch(token)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			token = next
		}
	}
}

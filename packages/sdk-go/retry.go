package vectron

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
)

// Bounds of the pauses between tries, which double each time; each is at least half of that.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
)

// once are the methods that make something each time they are called, or are refused once it has happened: the first try may have
// succeeded. A refresh is repeated: a server takes a refresh token again within seconds.
var once = map[*contract.Method]bool{
	contract.DataCreateCollection: true, contract.DataSubmitFeedback: true, contract.AuthRegisterUser: true,
	contract.AuthCreateAPIKey: true, contract.AuthInviteUser: true, contract.AuthChangePassword: true, contract.AuthDeleteUser: true,
	contract.AuthRemoveUser: true, contract.AdminMoveReplica: true, contract.AdminSplitShard: true, contract.AdminRebalance: true,
	contract.AdminRotateSigningKey: true,
}

// invoke makes a call: it repeats what failed for a passing reason while there is time, after pauses with jitter that are no shorter
// than what the server has asked for, and as far as the client's budget of retries goes. `wait` is how long the server waits on
// purpose, besides what a call may take.
func (c *Client) invoke(ctx context.Context, method *contract.Method, request, answer proto.Message, wait time.Duration) error {
	ctx, cancel := c.limited(ctx, wait)
	defer cancel()
	c.budget.called()
	for tries := 1; ; tries++ {
		err := c.transport.call(ctx, method, request, answer)
		if err == nil {
			return nil
		}
		failed := asError(err)
		if once[method] || tries > c.settings.retries || !failed.Retryable() || ctx.Err() != nil {
			return failed
		}
		if !pause(ctx, c.pauseBefore(tries, failed), c.budget.take) {
			return failed
		}
		proto.Reset(answer)
	}
}

// limited is the context with the client's timeout, where it has no deadline of its own.
func (c *Client) limited(ctx context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || c.settings.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.settings.timeout+wait)
}

// pauseBefore is how long to wait before a retry, the first of which is 1. A server that cannot be reached says nothing of when:
// another one may be there.
func (c *Client) pauseBefore(retry int, failed *Error) time.Duration {
	longest := min(longestPause, firstPause<<min(retry-1, 16))
	asked := time.Duration(0)
	if codeSpecs[failed.Code].grpc == resourceExhausted {
		asked = failed.RetryAfter
	}
	return asked + time.Duration(float64(longest)*(0.5+c.settings.random()/2))
}

const resourceExhausted = 8

// pause waits; false: at once, when the deadline is before its end or take gives nothing, or when the context has ended.
func pause(ctx context.Context, wait time.Duration, take func() bool) bool {
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) <= wait {
		return false
	}
	if !take() {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Retries that a client may make at once after a quiet time, and how many more each of its calls allows.
const (
	mostRetries = 100
	retryShare  = 0.2
)

// retryBudget is how much of what a client sends may be retries: a fifth of its calls, beyond what it has saved up. A server that
// refuses because it has too much to do gets a fifth more from its clients, and not a multiple (as in Finagle's RetryBudget and
// gRFC A6).
type retryBudget struct {
	mu   sync.Mutex
	left float64
}

func newRetryBudget() *retryBudget { return &retryBudget{left: mostRetries} }

// called counts a call that is no retry.
func (b *retryBudget) called() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(mostRetries, b.left+retryShare)
}

// take says whether a retry may be made, which is paid for with that.
func (b *retryBudget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

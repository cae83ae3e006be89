package vectron

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
)

// Client is a client of one Vectron, over REST or gRPC. It is safe for any number of goroutines at a time, and shares nothing with other
// clients.
//
// Each call takes a context, whose deadline is that of the call with all its retries; without one, the client's timeout is. A call that
// failed for a passing reason has been repeated already (see [WithRetries]). Errors are a *[Error], and their codes are targets of
// errors.Is. What was upserted is on disk.
type Client struct {
	transport transport
	settings  *settings
	budget    *retryBudget
	origins   *writeOrigins
}

// Connect makes a client of the server at a URL: http:// and https:// speak REST, grpc:// and grpcs:// (with TLS) gRPC. A path of REST
// is kept: https://example.org/vectors asks /vectors/v1/... Several gateways of one cluster stand with commas between them: one that
// cannot be reached is passed over. Connections are made when they are used. Fails with INVALID_ARGUMENT.
func Connect(url string, options ...Option) (*Client, error) {
	s, err := settingsOf(options)
	if err != nil {
		return nil, err
	}
	if s.random == nil {
		s.random = rand.Float64
	}
	all := &firstReachable{}
	for one := range strings.SplitSeq(url, ",") {
		transport, err := transportTo(strings.TrimSpace(one), s)
		if err != nil {
			_ = all.close()
			return nil, err
		}
		all.transports = append(all.transports, transport)
	}
	client := &Client{settings: s, budget: newRetryBudget(), origins: newWriteOrigins(), transport: all}
	if len(all.transports) == 1 {
		client.transport = all.transports[0]
	}
	return client, nil
}

func transportTo(url string, s *settings) (transport, error) {
	at, err := addressOf(url)
	if err != nil {
		return nil, err
	}
	if at.isGRPC {
		return newGRPCTransport(at, s)
	}
	return newRESTTransport(at, s), nil
}

// Close closes the connections. Calls under way over gRPC fail with CANCELLED or UNAVAILABLE.
func (c *Client) Close() error { return c.transport.close() }

// ask makes a call with the answer A.
func ask[A any, M interface {
	*A
	proto.Message
}](ctx context.Context, c *Client, method *contract.Method, request proto.Message) (M, error) {
	return askWaiting[A, M](ctx, c, method, request, 0)
}

// askWaiting makes a call that the server may keep waiting on purpose, besides what a call may take.
func askWaiting[A any, M interface {
	*A
	proto.Message
}](ctx context.Context, c *Client, method *contract.Method, request proto.Message, wait time.Duration) (M, error) {
	answer := M(new(A))
	if err := c.invoke(ctx, method, request, answer, wait); err != nil {
		return nil, err
	}
	return answer, nil
}

// encoded is the message that options are written as.
func encoded[T, M any](options *T, encode func(*encoder, *T) *M) (*M, error) {
	e := &encoder{}
	message := encode(e, options)
	if e.err != nil {
		return nil, e.err
	}
	return message, nil
}

// decoded is what an answer says.
func decoded[M, T any](message *M, decode func(*decoder, *M) T) (*T, error) {
	d := &decoder{}
	value := decode(d, message)
	if d.err != nil {
		return nil, d.err
	}
	return &value, nil
}

// Ptr is a pointer to a value, for the options that may be absent.
func Ptr[T any](value T) *T { return &value }

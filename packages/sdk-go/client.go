package vectron

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
)

// Client is a client of a Vectron server, over REST or gRPC. It can be used by any number of goroutines at the same time. Clients share
// no state with each other.
//
// Each call takes a context, whose deadline applies to the call with all its retries; without a deadline, the client's timeout applies.
// A call that failed for a temporary reason was already repeated (see [WithRetries]). Errors are a *[Error], and their codes are
// targets of errors.Is. Points are on disk when an upsert returns.
type Client struct {
	transport transport
	settings  *settings
	budget    *retryBudget
	origins   *writeOrigins
}

// Connect returns a client of the server at a URL: http:// and https:// use REST, grpc:// and grpcs:// (with TLS) use gRPC. A path is
// kept for REST: https://example.org/vectors requests /vectors/v1/... Several gateways of one cluster are separated by commas; a
// gateway that cannot be reached is skipped. Connections are opened when they are used. Fails with INVALID_ARGUMENT if the URL or an
// option is invalid.
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

// Close closes the connections. Open calls over gRPC fail with CANCELLED or UNAVAILABLE.
func (c *Client) Close() error { return c.transport.close() }

// ask makes a call whose answer has the type A.
func ask[A any, M interface {
	*A
	proto.Message
}](ctx context.Context, c *Client, method *contract.Method, request proto.Message) (M, error) {
	return askWaiting[A, M](ctx, c, method, request, 0)
}

// askWaiting makes a call that the server can delay on purpose, in addition to the time limit of the call.
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

// encoded converts options to a message.
func encoded[T, M any](options *T, encode func(*encoder, *T) *M) (*M, error) {
	e := &encoder{}
	message := encode(e, options)
	if e.err != nil {
		return nil, e.err
	}
	return message, nil
}

// decoded converts an answer.
func decoded[M, T any](message *M, decode func(*decoder, *M) T) (*T, error) {
	d := &decoder{}
	value := decode(d, message)
	if d.err != nil {
		return nil, d.err
	}
	return &value, nil
}

// Ptr returns a pointer to a value, for optional fields.
func Ptr[T any](value T) *T { return &value }

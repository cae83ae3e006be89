package vectron

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
	"vectron.dev/sdk-go/internal/restjson"
)

// restTransport speaks REST: each message as JSON, on the route that the contract gives its method.
type restTransport struct {
	base          string
	authorization string
	client        *http.Client
	pool          *http.Transport
}

func newRESTTransport(at address, s *settings) *restTransport {
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.TLSClientConfig = s.tls.Clone()
	pool.MaxIdleConns, pool.MaxIdleConnsPerHost = 0, idleConnections
	pool.MaxConnsPerHost = s.connections
	pool.IdleConnTimeout = time.Minute
	t := &restTransport{base: at.base, pool: pool}
	// What answers with a redirect is no server of Vectron: a key is sent nowhere else.
	t.client = &http.Client{Transport: pool, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if s.apiKey != "" {
		t.authorization = "Bearer " + s.apiKey
	}
	return t
}

func (t *restTransport) call(ctx context.Context, method *contract.Method, request, answer proto.Message) error {
	if len(method.Bindings) == 0 {
		return &Error{Code: ErrUnimplemented, Message: method.Path + " is not available over REST; use a grpc:// URL"}
	}
	route, err := restjson.RequestOf(method, request)
	if wrong := (*restjson.FieldError)(nil); errors.As(err, &wrong) {
		return invalid(wrong.Field, "%s", wrong.Error())
	} else if err != nil {
		return invalid("", "%v", err)
	}
	response, err := t.send(ctx, route)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return t.unreachable(ctx, err)
	}
	if response.StatusCode/100 != 2 {
		return restError(response, body)
	}
	if len(body) == 0 {
		return nil
	}
	if err := restjson.Decode(body, answer); err != nil {
		id := response.Header.Get("x-request-id")
		return &Error{Code: ErrInternal, Message: fmt.Sprintf("the answer of %s is not valid: %v", t.base, err), RequestID: id, cause: err}
	}
	return nil
}

func (t *restTransport) send(ctx context.Context, route restjson.Request) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, route.Verb, t.base+route.Path, bytes.NewReader(route.Body))
	if err != nil {
		return nil, invalid("url", "the URL of a server must be valid: %v", err)
	}
	request.Header.Set("accept", "application/json")
	// Errors name fields alike over both wires.
	request.Header.Set("vectron-field-names", "snake_case")
	if route.Body != nil {
		request.Header.Set("content-type", "application/json")
	}
	if t.authorization != "" {
		request.Header.Set("authorization", t.authorization)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return nil, t.unreachable(ctx, err)
	}
	return response, nil
}

// unreachable is why there is no answer.
func (t *restTransport) unreachable(ctx context.Context, err error) *Error {
	if over := ended(ctx); over != nil {
		return over
	}
	var tried *url.Error
	reason := err
	if errors.As(err, &tried) {
		reason = tried.Err
	}
	return &Error{Code: ErrUnavailable, Message: fmt.Sprintf("cannot reach %s: %v", t.base, reason), cause: err}
}

// openUpserts: REST has no stream of its own.
func (t *restTransport) openUpserts(context.Context) (upsertCall, error) { return nil, nil }

func (t *restTransport) close() error {
	t.pool.CloseIdleConnections()
	return nil
}

package vectron

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code is an error code of Vectron, the same on every wire and in every language. It is a target of errors.Is:
//
//	if errors.Is(err, vectron.ErrPointNotFound) { ... }
type Code string

// Error is the code itself.
func (c Code) Error() string { return string(c) }

// Retryable says whether the same request may succeed later.
func (c Code) Retryable() bool { return codeSpecs[c].retryable }

// HTTPStatus is the status of an answer of REST with this code.
func (c Code) HTTPStatus() int { return codeSpecs[c].http }

type codeSpec struct {
	grpc, http int
	retryable  bool
}

// Error is what every call fails with. Get at it by errors.As.
type Error struct {
	Code    Code
	Message string
	// Field is the field of the request that is wrong, such as points[3].vector; empty: none is named.
	Field string
	// RequestID is the call as the server logs it; empty: no server answered.
	RequestID string
	// RetryAfter is how long the server asks to wait before the next try; 0: it says nothing.
	RetryAfter time.Duration
	// Lost is set with CHANGES_GONE, unless the collection was made anew: what is lost, and where changes go on behind it.
	Lost *LostChanges

	// noRetry: the server asks for no other try at all.
	noRetry bool
	cause   error
}

// LostChanges are changes that are not kept any more.
type LostChanges struct {
	// Cursor is behind them.
	Cursor string
	// Shards that have lost some, with the first and the last log index that is lost.
	Shards []LostRange
}

// LostRange is the log indexes of a shard whose changes are lost, both included.
type LostRange struct {
	ShardID                     uint32
	FirstLogIndex, LastLogIndex uint64
}

// Error is the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Is says whether target is the code of the error.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap is what the error comes from, such as context.DeadlineExceeded or a failure of the network; nil: the server's answer.
func (e *Error) Unwrap() error { return e.cause }

// Retryable says whether the same request may succeed later.
func (e *Error) Retryable() bool { return e.Code.Retryable() && !e.noRetry }

// GRPCCode is the gRPC status number of the code (google.golang.org/grpc/codes).
func (e *Error) GRPCCode() int { return codeSpecs[e.Code].grpc }

func invalid(field, format string, args ...any) *Error {
	return &Error{Code: ErrInvalidArgument, Message: fmt.Sprintf(format, args...), Field: field}
}

// fromWire is an error by the name that a server gave it: one that is not known is INTERNAL.
func fromWire(code, message string) *Error {
	if _, known := codeSpecs[Code(code)]; !known {
		return &Error{Code: ErrInternal, Message: message}
	}
	return &Error{Code: Code(code), Message: message}
}

// asError is the error as an *Error, whatever it is.
func asError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Code: ErrInternal, Message: err.Error(), cause: err}
}

// ended is the error of a call whose context has ended; nil: it has not. A context whose deadline has passed has ended, also in the moment
// before its timer says so: gRPC and the server look at the clock, and may be faster.
func ended(ctx context.Context) *Error {
	over, cause := ctx.Err(), context.Cause(ctx)
	if deadline, ok := ctx.Deadline(); over == nil && ok && !time.Now().Before(deadline) {
		over, cause = context.DeadlineExceeded, context.DeadlineExceeded
	}
	switch {
	case over == nil:
		return nil
	case errors.Is(over, context.DeadlineExceeded):
		return &Error{Code: ErrDeadlineExceeded, Message: "the server did not answer in time", cause: errors.Join(over, cause)}
	default:
		return &Error{Code: ErrCancelled, Message: "the call was cancelled", cause: errors.Join(over, cause)}
	}
}

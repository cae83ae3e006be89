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

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Retryable reports whether the same request can succeed later.
func (c Code) Retryable() bool { return codeSpecs[c].retryable }

// HTTPStatus returns the HTTP status of an answer with this code.
func (c Code) HTTPStatus() int { return codeSpecs[c].http }

type codeSpec struct {
	grpc, http int
	retryable  bool
}

// Error is the error of every call. Use errors.As to get it.
type Error struct {
	Code    Code
	Message string
	// Field is the invalid field of the request, such as points[3].vector; empty: the error is not about a field.
	Field string
	// RequestID is the id of the call in the logs of the server; empty: no server answered.
	RequestID string
	// RetryAfter is the time that the server asks to wait before the next attempt; 0: it does not say.
	RetryAfter time.Duration
	// Lost is set with CHANGES_GONE, unless the collection was deleted and created again: it describes the changes that are missing, and
	// where to continue.
	Lost *LostChanges

	// noRetry is set if the server asks for no further attempt.
	noRetry bool
	cause   error
}

// LostChanges describes changes that are no longer kept.
type LostChanges struct {
	// Cursor is the position after the missing changes.
	Cursor string
	// Shards are the shards with missing changes, with the first and the last missing log index.
	Shards []LostRange
}

// LostRange is the range of the missing log indexes of a shard, inclusive.
type LostRange struct {
	ShardID                     uint32
	FirstLogIndex, LastLogIndex uint64
}

// Error returns the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Is reports whether target is the code of the error.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns the cause of the error, such as context.DeadlineExceeded or a network failure; nil: the server's answer is the cause.
func (e *Error) Unwrap() error { return e.cause }

// Retryable says whether the same request may succeed later.
func (e *Error) Retryable() bool { return e.Code.Retryable() && !e.noRetry }

// GRPCCode returns the gRPC status number of the code (google.golang.org/grpc/codes).
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

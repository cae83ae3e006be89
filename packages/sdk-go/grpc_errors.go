package vectron

import (
	"context"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// byStatus are the codes of a status without details, from a proxy or from gRPC itself.
var byStatus = map[codes.Code]Code{
	codes.Canceled: ErrCancelled, codes.InvalidArgument: ErrInvalidArgument, codes.DeadlineExceeded: ErrDeadlineExceeded,
	codes.NotFound: ErrNotFound, codes.AlreadyExists: ErrAlreadyExists, codes.PermissionDenied: ErrPermissionDenied,
	codes.ResourceExhausted: ErrOverloaded, codes.FailedPrecondition: ErrConflict, codes.Unimplemented: ErrUnimplemented,
	codes.Unavailable: ErrUnavailable, codes.DataLoss: ErrDataDamaged, codes.Unauthenticated: ErrUnauthenticated,
}

// grpcError is the error that a failed call stands for.
func grpcError(ctx context.Context, err error, header, trailer metadata.MD) *Error {
	found, _ := status.FromError(err)
	if over := ended(ctx); over != nil && len(found.Proto().GetDetails()) == 0 {
		return over
	}
	known := statusError(found.Proto())
	known.cause = err
	if known.Code == ErrInternal && strings.Contains(known.Message, "error while marshaling") {
		// The request was not sent: a string in it is not valid UTF-8.
		known.Code = ErrInvalidArgument
	}
	known.RequestID = first(header.Get("x-request-id"), trailer.Get("x-request-id"))
	// A proxy may say it in the trailer alone; a negative number forbids another try (gRFC A6).
	if text := first(trailer.Get("grpc-retry-pushback-ms"), header.Get("grpc-retry-pushback-ms")); text != "" {
		ms, wrong := strconv.ParseInt(text, 10, 32)
		known.noRetry = wrong != nil || ms < 0
		if known.RetryAfter == 0 && !known.noRetry {
			known.RetryAfter = time.Duration(ms) * time.Millisecond
		}
	}
	return known
}

func first(lists ...[]string) string {
	for _, list := range lists {
		if len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

// statusError is the error that a google.rpc.Status tells: the code is the reason of its ErrorInfo.
func statusError(found *statuspb.Status) *Error {
	code, ok := byStatus[codes.Code(found.GetCode())]
	if !ok {
		code = ErrInternal
	}
	known := &Error{Code: code, Message: found.GetMessage()}
	for _, detail := range found.GetDetails() {
		info, err := detail.UnmarshalNew()
		if err != nil {
			continue
		}
		switch info := info.(type) {
		case *errdetails.ErrorInfo:
			known.Code = fromWire(info.GetReason(), "").Code
			known.setDetails(info.GetMetadata())
		case *errdetails.BadRequest:
			for _, violation := range info.GetFieldViolations()[:min(1, len(info.GetFieldViolations()))] {
				known.Field = violation.GetField()
			}
		case *errdetails.RetryInfo:
			if known.RetryAfter == 0 {
				known.RetryAfter = info.GetRetryDelay().AsDuration()
			}
		}
	}
	return known
}

package vectron

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// statusForm is the JSON form of google.rpc.Status with the details that Vectron sends.
type statusForm struct {
	Message string `json:"message"`
	Details []struct {
		// Of an ErrorInfo.
		Reason   string            `json:"reason"`
		Metadata map[string]string `json:"metadata"`
		// Of a BadRequest.
		FieldViolations []struct {
			Field string `json:"field"`
		} `json:"fieldViolations"`
		// Of a RetryInfo: seconds, as 0.250s.
		RetryDelay string `json:"retryDelay"`
	} `json:"details"`
}

// byHTTPStatus are the codes of answers that are no google.rpc.Status: a proxy between client and server gave them.
var byHTTPStatus = map[int]Code{
	http.StatusUnauthorized: ErrUnauthenticated, http.StatusForbidden: ErrPermissionDenied, http.StatusNotFound: ErrNotFound,
	http.StatusRequestEntityTooLarge: ErrPayloadTooLarge, http.StatusTooManyRequests: ErrOverloaded,
	http.StatusBadGateway: ErrUnavailable, http.StatusServiceUnavailable: ErrUnavailable, http.StatusGatewayTimeout: ErrDeadlineExceeded,
}

// restError is the error that an answer with a failure status stands for.
func restError(response *http.Response, body []byte) *Error {
	var form statusForm
	_ = json.Unmarshal(body, &form)
	code, ok := byHTTPStatus[response.StatusCode]
	if !ok {
		code = ErrInternal
	}
	known := &Error{Code: code, Message: form.Message, RequestID: response.Header.Get("x-request-id")}
	if known.Message == "" {
		known.Message = fmt.Sprintf("HTTP status %d", response.StatusCode)
	}
	known.RetryAfter = secondsAfter(response.Header.Get("retry-after"))
	for _, detail := range form.Details {
		if detail.RetryDelay != "" {
			known.RetryAfter = secondsAfter(strings.TrimSuffix(detail.RetryDelay, "s"))
		}
	}
	for _, detail := range form.Details {
		if detail.Reason != "" {
			known.Code = fromWire(detail.Reason, "").Code
			known.setDetails(detail.Metadata)
		}
		if len(detail.FieldViolations) > 0 {
			known.Field = detail.FieldViolations[0].Field
		}
	}
	return known
}

// secondsAfter is a number of seconds, or a moment as HTTP writes it, from now; 0: it is none of these.
func secondsAfter(text string) time.Duration {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && !math.IsInf(seconds, 0) {
		return time.Duration(min(seconds, 86_400) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

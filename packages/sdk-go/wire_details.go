package vectron

import (
	"strconv"
	"strings"
	"time"
)

// setDetails reads what travels as the metadata of a google.rpc.ErrorInfo, on every wire.
func (e *Error) setDetails(metadata map[string]string) {
	if ms, err := strconv.ParseInt(metadata["retryAfterMs"], 10, 64); err == nil && ms >= 0 {
		e.RetryAfter = time.Duration(min(ms, int64(time.Hour*24/time.Millisecond))) * time.Millisecond
	}
	cursor, isLost := metadata["cursor"], metadata["lost"]
	if _, ok := metadata["lost"]; !ok || cursor == "" {
		return
	}
	e.Lost = &LostChanges{Cursor: cursor}
	for one := range strings.SplitSeq(isLost, ",") {
		shard, indexes, _ := strings.Cut(one, ":")
		first, last, _ := strings.Cut(indexes, "-")
		id, wrongID := strconv.ParseUint(shard, 10, 32)
		from, wrongFirst := strconv.ParseUint(first, 10, 64)
		to, wrongLast := strconv.ParseUint(last, 10, 64)
		if wrongID == nil && wrongFirst == nil && wrongLast == nil {
			e.Lost.Shards = append(e.Lost.Shards, LostRange{uint32(id), from, to})
		}
	}
}

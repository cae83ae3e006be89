package vectron

import (
	"context"
	"errors"
	"iter"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// ListChanges returns the changes after a cursor, in log order within each shard and without gaps; without a cursor, from the oldest
// change that is kept. It waits up to WaitMs for the first change. Fails with CHANGES_GONE if the changes after the cursor are no
// longer kept; Lost of the error describes which are missing.
func (c *Client) ListChanges(ctx context.Context, collection string, options ChangesOptions) (*Changes, error) {
	request, err := encoded(&options, encodeChangesOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	wait := time.Duration(options.WaitMs) * time.Millisecond
	answer, err := askWaiting[pb.ListChangesResponse](ctx, c, contract.DataListChanges, request, wait)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeChanges)
}

// ChangeStream is a continuous stream of changes. It must not be used by several goroutines at the same time.
type ChangeStream struct {
	// OnLost, if it is set, is called when changes are no longer kept, and the stream continues after them. Without it, or if the
	// collection was deleted and created again, the stream ends with CHANGES_GONE.
	OnLost func(LostChanges)

	client     *Client
	collection string
	options    ChangesOptions
}

// streamWaitMs is the time that one request of a stream waits for a change, unless the options set it.
const streamWaitMs = 30_000

// Changes returns a stream of the changes after the cursor of the options, or from the start that they specify.
func (c *Client) Changes(collection string, options ChangesOptions) *ChangeStream {
	if options.WaitMs == 0 {
		options.WaitMs = streamWaitMs
	}
	return &ChangeStream{client: c, collection: collection, options: options}
}

// Cursor is the position from which another stream can continue without missing a change. It advances when all changes of one answer of
// the server were read, so that a reader who stops before gets the changes of that answer again.
func (s *ChangeStream) Cursor() string { return s.options.Cursor }

// All returns the changes in log order within each shard and without gaps, as long as they are read. It ends without an error if the
// context was cancelled; the deadline of the context, if any, is that of the stream, and ends it with DEADLINE_EXCEEDED. Another error
// is the last element; All can be called again, and continues from the cursor.
func (s *ChangeStream) All(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			asked := s.options
			if asked.Cursor != "" {
				asked.From = ""
			}
			found, err := s.client.ListChanges(ctx, s.collection, asked)
			if errors.Is(ctx.Err(), context.Canceled) {
				return
			}
			if err != nil {
				if s.passes(err) {
					continue
				}
				yield(Change{}, err)
				return
			}
			for _, one := range found.Changes {
				if !yield(one, nil) {
					return
				}
			}
			s.options.Cursor = found.NextCursor
		}
	}
}

// passes continues after changes that are lost; false: the error is a different one, or OnLost is not set.
func (s *ChangeStream) passes(err error) bool {
	lost := asError(err).Lost
	if lost == nil || s.OnLost == nil {
		return false
	}
	s.OnLost(*lost)
	s.options.Cursor = lost.Cursor
	return true
}

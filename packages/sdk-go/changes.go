package vectron

import (
	"context"
	"errors"
	"iter"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// ListChanges gives changes since the cursor, in log order a shard, without a gap; without a cursor, from the oldest that is kept. It
// waits up to WaitMs for one. CHANGES_GONE: the log does not reach back to the cursor any more; Lost of the error says what is lost.
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

// ChangeStream is changes as they happen. It is for one goroutine at a time.
type ChangeStream struct {
	// OnLost, when it is set, is called when changes are not kept any more, and the stream then goes on behind them. Without it, and when
	// the collection was made anew, the stream ends with CHANGES_GONE.
	OnLost func(LostChanges)

	client     *Client
	collection string
	options    ChangesOptions
}

// streamWaitMs is how long one request of a stream waits for a change, unless the options say it.
const streamWaitMs = 30_000

// Changes is a stream of the changes since the cursor of the options, or from where they say.
func (c *Client) Changes(collection string, options ChangesOptions) *ChangeStream {
	if options.WaitMs == 0 {
		options.WaitMs = streamWaitMs
	}
	return &ChangeStream{client: c, collection: collection, options: options}
}

// Cursor is where another stream goes on without missing anything. It moves once all changes of one answer of the server were taken, so
// that a reader who stops in between sees the changes of that answer again.
func (s *ChangeStream) Cursor() string { return s.options.Cursor }

// All is the changes, in log order a shard and without a gap, as long as they are read. It ends without an error when the context was
// cancelled; its deadline, if it has one, is that of the stream, and ends it with DEADLINE_EXCEEDED. Another error is the last thing
// that it gives; All may be called again, and goes on from the cursor.
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

// passes goes on behind changes that are lost; false: the error is another one, or nobody wants to go on.
func (s *ChangeStream) passes(err error) bool {
	lost := asError(err).Lost
	if lost == nil || s.OnLost == nil {
		return false
	}
	s.OnLost(*lost)
	s.options.Cursor = lost.Cursor
	return true
}

package vectron

import (
	"context"
	"errors"
	"iter"
	"sync"
)

const (
	defaultInFlight = 4
	mostInFlight    = 1000
)

// UpsertStreamOptions are the options of UpsertStream.
type UpsertStreamOptions struct {
	// MaxInFlight is the maximum number of batches that are sent but not acknowledged, or whose ack was not read: 1 to 1,000; 0: 4.
	MaxInFlight int
}

// BatchAck is the outcome of one batch.
type BatchAck struct {
	// Batch is the position of the batch in the stream, from 0.
	Batch int
	// Upserted is the number of points written, and WriteToken is the token for reads that must see them.
	Upserted   int32
	WriteToken string
	// Err is the error if the batch was not written completely; nil: it was.
	Err *Error
}

// UpsertStream writes batches with up to MaxInFlight of them in progress, and returns the outcomes in the order of the batches. The
// next batch is requested when there is capacity for it, by another goroutine than the one that reads the acks; the points of a batch
// must not be changed before its ack was read. A batch that fails has the error in its ack, and the stream continues: the batch is not
// sent again, because later ones can already be written. Of two batches that share a point, the later one wins. Over gRPC the stream is
// one call; if the call is lost, batches without an ack are sent again and applied only once. Over REST each batch is a request.
//
// An error of the stream is its last element. The stream stops if the caller stops reading or the context ends; batches that were sent
// can be written. The deadline of the context, if any, applies to the whole stream; the client's timeout does not.
func (c *Client) UpsertStream(ctx context.Context, collection string, batches iter.Seq[[]Point], options UpsertStreamOptions) iter.Seq2[BatchAck, error] {
	return func(yield func(BatchAck, error) bool) {
		inFlight := options.MaxInFlight
		if inFlight == 0 {
			inFlight = defaultInFlight
		}
		if inFlight < 1 || inFlight > mostInFlight {
			yield(BatchAck{}, invalid("max_in_flight", "MaxInFlight must be 1 to %d", mostInFlight))
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		write, end, err := c.batchWriter(ctx, collection)
		if err != nil {
			yield(BatchAck{}, err)
			return
		}
		defer end()
		produce(ctx, batches, inFlight, write).acknowledge(ctx, yield)
	}
}

// outcome is what became of a batch, or why the stream has ended instead.
type outcome struct {
	result *UpsertResult
	err    error
	isOver bool
}

// writer begins to write a batch; the outcome comes by the channel, which has room for it.
type writer func(points []Point) <-chan outcome

// pipeline is batches under way: their outcomes, in the order of the batches, and the room that each takes until its ack is taken.
type pipeline struct {
	pending chan (<-chan outcome)
	room    chan struct{}
}

// produce asks for batches and begins to write them while there is room.
func produce(ctx context.Context, batches iter.Seq[[]Point], inFlight int, write writer) pipeline {
	p := pipeline{make(chan (<-chan outcome), inFlight), make(chan struct{}, inFlight)}
	hasRoom := func() bool {
		select {
		case p.room <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(p.pending)
		if !hasRoom() {
			return
		}
		for points := range batches {
			// There are as many places as there is room.
			p.pending <- write(points)
			if !hasRoom() {
				return
			}
		}
	}()
	return p
}

// acknowledge gives the acks as they come, until there are no more, the stream has ended or nobody reads on.
func (p pipeline) acknowledge(ctx context.Context, yield func(BatchAck, error) bool) {
	for batch := 0; ; batch++ {
		one, more := p.next(ctx)
		if !more {
			return
		}
		if one.isOver {
			yield(BatchAck{}, one.err)
			return
		}
		ack := BatchAck{Batch: batch}
		if one.err != nil {
			ack.Err = asError(one.err)
		} else {
			ack.Upserted, ack.WriteToken = one.result.Upserted, one.result.WriteToken
		}
		if !yield(ack, nil) {
			return
		}
	}
}

// next is the outcome of the next batch; false: there are no more.
func (p pipeline) next(ctx context.Context) (outcome, bool) {
	over := func() (outcome, bool) { return outcome{err: ended(ctx), isOver: true}, true }
	var settled <-chan outcome
	select {
	case begun, more := <-p.pending:
		if !more && ctx.Err() == nil {
			return outcome{}, false
		}
		if !more {
			return over()
		}
		settled = begun
	case <-ctx.Done():
		return over()
	}
	select {
	case one := <-settled:
		<-p.room
		return one, true
	case <-ctx.Done():
		return over()
	}
}

// batchWriter writes over one call, or, where the wire has none, by upserts.
func (c *Client) batchWriter(ctx context.Context, collection string) (writer, func(), error) {
	session := newUpsertSession(ctx, c, collection)
	open, err := session.open()
	if err != nil {
		return nil, nil, err
	}
	if open {
		return session.write, session.close, nil
	}
	return c.writeEach(ctx, collection), func() {}, nil
}

// writeEach writes each batch by an upsert. Two that share a point are written one after the other, as a server does it.
func (c *Client) writeEach(ctx context.Context, collection string) writer {
	var mu sync.Mutex
	last := map[string]<-chan struct{}{}
	return func(points []Point) <-chan outcome {
		mu.Lock()
		defer mu.Unlock()
		done := make(chan struct{})
		before := []<-chan struct{}{}
		for i := range points {
			if other, ok := last[points[i].ID]; ok && other != done {
				before = append(before, other)
			}
			last[points[i].ID] = done
		}
		settled := make(chan outcome, 1)
		go func() {
			for _, other := range before {
				<-other
			}
			result, err := c.Upsert(ctx, collection, points)
			isOver := errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrPermissionDenied) || errors.Is(err, ErrCancelled)
			settled <- outcome{result, err, err != nil && isOver}
			close(done)
			mu.Lock()
			defer mu.Unlock()
			for i := range points {
				if last[points[i].ID] == done {
					delete(last, points[i].ID)
				}
			}
		}()
		return settled
	}
}

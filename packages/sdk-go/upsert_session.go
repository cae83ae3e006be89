package vectron

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// upsertSession is batches on their way over an UpsertStream, and over the next one when that is lost.
type upsertSession struct {
	client     *Client
	collection string
	ctx        context.Context
	stop       context.CancelFunc
	origins    *writeOrigins
	// queue wakes the sender: there is something to send, or the call has to be ended.
	queue chan struct{}

	mu      sync.Mutex
	pending []*pendingBatch // In the order of their numbers.
	next    uint64
	lost    int
	failure error
	// isClosing: no batch comes any more.
	isClosing bool
	// over is closed when nothing of the session is under way.
	over chan struct{}
}

type pendingBatch struct {
	batch   *pb.UpsertBatch
	isSent  bool
	settled chan outcome
	done    func()
}

func newUpsertSession(ctx context.Context, client *Client, collection string) *upsertSession {
	ctx, stop := context.WithCancel(ctx)
	return &upsertSession{
		client: client, collection: collection, ctx: ctx, stop: stop, next: 1,
		origins: newWriteOrigins(), queue: make(chan struct{}, 1), over: make(chan struct{}),
	}
}

// open begins the first call; false: the wire has none.
func (s *upsertSession) open() (bool, error) {
	call, err := s.client.transport.openUpserts(s.ctx)
	if err == nil && call == nil {
		return false, nil
	}
	go s.run(call, err)
	return true, nil
}

func (s *upsertSession) write(points []Point) <-chan outcome {
	settled := make(chan outcome, 1)
	request, err := upsertRequest(s.collection, points)
	if err != nil {
		settled <- outcome{err: err}
		return settled
	}
	origin, done := s.origins.begin()
	request.Origin = origin
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		done()
		settled <- outcome{err: s.failure, isOver: true}
		return settled
	}
	batch := &pb.UpsertBatch{Sequence: s.next, Upsert: request}
	s.next++
	s.pending = append(s.pending, &pendingBatch{batch: batch, settled: settled, done: done})
	s.wake()
	return settled
}

func (s *upsertSession) wake() {
	select {
	case s.queue <- struct{}{}:
	default:
	}
}

// closingTime is how long a server may take to end a call that the client has ended.
const closingTime = time.Second

// close ends the call: in order when all batches are acknowledged, else at once.
func (s *upsertSession) close() {
	defer s.stop()
	s.mu.Lock()
	s.isClosing = true
	isIdle := len(s.pending) == 0
	s.mu.Unlock()
	if !isIdle {
		return
	}
	s.wake()
	timer := time.NewTimer(closingTime)
	defer timer.Stop()
	select {
	case <-s.over:
	case <-timer.C:
	}
}

// run keeps a call open as long as there are batches to send over it.
func (s *upsertSession) run(call upsertCall, err error) {
	defer close(s.over)
	for {
		if err == nil {
			err = s.serve(call)
		}
		s.settleTooLarge(err)
		if !s.isNeeded() {
			return
		}
		if s.ctx.Err() != nil {
			s.fail(ended(s.ctx))
			return
		}
		if err != nil && !s.mayReopen(asError(err)) {
			s.fail(err)
			return
		}
		call, err = s.client.transport.openUpserts(s.ctx)
	}
}

// isNeeded waits for something to send; false: nothing comes any more.
func (s *upsertSession) isNeeded() bool {
	for {
		s.mu.Lock()
		hasPending, isClosing := len(s.pending) > 0, s.isClosing
		s.mu.Unlock()
		if hasPending || s.ctx.Err() != nil {
			return true
		}
		if isClosing {
			return false
		}
		select {
		case <-s.queue:
		case <-s.ctx.Done():
		}
	}
}

// mayReopen waits before the next call; false: there shall be none.
func (s *upsertSession) mayReopen(failed *Error) bool {
	if failed.Code == ErrPayloadTooLarge {
		return true // Its batch is settled, and the next one is another.
	}
	s.mu.Lock()
	s.lost++
	lost := s.lost
	s.mu.Unlock()
	always := func() bool { return true }
	return failed.Retryable() && lost <= s.client.settings.retries && pause(s.ctx, s.client.pauseBefore(lost, failed), always)
}

// serve sends what is pending over a call and takes its acks, until the call has ended.
func (s *upsertSession) serve(call upsertCall) error {
	ctx, over := context.WithCancel(s.ctx)
	defer over()
	s.mu.Lock()
	for _, one := range s.pending {
		one.isSent = false
	}
	s.mu.Unlock()
	s.wake()
	sender := make(chan struct{})
	go func() {
		defer close(sender)
		s.send(ctx, call)
	}()
	// The sender has ended before the next call begins: it marks what is sent.
	defer func() { over(); <-sender }()
	for {
		ack, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return &Error{Code: ErrUnavailable, Message: "the server ended the stream"}
		}
		if err != nil {
			return err
		}
		s.answered(ack)
	}
}

// send sends batches as they come. A call that is lost fails its Recv as well, which ends the sender.
func (s *upsertSession) send(ctx context.Context, call upsertCall) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.queue:
		}
		for next := s.unsent(); next != nil; next = s.unsent() {
			if call.Send(next) != nil {
				return
			}
		}
		if s.isDone() {
			_ = call.CloseSend()
			return
		}
	}
}

func (s *upsertSession) isDone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isClosing && len(s.pending) == 0
}

// unsent is the next batch to send, which is marked as sent; nil: there is none.
func (s *upsertSession) unsent() *pb.UpsertBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.pending {
		if !one.isSent {
			one.isSent = true
			return one.batch
		}
	}
	return nil
}

func (s *upsertSession) answered(ack *pb.UpsertAck) {
	result := outcome{err: &Error{Code: ErrInternal, Message: "the answer of the server to a batch is empty"}}
	switch said := ack.GetOutcome().(type) {
	case *pb.UpsertAck_Written:
		result.result, result.err = decoded(said.Written, decodeUpsertResult)
	case *pb.UpsertAck_Error:
		result.err = statusError(said.Error)
	}
	s.settle(ack.GetSequence(), result)
}

func (s *upsertSession) settle(sequence uint64, result outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.pending, func(one *pendingBatch) bool { return one.batch.GetSequence() == sequence })
	if at < 0 {
		return
	}
	one := s.pending[at]
	s.pending = slices.Delete(s.pending, at, at+1)
	s.lost = 0
	one.done()
	one.settled <- result
}

// settleTooLarge settles the batch that a call ended for: all before it were answered.
func (s *upsertSession) settleTooLarge(err error) {
	if !errors.Is(err, ErrPayloadTooLarge) {
		return
	}
	s.mu.Lock()
	first := s.first()
	s.mu.Unlock()
	s.settle(first, outcome{err: err})
}

func (s *upsertSession) first() uint64 {
	if len(s.pending) == 0 {
		return 0
	}
	return s.pending[0].batch.GetSequence()
}

// fail ends the stream, and all that is on its way.
func (s *upsertSession) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
	for _, one := range s.pending {
		one.done()
		one.settled <- outcome{err: err, isOver: true}
	}
	s.pending = nil
}

package vectron

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
)

// firstReachable is one transport of several equal ones. Calls go to the one that answered last; who fails is left for the next one,
// so that a retry reaches another gateway.
type firstReachable struct {
	transports []transport
	current    atomic.Int64
}

func (f *firstReachable) at() (int64, transport) {
	at := f.current.Load()
	return at, f.transports[at%int64(len(f.transports))]
}

// leave goes on to the next transport, unless somebody has done so since the call began.
func (f *firstReachable) leave(at int64, err error) {
	if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrShuttingDown) || errors.Is(err, ErrDeadlineExceeded) {
		f.current.CompareAndSwap(at, at+1)
	}
}

func (f *firstReachable) call(ctx context.Context, method *contract.Method, request, answer proto.Message) error {
	at, transport := f.at()
	err := transport.call(ctx, method, request, answer)
	f.leave(at, err)
	return err
}

func (f *firstReachable) openUpserts(ctx context.Context) (upsertCall, error) {
	at, transport := f.at()
	call, err := transport.openUpserts(ctx)
	f.leave(at, err)
	if call == nil || err != nil {
		return nil, err
	}
	return &watchedCall{call, func(err error) { f.leave(at, err) }}, nil
}

func (f *firstReachable) close() error {
	var all []error
	for _, one := range f.transports {
		all = append(all, one.close())
	}
	return errors.Join(all...)
}

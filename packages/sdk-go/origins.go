package vectron

import (
	"crypto/rand"
	"sync"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// writeOrigins names the writes of a client, so that a shard applies one that is sent to it twice only once. A name is in use until its
// write is answered; the shard forgets what is older than the oldest in use.
type writeOrigins struct {
	client []byte

	mu       sync.Mutex
	next     uint64
	inFlight map[uint64]struct{}
	// oldest is no more than any number in flight.
	oldest uint64
}

func newWriteOrigins() *writeOrigins {
	client := make([]byte, 16)
	_, _ = rand.Read(client) // It never fails.
	return &writeOrigins{client: client, next: 1, oldest: 1, inFlight: map[uint64]struct{}{}}
}

// begin gives a name; done is called when the write is answered.
func (w *writeOrigins) begin() (origin *pb.WriteOrigin, done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sequence := w.next
	w.next++
	w.inFlight[sequence] = struct{}{}
	w.advance()
	return &pb.WriteOrigin{Client: w.client, Sequence: sequence, PendingFrom: w.oldest}, func() { w.end(sequence) }
}

func (w *writeOrigins) end(sequence uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.inFlight, sequence)
}

// advance moves oldest to the oldest number in flight. Each number is passed once.
func (w *writeOrigins) advance() {
	for w.oldest < w.next {
		if _, ok := w.inFlight[w.oldest]; ok {
			return
		}
		w.oldest++
	}
}

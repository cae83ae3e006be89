package vectron

import (
	"context"
	"iter"
)

const defaultBatchSize = 256

// BulkOptions are the options of UpsertAll.
type BulkOptions struct {
	// BatchSize is the number of points of a batch; 0: 256.
	BatchSize int
	// MaxInFlight is the maximum number of unacknowledged batches, as in UpsertStreamOptions.
	MaxInFlight int
	// OnAck, if it is set, is called after each acknowledged batch with the number of points written so far.
	OnAck func(ack BatchAck, written int)
}

// UpsertAll writes all points in batches over UpsertStream, and returns the number of points written. It stops at the first batch that
// fails, and returns its error; later batches that were already sent can be written.
func (c *Client) UpsertAll(ctx context.Context, collection string, points iter.Seq[Point], options BulkOptions) (int, error) {
	size := options.BatchSize
	if size == 0 {
		size = defaultBatchSize
	}
	if size < 0 {
		return 0, invalid("batch_size", "BatchSize must be at least 1; 0 stands for 256")
	}
	written := 0
	stream := UpsertStreamOptions{MaxInFlight: options.MaxInFlight}
	for ack, err := range c.UpsertStream(ctx, collection, batched(points, size), stream) {
		if err != nil {
			return written, err
		}
		written += int(ack.Upserted)
		if options.OnAck != nil {
			options.OnAck(ack, written)
		}
		if ack.Err != nil {
			return written, ack.Err
		}
	}
	return written, nil
}

// batched divides points into batches of a size; the last batch can have fewer points.
func batched(points iter.Seq[Point], size int) iter.Seq[[]Point] {
	return func(yield func([]Point) bool) {
		var batch []Point
		for point := range points {
			if batch = append(batch, point); len(batch) == size {
				if !yield(batch) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

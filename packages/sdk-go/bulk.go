package vectron

import (
	"context"
	"iter"
)

const defaultBatchSize = 256

// BulkOptions are how many points are written.
type BulkOptions struct {
	// BatchSize is how many points a batch has; 0: 256.
	BatchSize int
	// MaxInFlight is as in UpsertStreamOptions.
	MaxInFlight int
	// OnAck, when it is set, is called for each batch when it is acknowledged, with the number of points written by then.
	OnAck func(ack BatchAck, written int)
}

// UpsertAll writes all points, in batches over UpsertStream, and gives how many were written. It stops at the first batch that is
// refused, whose error it gives; batches behind it that were under way may be written.
func (c *Client) UpsertAll(ctx context.Context, collection string, points iter.Seq[Point], options BulkOptions) (int, error) {
	size := options.BatchSize
	if size == 0 {
		size = defaultBatchSize
	}
	if size < 0 {
		return 0, invalid("batch_size", "a batch has at least one point")
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

// batched cuts points into batches of a size; the last one may have fewer.
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

package vectron

import (
	"context"
	"iter"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Snapshot is a consistent view of the points of a collection at one time, with the cursor of the changes after it: both together give
// an exact copy. It occupies disk space until it is closed, or has not been read for ExpiresAfter. It is lost if a worker that holds a
// part of it restarts; its points then end with SNAPSHOT_GONE, and a new snapshot must be opened.
type Snapshot struct {
	Collection string
	// Token identifies the snapshot for ListPoints.
	Token string
	// Cursor is for Changes and ListChanges: it gives exactly the changes after the snapshot.
	Cursor string
	// Count is the number of points in the snapshot.
	Count        uint64
	ExpiresAfter time.Duration
	// Shards are the last writes that the snapshot contains, one for each shard.
	Shards []SnapshotShard

	client *Client
}

// Snapshot opens a snapshot. Close it after reading it.
func (c *Client) Snapshot(ctx context.Context, collection string) (*Snapshot, error) {
	answer, err := ask[pb.OpenSnapshotResponse](ctx, c, contract.DataOpenSnapshot, &pb.OpenSnapshotRequest{Collection: collection})
	if err != nil {
		return nil, err
	}
	return &Snapshot{
		Collection: collection, Token: answer.GetSnapshot(), Cursor: answer.GetCursor(), Count: answer.GetPoints(),
		ExpiresAfter: time.Duration(answer.GetExpiresAfterMs()) * time.Millisecond,
		Shards:       decodeList(&decoder{}, answer.GetShards(), decodeSnapshotShard),
		client:       c,
	}, nil
}

// Points returns the points of the snapshot in the order of their ids, with their vectors. Of the options, only Filter and Limit
// (points of a page, default 1,000) are used. An error is the last element.
func (s *Snapshot) Points(ctx context.Context, options ListOptions) iter.Seq2[StoredPoint, error] {
	options.Snapshot, options.IncludeVectors = s.Token, true
	return s.client.Points(ctx, s.Collection, options)
}

// Close closes the snapshot; true: it was open.
func (s *Snapshot) Close(ctx context.Context) (bool, error) {
	return s.client.CloseSnapshot(ctx, s.Collection, s.Token)
}

// CloseSnapshot closes the snapshot of a token; true: it was open.
func (c *Client) CloseSnapshot(ctx context.Context, collection, token string) (bool, error) {
	request := &pb.CloseSnapshotRequest{Collection: collection, Snapshot: token}
	answer, err := ask[pb.CloseSnapshotResponse](ctx, c, contract.DataCloseSnapshot, request)
	return answer.GetExisted(), err
}

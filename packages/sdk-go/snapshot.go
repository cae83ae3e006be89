package vectron

import (
	"context"
	"iter"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Snapshot is the points of a collection as of one moment, whatever is written meanwhile, and the cursor of the changes after it:
// together an exact copy. It holds disk space until it is closed, or was not read for ExpiresAfter. It is lost with the worker that
// holds a part of it: its points then end with SNAPSHOT_GONE, and another one has to be opened.
type Snapshot struct {
	Collection string
	// Token is for ListPoints.
	Token string
	// Cursor is for Changes and ListChanges: all that happened after this moment, and nothing before.
	Cursor string
	// Count is how many points are in it.
	Count        uint64
	ExpiresAfter time.Duration
	// Shards are the moment: of each shard, the last write that is in it.
	Shards []SnapshotShard

	client *Client
}

// Snapshot opens one. Close it when it was read.
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

// Points is its points by id, with their vectors, fetched as they are read; of the options, Filter and Limit (of a page, default 1,000)
// matter. An error is the last thing that it gives.
func (s *Snapshot) Points(ctx context.Context, options ListOptions) iter.Seq2[StoredPoint, error] {
	options.Snapshot, options.IncludeVectors = s.Token, true
	return s.client.Points(ctx, s.Collection, options)
}

// Close closes it; true: it was open.
func (s *Snapshot) Close(ctx context.Context) (bool, error) {
	return s.client.CloseSnapshot(ctx, s.Collection, s.Token)
}

// CloseSnapshot closes the snapshot of a token before its time; true: it was open.
func (c *Client) CloseSnapshot(ctx context.Context, collection, token string) (bool, error) {
	request := &pb.CloseSnapshotRequest{Collection: collection, Snapshot: token}
	answer, err := ask[pb.CloseSnapshotResponse](ctx, c, contract.DataCloseSnapshot, request)
	return answer.GetExisted(), err
}

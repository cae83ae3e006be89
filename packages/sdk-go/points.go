package vectron

import (
	"context"
	"fmt"
	"iter"
	"unicode/utf8"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Upsert writes points: all of them, or none if one is invalid. If several points have the same id, the last one is stored. The points
// are stored as durably as the collection promises when it returns. Fails with DIMENSION_MISMATCH or VERSION_CONFLICT.
func (c *Client) Upsert(ctx context.Context, collection string, points []Point) (*UpsertResult, error) {
	request, err := upsertRequest(collection, points)
	if err != nil {
		return nil, err
	}
	origin, done := c.origins.begin()
	defer done()
	request.Origin = origin
	answer, err := ask[pb.UpsertResponse](ctx, c, contract.DataUpsert, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeUpsertResult)
}

func upsertRequest(collection string, points []Point) (*pb.UpsertRequest, error) {
	for i := range points {
		if !utf8.ValidString(points[i].ID) || !utf8.ValidString(points[i].Text) {
			return nil, invalid(fmt.Sprintf("points[%d]", i), "points[%d]: the id and the text must be valid UTF-8", i)
		}
	}
	e := &encoder{}
	request := &pb.UpsertRequest{Collection: collection, Points: encodeList(e, "points", points, encodePoint)}
	if e.err != nil {
		return nil, e.err
	}
	return request, nil
}

// Get returns one point. Fails with POINT_NOT_FOUND if it does not exist.
func (c *Client) Get(ctx context.Context, collection, id string, options GetOptions) (*StoredPoint, error) {
	request, err := encoded(&options, encodeGetOptions)
	if err != nil {
		return nil, err
	}
	request.Collection, request.Id = collection, id
	answer, err := ask[pb.GetResponse](ctx, c, contract.DataGet, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetPoint(), decodeStoredPoint)
}

// Delete deletes one point; Existed reports whether it existed.
func (c *Client) Delete(ctx context.Context, collection, id string) (*DeleteResult, error) {
	origin, done := c.origins.begin()
	defer done()
	request := &pb.DeleteRequest{Collection: collection, Id: id, Origin: origin}
	answer, err := ask[pb.DeleteResponse](ctx, c, contract.DataDelete, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeDeleteResult)
}

// ListPoints returns one page of points in the order of their ids or of a payload value; optionally only those that match a filter.
func (c *Client) ListPoints(ctx context.Context, collection string, options ListOptions) (*Page, error) {
	request, err := encoded(&options, encodeListOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	answer, err := ask[pb.ListPointsResponse](ctx, c, contract.DataListPoints, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodePage)
}

// Points returns all points that ListPoints would return page by page, from the cursor on. Pages are fetched while the sequence is
// read; Limit is the number of points of a page (default 1,000). An error is the last element.
func (c *Client) Points(ctx context.Context, collection string, options ListOptions) iter.Seq2[StoredPoint, error] {
	return func(yield func(StoredPoint, error) bool) {
		asked := options
		if asked.Limit == 0 {
			asked.Limit = pageSize
		}
		for {
			page, err := c.ListPoints(ctx, collection, asked)
			if err != nil {
				yield(StoredPoint{}, err)
				return
			}
			for _, point := range page.Points {
				if !yield(point, nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			asked.Cursor = page.NextCursor
		}
	}
}

const pageSize = 1000

// Count counts the points that match a filter, or all points.
func (c *Client) Count(ctx context.Context, collection string, options CountOptions) (*CountResult, error) {
	request, err := encoded(&options, encodeCountOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	answer, err := ask[pb.CountPointsResponse](ctx, c, contract.DataCountPoints, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeCountResult)
}

// Facets returns the values at a path of the payload with the number of points that have each value, most frequent first.
func (c *Client) Facets(ctx context.Context, collection, path string, options FacetOptions) (*FacetResult, error) {
	request, err := encoded(&options, encodeFacetOptions)
	if err != nil {
		return nil, err
	}
	request.Collection, request.Path = collection, path
	answer, err := ask[pb.FacetPointsResponse](ctx, c, contract.DataFacetPoints, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeFacetResult)
}

// UpdatePoints changes payload fields. Points that a filter selects are changed in steps of at most 1,000, each of which is atomic.
func (c *Client) UpdatePoints(ctx context.Context, collection string, update PayloadUpdate) (*UpdateResult, error) {
	request, err := encoded(&update, encodePayloadUpdate)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	origin, done := c.named(request.Ids)
	defer done()
	request.Origin = origin
	answer, err := ask[pb.UpdatePointsResponse](ctx, c, contract.DataUpdatePoints, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeUpdateResult)
}

// DeletePoints deletes the points that are selected by ids, by a filter, or by both.
func (c *Client) DeletePoints(ctx context.Context, collection string, selector PointsSelector) (*DeletePointsResult, error) {
	request, err := encoded(&selector, encodePointsSelector)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	origin, done := c.named(request.Ids)
	defer done()
	request.Origin = origin
	answer, err := ask[pb.DeletePointsResponse](ctx, c, contract.DataDeletePoints, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeDeletePointsResult)
}

// named is a name for a write of these ids. Points that a filter alone chooses are changed by several writes, which have no one name.
func (c *Client) named(ids []string) (*pb.WriteOrigin, func()) {
	if len(ids) == 0 {
		return nil, func() {}
	}
	return c.origins.begin()
}

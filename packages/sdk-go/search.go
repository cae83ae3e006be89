package vectron

import (
	"context"
	"fmt"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Search finds the nearest neighbours of a vector, of a stored point, or of a text.
func (c *Client) Search(ctx context.Context, collection string, options SearchOptions) (*SearchResult, error) {
	request, err := encoded(&options, encodeSearchOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	answer, err := ask[pb.SearchResponse](ctx, c, contract.DataSearch, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeSearchResult)
}

// SearchBatch searches with many vectors in one call. The answers are those of separate searches, in the order of the vectors. If one
// of the vectors is invalid, the whole call fails, and the error names it.
func (c *Client) SearchBatch(ctx context.Context, collection string, options SearchBatchOptions) (*SearchBatchResult, error) {
	request, err := encoded(&options, encodeSearchBatchOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	answer, err := ask[pb.SearchBatchResponse](ctx, c, contract.DataSearchBatch, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeSearchBatchResult)
}

// Query searches with several branches at once and fuses their results into one answer. Branches search by vectors, sparse vectors,
// words or examples; the results can be grouped, diversified or rescored.
func (c *Client) Query(ctx context.Context, collection string, options QueryOptions) (*QueryResult, error) {
	request, err := encoded(&options, encodeQueryOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	answer, err := ask[pb.QueryResponse](ctx, c, contract.DataQuery, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeQueryResult)
}

// CollectionQuery is a query on a collection.
type CollectionQuery struct {
	Collection string `json:"collection"`
	QueryOptions
}

// QueryOutcome is the result or the error of one query of a batch.
type QueryOutcome struct {
	Answer *QueryResult `json:"answer,omitempty"`
	Err    *Error       `json:"-"`
}

// QueryBatch runs 1 to 64 queries on one or more collections. The outcomes are in the order of the queries; each has a result or an
// error.
func (c *Client) QueryBatch(ctx context.Context, queries []CollectionQuery) ([]QueryOutcome, error) {
	request := &pb.QueryBatchRequest{}
	for i, one := range queries {
		query, err := encoded(&one.QueryOptions, encodeQueryOptions)
		if err != nil {
			wrong := asError(err)
			wrong.Field = fmt.Sprintf("queries[%d].%s", i, wrong.Field)
			return nil, wrong
		}
		query.Collection = one.Collection
		request.Queries = append(request.Queries, query)
	}
	answer, err := ask[pb.QueryBatchResponse](ctx, c, contract.DataQueryBatch, request)
	if err != nil {
		return nil, err
	}
	outcomes := make([]QueryOutcome, len(answer.GetOutcomes()))
	for i, one := range answer.GetOutcomes() {
		if one.GetAnswer() == nil {
			outcomes[i].Err = fromWire(one.GetErrorCode(), one.GetErrorMessage())
			continue
		}
		if outcomes[i].Answer, err = decoded(one.GetAnswer(), decodeQueryResult); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// measuringTime is the default time limit of the server for a measurement.
const measuringTime = 10 * time.Second

// MeasureRecall measures the recall of searches: sampled queries are answered both approximately and exactly, and the results are
// compared. Fails with FAILED_PRECONDITION if there are no points to compare.
func (c *Client) MeasureRecall(ctx context.Context, collection string, options RecallOptions) (*RecallMeasurement, error) {
	request, err := encoded(&options, encodeRecallOptions)
	if err != nil {
		return nil, err
	}
	request.Collection = collection
	wait := measuringTime
	if options.TimeoutMs > 0 {
		wait = time.Duration(options.TimeoutMs) * time.Millisecond
	}
	answer, err := askWaiting[pb.MeasureRecallResponse](ctx, c, contract.DataMeasureRecall, request, wait)
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeRecallMeasurement)
}

// Feedback stores a user's judgement of an answer, and returns the id of the feedback. It is not repeated if its answer is lost.
func (c *Client) Feedback(ctx context.Context, collection string, feedback Feedback) (string, error) {
	request, err := encoded(&feedback, encodeFeedback)
	if err != nil {
		return "", err
	}
	request.Collection = collection
	answer, err := ask[pb.SubmitFeedbackResponse](ctx, c, contract.DataSubmitFeedback, request)
	return answer.GetFeedbackId(), err
}

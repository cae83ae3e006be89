package vectron

import (
	"context"
	"fmt"
	"time"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Search finds the nearest neighbours of a vector, of a point, or of a text.
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

// SearchBatch is the searches of many vectors in one call: what each would have found by itself, in the order of the vectors. When one
// of the vectors is wrong, all are refused, and the error names it.
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

// Query searches in several ways at once, fused into one answer: vectors, sparse vectors, words, examples; grouped, diversified or
// rescored.
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

// CollectionQuery is a query of a collection.
type CollectionQuery struct {
	Collection string `json:"collection"`
	QueryOptions
}

// QueryOutcome is what a query of a batch found, or the error that it ended with.
type QueryOutcome struct {
	Answer *QueryResult `json:"answer,omitempty"`
	Err    *Error       `json:"-"`
}

// QueryBatch runs 1 to 64 queries of one or more collections. Each has a result in its place, or the error it ended with.
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

// measuringTime is what a server takes to compare answers, unless it is told otherwise.
const measuringTime = 10 * time.Second

// MeasureRecall says how much of the true answers searches find: sampled queries are answered as usual and exactly, and compared.
// FAILED_PRECONDITION: there are no points to compare answers of.
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

// Feedback says how good an answer was, and gives the feedback's id. It is not repeated when its answer is lost.
func (c *Client) Feedback(ctx context.Context, collection string, feedback Feedback) (string, error) {
	request, err := encoded(&feedback, encodeFeedback)
	if err != nil {
		return "", err
	}
	request.Collection = collection
	answer, err := ask[pb.SubmitFeedbackResponse](ctx, c, contract.DataSubmitFeedback, request)
	return answer.GetFeedbackId(), err
}

package vectron

import (
	"context"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// CreateCollection creates a collection. Fails with COLLECTION_EXISTS if there is one with this name. It is not repeated if its answer
// is lost.
func (c *Client) CreateCollection(ctx context.Context, name string, options CollectionOptions) error {
	request, err := encoded(&options, encodeCollectionOptions)
	if err != nil {
		return err
	}
	request.Name = name
	_, err = ask[pb.CreateCollectionResponse](ctx, c, contract.DataCreateCollection, request)
	return err
}

// UpdateCollection changes settings while the collection serves requests, and returns all settings. Fields that are nil remain
// unchanged.
func (c *Client) UpdateCollection(ctx context.Context, name string, change CollectionChange) (*CollectionOptions, error) {
	request, err := encoded(&change, encodeCollectionChange)
	if err != nil {
		return nil, err
	}
	request.Name = name
	answer, err := ask[pb.UpdateCollectionResponse](ctx, c, contract.DataUpdateCollection, request)
	if err != nil {
		return nil, err
	}
	return decoded(answer.GetSettings(), decodeCollectionOptions)
}

// DeleteCollection deletes a collection with its points. Fails with COLLECTION_NOT_FOUND if it does not exist.
func (c *Client) DeleteCollection(ctx context.Context, name string) error {
	_, err := ask[pb.DeleteCollectionResponse](ctx, c, contract.DataDeleteCollection, &pb.DeleteCollectionRequest{Name: name})
	return err
}

// ListCollections returns the collections of the tenant.
func (c *Client) ListCollections(ctx context.Context) ([]CollectionInfo, error) {
	answer, err := ask[pb.ListCollectionsResponse](ctx, c, contract.DataListCollections, &pb.ListCollectionsRequest{})
	if err != nil {
		return nil, err
	}
	return decodeList(&decoder{}, answer.GetDetails(), decodeCollectionInfo), nil
}

// CollectionStatus returns the shards, the number of points and the settings of a collection.
func (c *Client) CollectionStatus(ctx context.Context, name string) (*CollectionStatus, error) {
	answer, err := ask[pb.GetCollectionStatusResponse](ctx, c, contract.DataGetCollectionStatus, &pb.GetCollectionStatusRequest{Name: name})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeCollectionStatus)
}

// CreateIndex declares a payload index, a sparse vector or a named vector on every shard; the index is then built in the background. It
// returns true if the declaration is new.
func (c *Client) CreateIndex(ctx context.Context, collection string, target IndexTarget) (bool, error) {
	request, err := encoded(&target, encodeIndexTarget)
	if err != nil {
		return false, err
	}
	request.Collection = collection
	answer, err := ask[pb.CreateIndexResponse](ctx, c, contract.DataCreateIndex, request)
	return answer.GetCreated(), err
}

// DeleteIndex deletes an index or a vector, which its path or name identifies. It returns true if it existed.
func (c *Client) DeleteIndex(ctx context.Context, collection string, target IndexTarget) (bool, error) {
	request, err := encoded(&target, encodeIndexTarget)
	if err != nil {
		return false, err
	}
	answer, err := ask[pb.DeleteIndexResponse](ctx, c, contract.DataDeleteIndex, &pb.DeleteIndexRequest{
		Collection: collection, Index: request.Index, SparseVector: request.SparseVector, NamedVector: request.NamedVector,
	})
	return answer.GetExisted(), err
}

// ListIndexes returns the payload indexes, sparse vectors and named vectors of a collection, and the progress of the indexes that are
// being built.
func (c *Client) ListIndexes(ctx context.Context, collection string) (*Indexes, error) {
	answer, err := ask[pb.ListIndexesResponse](ctx, c, contract.DataListIndexes, &pb.ListIndexesRequest{Collection: collection})
	if err != nil {
		return nil, err
	}
	return decoded(answer, decodeIndexes)
}

// Analyze returns the terms of a text; without options, with the settings that apply where there is no text index.
func (c *Client) Analyze(ctx context.Context, collection, text string, how AnalyzeOptions) ([]Token, error) {
	request, err := encoded(&how, encodeAnalyzeOptions)
	if err != nil {
		return nil, err
	}
	request.Collection, request.Text = collection, text
	answer, err := ask[pb.AnalyzeResponse](ctx, c, contract.DataAnalyze, request)
	if err != nil {
		return nil, err
	}
	return decodeList(&decoder{}, answer.GetTokens(), decodeToken), nil
}

// ListAliases returns the aliases of the tenant's collections.
func (c *Client) ListAliases(ctx context.Context) ([]Alias, error) {
	answer, err := ask[pb.ListAliasesResponse](ctx, c, contract.DataListAliases, &pb.ListAliasesRequest{})
	if err != nil {
		return nil, err
	}
	return decodeList(&decoder{}, answer.GetAliases(), decodeAlias), nil
}

// UpdateAliases sets and deletes aliases in one transaction: either all changes are made or none.
func (c *Client) UpdateAliases(ctx context.Context, changes AliasChanges) error {
	request, err := encoded(&changes, encodeAliasChanges)
	if err != nil {
		return err
	}
	_, err = ask[pb.UpdateAliasesResponse](ctx, c, contract.DataUpdateAliases, request)
	return err
}

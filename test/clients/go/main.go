package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"

	"vectron/test/clients/vectron"
)

const collection = "client-go"

type scenario struct {
	Dimension int32           `json:"dimension"`
	Points    []vectron.Point `json:"points"`
	Query     []float32       `json:"query"`
	Nearest   []string        `json:"nearest"`
}

func main() {
	log.SetFlags(0)
	var wanted scenario
	text, err := os.ReadFile(os.Getenv("SCENARIO"))
	check(err)
	check(json.Unmarshal(text, &wanted))
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("VECTRON_API_KEY"))
		return nil
	}
	client, err := vectron.NewClientWithResponses(os.Getenv("VECTRON_URL"), vectron.WithRequestEditorFn(authorize))
	check(err)
	ctx := context.Background()
	first := wanted.Points[0]

	made, err := client.CreateCollectionWithResponse(ctx, vectron.CreateCollectionRequest{
		Name: collection, Dimension: wanted.Dimension,
	})
	check(err)
	equal("success of the collection", made.JSON200.Success, true)

	written, err := client.UpsertWithResponse(ctx, collection, vectron.UpsertBody{Points: wanted.Points})
	check(err)
	equal("upserted", written.JSON200.Upserted, int32(len(wanted.Points)))

	got, err := client.GetPointWithResponse(ctx, collection, first.Id, nil)
	check(err)
	equal("payload of the point", got.JSON200.Point.Payload, first.Payload)
	equal("vector of the point", got.JSON200.Point.Vector, first.Vector)
	_, err = strconv.ParseUint(got.JSON200.AppliedIndex, 10, 64)
	check(err)

	found, err := client.SearchWithResponse(ctx, collection, vectron.SearchBody{
		Vector: &wanted.Query, TopK: pointer(int64(3)), IncludeVectors: pointer(true),
	})
	check(err)
	results := found.JSON200.Results
	ids := []string{}
	for _, result := range results {
		ids = append(ids, result.Id)
	}
	equal("nearest", ids, wanted.Nearest)
	equal("payload of the nearest", results[0].Payload, first.Payload)
	equal("vector of the nearest", results[0].Vector, *first.Vector)

	page, err := client.ListPointsWithResponse(ctx, collection, &vectron.ListPointsParams{
		Limit: pointer(int64(1)), IncludeVectors: pointer(true),
	})
	check(err)
	equal("points of a page", len(page.JSON200.Points), 1)
	equal("there is a next page", page.JSON200.NextCursor != "", true)

	status, err := client.GetCollectionStatusWithResponse(ctx, collection)
	check(err)
	equal("dimension", status.JSON200.Dimension, wanted.Dimension)
	_, err = strconv.ParseUint(status.JSON200.Points, 10, 64)
	check(err)

	missing, err := client.GetCollectionStatusWithResponse(ctx, "client-none")
	check(err)
	equal("HTTP status of a missing collection", missing.StatusCode(), http.StatusNotFound)
	equal("code of a missing collection", missing.JSON404.Code, int32(5))
	equal("reason of a missing collection", *missing.JSON404.Details[0].Reason, "COLLECTION_NOT_FOUND")
	equal("the message names it", strings.Contains(missing.JSON404.Message, "client-none"), true)

	wrong, err := client.SearchWithResponse(ctx, collection, vectron.SearchBody{Vector: &[]float32{1}})
	check(err)
	equal("HTTP status of a wrong dimension", wrong.StatusCode(), http.StatusBadRequest)
	equal("reason of a wrong dimension", *wrong.JSON400.Details[0].Reason, "DIMENSION_MISMATCH")

	deleted, err := client.DeletePointWithResponse(ctx, collection, first.Id, nil)
	check(err)
	equal("existed", deleted.JSON200.Existed, true)
	dropped, err := client.DeleteCollectionWithResponse(ctx, collection)
	check(err)
	equal("success of the deletion", dropped.JSON200.Success, true)
}

func pointer[T any](value T) *T { return &value }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func equal(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		log.Fatal(fmt.Sprintf("%s: %#v, not %#v", what, got, want))
	}
}

package main

import (
	"context"
	"fmt"
	"strconv"

	"vectron.dev/sdk-go"
)

type vectronClient struct {
	sdk      *vectron.Client
	settings settings
	data     *data
}

func connect(s settings, data *data) (client, error) {
	sdk, err := vectron.Connect(s.URL, vectron.WithAPIKey(s.Token))
	if err != nil {
		return nil, err
	}
	return &vectronClient{sdk, s, data}, nil
}

func (c *vectronClient) search(ctx context.Context, query int) ([]found, error) {
	options := vectron.SearchOptions{Vector: c.data.queries[query], TopK: uint32(c.settings.K)}
	answer, err := c.sdk.Search(ctx, c.settings.Collection, options)
	if err != nil {
		return nil, err
	}
	hits := make([]found, len(answer.Hits))
	for i, hit := range answer.Hits {
		id, err := strconv.Atoi(hit.ID)
		if err != nil {
			return nil, err
		}
		name, is := hit.Payload["name"].(string)
		if !is {
			return nil, fmt.Errorf("the payload of %d has no name", id)
		}
		hits[i] = found{id, name}
	}
	return hits, nil
}

func (c *vectronClient) upsert(ctx context.Context, begin, end int) error {
	points := make([]vectron.Point, 0, end-begin)
	for i := begin; i < end; i++ {
		points = append(points, vectron.Point{ID: strconv.Itoa(i), Vector: c.data.points[i], Payload: c.data.payloads[i]})
	}
	_, err := c.sdk.Upsert(ctx, c.settings.Collection, points)
	return err
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	vectron "vectron.dev/sdk-go"
)

// verb is a call of the SDK: what is asked, as the options of the verb or apart, and what is answered.
type verb func(ctx context.Context, p *player, with map[string]any) (any, error)

// call makes the call of an RPC with the SDK; the answer has the names of REST.
func (p *player) call(ctx context.Context, name string, with map[string]any) (any, error) {
	known, ok := verbs[name]
	if !ok {
		return nil, fmt.Errorf("the call %s is not known", name)
	}
	with = maps.Clone(with)
	asking := *p
	others := []string{"collection", "name"}
	if name == "CreateAPIKey" {
		others = nil
	}
	for _, given := range others {
		if other, isText := with[given].(string); isText {
			asking.collection = other
			delete(with, given)
		}
	}
	answer, err := known(ctx, &asking, with)
	if err != nil {
		return nil, err
	}
	return plain(answer)
}

// plain is a value of the SDK as JSON says it, with exact numbers.
func plain(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out any
	err = decoder.Decode(&out)
	return out, err
}

// options reads what is asked into the options of a verb; a name that they do not have is an error. What the types of Go do not let a
// caller write, such as a negative number of results, counts as refused.
func options[T any](with map[string]any) (T, error) {
	var value T
	text, err := json.Marshal(with)
	if err != nil {
		return value, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if name := unknownName(with, reflect.TypeFor[T]()); name != "" {
		return value, &vectron.Error{Code: vectron.ErrInvalidArgument, Field: name, Message: "there is no " + name}
	}
	err = decoder.Decode(&value)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		err = &vectron.Error{Code: vectron.ErrInvalidArgument, Field: wrong.Field, Message: wrong.Error()}
	}
	return value, err
}

// unknownName is a name that the options do not have: encoding/json takes names in capitals and without as the same.
func unknownName(with map[string]any, options reflect.Type) string {
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(options) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[name] = true
	}
	for name := range with {
		if !known[name] {
			return name
		}
	}
	return ""
}

// by is a verb whose options are all that is asked.
func by[T, A any](call func(*vectron.Client, context.Context, string, T) (A, error)) verb {
	return func(ctx context.Context, p *player, with map[string]any) (any, error) {
		asked, err := options[T](with)
		if err != nil {
			return nil, err
		}
		return call(p.client, ctx, p.collection, asked)
	}
}

func take(with map[string]any, name string) string {
	text, _ := with[name].(string)
	delete(with, name)
	return text
}

type object = map[string]any

var verbs = map[string]verb{
	"CreateCollection": by(func(c *vectron.Client, ctx context.Context, name string, o vectron.CollectionOptions) (object, error) {
		return object{"success": true}, c.CreateCollection(ctx, name, o)
	}),
	"UpdateCollection": by(func(c *vectron.Client, ctx context.Context, name string, o vectron.CollectionChange) (object, error) {
		settings, err := c.UpdateCollection(ctx, name, o)
		return object{"settings": settings}, err
	}),
	"DeleteCollection": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		return object{"success": true}, p.client.DeleteCollection(ctx, p.collection)
	},
	"ListCollections": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		details, err := p.client.ListCollections(ctx)
		names := []string{}
		for _, one := range details {
			names = append(names, one.Name)
		}
		return object{"collections": names, "details": details}, err
	},
	"GetCollectionStatus": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		return p.client.CollectionStatus(ctx, p.collection)
	},
	"Upsert": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		asked, err := options[struct {
			Points []vectron.Point `json:"points"`
		}](with)
		if err != nil {
			return nil, err
		}
		return p.client.Upsert(ctx, p.collection, asked.Points)
	},
	"UpsertStream": upsertStream,
	"Search":       by((*vectron.Client).Search),
	"SearchBatch":  by((*vectron.Client).SearchBatch),
	"Query": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		if err := rescoring(with); err != nil {
			return nil, err
		}
		return by((*vectron.Client).Query)(ctx, p, with)
	},
	"QueryBatch": queryBatch,
	"Get": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		id := take(with, "id")
		asked, err := options[vectron.GetOptions](with)
		if err != nil {
			return nil, err
		}
		point, err := p.client.Get(ctx, p.collection, id, asked)
		return object{"point": point}, err
	},
	"Delete": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		return p.client.Delete(ctx, p.collection, take(with, "id"))
	},
	"ListPoints":  listPoints,
	"CountPoints": by((*vectron.Client).Count),
	"FacetPoints": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		path := take(with, "path")
		asked, err := options[vectron.FacetOptions](with)
		if err != nil {
			return nil, err
		}
		return p.client.Facets(ctx, p.collection, path, asked)
	},
	"UpdatePoints":  by((*vectron.Client).UpdatePoints),
	"DeletePoints":  by((*vectron.Client).DeletePoints),
	"MeasureRecall": by((*vectron.Client).MeasureRecall),
	"CreateIndex": by(func(c *vectron.Client, ctx context.Context, name string, o vectron.IndexTarget) (object, error) {
		created, err := c.CreateIndex(ctx, name, o)
		return object{"created": created}, err
	}),
	"DeleteIndex": by(func(c *vectron.Client, ctx context.Context, name string, o vectron.IndexTarget) (object, error) {
		existed, err := c.DeleteIndex(ctx, name, o)
		return object{"existed": existed}, err
	}),
	"ListIndexes": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		return p.client.ListIndexes(ctx, p.collection)
	},
	"Analyze": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		text := take(with, "text")
		asked, err := options[vectron.AnalyzeOptions](with)
		if err != nil {
			return nil, err
		}
		tokens, err := p.client.Analyze(ctx, p.collection, text, asked)
		return object{"tokens": tokens}, err
	},
	"ListAliases": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		aliases, err := p.client.ListAliases(ctx)
		return object{"aliases": aliases}, err
	},
	"UpdateAliases": by(func(c *vectron.Client, ctx context.Context, _ string, o vectron.AliasChanges) (object, error) {
		return object{}, c.UpdateAliases(ctx, o)
	}),
	"OpenSnapshot": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		one, err := p.client.Snapshot(ctx, p.collection)
		if err != nil {
			return nil, err
		}
		expires := one.ExpiresAfter.Milliseconds()
		return object{"snapshot": one.Token, "cursor": one.Cursor, "points": one.Count, "expiresAfterMs": expires, "shards": one.Shards}, nil
	},
	"CloseSnapshot": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		existed, err := p.client.CloseSnapshot(ctx, p.collection, take(with, "snapshot"))
		return object{"existed": existed}, err
	},
	"CreateAPIKey": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		name := take(with, "name")
		asked, err := options[vectron.APIKeyOptions](with)
		if err != nil {
			return nil, err
		}
		key, info, err := p.client.CreateAPIKey(ctx, name, asked)
		return object{"fullKey": key, "keyInfo": info}, err
	},
	"ListAPIKeys": func(ctx context.Context, p *player, _ map[string]any) (any, error) {
		keys, err := p.client.ListAPIKeys(ctx)
		return object{"keys": keys}, err
	},
	"DeleteAPIKey": func(ctx context.Context, p *player, with map[string]any) (any, error) {
		return object{"success": true}, p.client.DeleteAPIKey(ctx, take(with, "keyPrefix"))
	},
	"ListChanges": by((*vectron.Client).ListChanges),
	"Changes":     changes,
	"SubmitFeedback": by(func(c *vectron.Client, ctx context.Context, name string, o vectron.Feedback) (object, error) {
		id, err := c.Feedback(ctx, name, o)
		return object{"success": err == nil, "feedbackId": id}, err
	}),
}

func upsertStream(ctx context.Context, p *player, with map[string]any) (any, error) {
	asked, err := options[struct {
		Batches [][]vectron.Point `json:"batches"`
	}](with)
	if err != nil {
		return nil, err
	}
	acks := []object{}
	for ack, err := range p.client.UpsertStream(ctx, p.collection, slices.Values(asked.Batches), vectron.UpsertStreamOptions{}) {
		if err != nil {
			return nil, err
		}
		one := object{"batch": ack.Batch, "upserted": ack.Upserted, "writeToken": ack.WriteToken}
		if ack.Err != nil {
			one = object{"batch": ack.Batch, "error": ack.Err.Code}
		}
		acks = append(acks, one)
	}
	return object{"acks": acks}, nil
}

func queryBatch(ctx context.Context, p *player, with map[string]any) (any, error) {
	asked, err := options[struct {
		Queries []vectron.CollectionQuery `json:"queries"`
	}](with)
	if err != nil {
		return nil, err
	}
	for i := range asked.Queries {
		if asked.Queries[i].Collection == "" {
			asked.Queries[i].Collection = p.collection
		}
	}
	found, err := p.client.QueryBatch(ctx, asked.Queries)
	outcomes := []object{}
	for _, one := range found {
		if one.Err != nil {
			outcomes = append(outcomes, object{"errorCode": one.Err.Code, "errorMessage": one.Err.Message})
		} else {
			outcomes = append(outcomes, object{"answer": one.Answer})
		}
	}
	return object{"outcomes": outcomes}, err
}

// rescoring has the vector that REST takes as base64 as the list of numbers that the SDK takes.
func rescoring(with map[string]any) error {
	text, ok := with["rescoreVectorF32"].(string)
	if !ok {
		return nil
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	vector := make([]float32, len(packed)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(packed[4*i:]))
	}
	delete(with, "rescoreVectorF32")
	with["rescoreVector"] = vector
	return err
}

func listPoints(ctx context.Context, p *player, with map[string]any) (any, error) {
	all, _ := with["all"].(bool)
	delete(with, "all")
	asked, err := options[vectron.ListOptions](with)
	if err != nil {
		return nil, err
	}
	if !all {
		return p.client.ListPoints(ctx, p.collection, asked)
	}
	points := []vectron.StoredPoint{}
	for point, err := range p.client.Points(ctx, p.collection, asked) {
		if err != nil {
			return nil, err
		}
		points = append(points, point)
	}
	return object{"points": points, "nextCursor": ""}, nil
}

func changes(ctx context.Context, p *player, with map[string]any) (any, error) {
	asked, err := options[struct {
		Count  int    `json:"count"`
		Cursor string `json:"cursor"`
	}](with)
	if err != nil {
		return nil, err
	}
	stream := p.client.Changes(p.collection, vectron.ChangesOptions{Cursor: asked.Cursor})
	found := []vectron.Change{}
	for one, err := range stream.All(ctx) {
		if err != nil {
			return nil, err
		}
		if found = append(found, one); len(found) == asked.Count {
			break
		}
	}
	return object{"changes": found, "nextCursor": stream.Cursor()}, nil
}

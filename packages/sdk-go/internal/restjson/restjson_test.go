package restjson

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/generated/adminv1"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Messages without a form of their own are those of proto3 JSON.
func TestPlainMessagesAreProto3JSON(t *testing.T) {
	for _, message := range []proto.Message{
		&adminv1.PutAlertRuleRequest{Rule: "disk", Enabled: proto.Bool(false), Threshold: proto.Float64(0.25)},
		&pb.CreateCollectionRequest{Name: "papers", Dimension: 4, Rerank: &pb.RerankSettings{FieldBoosts: map[string]float64{"a\"b": 1e21, "": -0.5}}},
		&pb.SubmitFeedbackRequest{FeedbackItems: []*pb.FeedbackItem{{ResultId: "\u2028<é>", RelevanceScore: -3}}, Context: map[string]string{"k": "v"}},
		&pb.UpsertResponse{Upserted: 1, Shards: []*pb.ShardWrite{{ShardId: math.MaxUint32, LogIndex: math.MaxUint64}}},
	} {
		fields, err := Encode(message)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(fields)
		theirs, back := message.ProtoReflect().New().Interface(), message.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(text, theirs); err != nil || !proto.Equal(theirs, message) {
			t.Errorf("protojson reads %s as %v, %v", text, theirs, err)
		}
		if err := Decode(text, back); err != nil || !proto.Equal(back, message) {
			t.Errorf("%s is read as %v, %v", text, back, err)
		}
	}
}

func TestPayloadsAreTheTextThatWasSent(t *testing.T) {
	const payload = `{"n": 18446744073709551615, "f": 1.50}`
	fields, err := Encode(&pb.UpsertRequest{Points: []*pb.Point{{Id: "a", PayloadJson: payload, VectorF32: []byte{0, 0, 128, 63}}}})
	want := `[{"id":"a","payload":` + payload + `,"vectorF32":"AACAPw=="}]`
	if err != nil || string(fields["points"]) != want {
		t.Fatalf("%s, %v", fields["points"], err)
	}
	point := &pb.Point{}
	if err := Decode([]byte(`{"payload": `+payload+`, "vector": [1, -0.5, 3e38], "version": "7"}`), point); err != nil {
		t.Fatal(err)
	}
	if point.GetPayloadJson() != payload || len(point.GetVector()) != 3 || point.GetVersion() != 7 {
		t.Fatal(point)
	}
}

func TestTextThatIsNoUTF8IsNamed(t *testing.T) {
	_, err := Encode(&pb.UpsertRequest{Points: []*pb.Point{{Id: "a"}, {Id: "b\xff"}}})
	var wrong *FieldError
	if !errors.As(err, &wrong) || wrong.Field != "points[1].id" {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"results":[{"id":"a","score":0.5,"payload":{"n":1},"vector":[1,2]}],"complete":true,"recallEstimate":"NaN"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		message := &pb.SearchResponse{}
		if Decode(text, message) == nil {
			if _, err := Encode(message); err != nil && !errors.As(err, new(*FieldError)) {
				t.Fatal(err)
			}
		}
	})
}

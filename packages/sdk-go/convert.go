package vectron

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// encoder keeps the first error that occurred while a request was encoded.
type encoder struct{ err *Error }

// payload returns the JSON text of a payload; empty: there is none.
func (e *encoder) payload(field string, value any) string {
	if value == nil {
		return ""
	}
	text, err := payloadText(value)
	if err != nil && e.err == nil {
		e.err = invalid(field, "%s %v", field, err)
		e.err.cause = err
	}
	return text
}

// within adds a field to the path of an error that occurred since.
func (e *encoder) within(had *Error, field string) {
	if e.err != nil && had == nil {
		e.err.Field = field + "." + e.err.Field
	}
}

func encodeList[T, M any](e *encoder, field string, list []T, encode func(*encoder, *T) *M) []*M {
	if list == nil {
		return nil
	}
	messages := make([]*M, len(list))
	for i := range list {
		had := e.err
		messages[i] = encode(e, &list[i])
		if e.err != had {
			e.within(had, fmt.Sprintf("%s[%d]", field, i))
		}
	}
	return messages
}

func encodeOne[T, M any](e *encoder, field string, value *T, encode func(*encoder, *T) *M) *M {
	if value == nil {
		return nil
	}
	had := e.err
	message := encode(e, value)
	if e.err != had {
		e.within(had, field)
	}
	return message
}

func encodeMap[T, M any](e *encoder, values map[string]T, encode func(*encoder, *T) *M) map[string]*M {
	if values == nil {
		return nil
	}
	messages := make(map[string]*M, len(values))
	for name, value := range values {
		messages[name] = encode(e, &value)
	}
	return messages
}

// decoder keeps the first error that occurred while an answer was decoded.
type decoder struct{ err error }

// payload prefers the JSON text, which is set if a Struct cannot represent the payload.
func (d *decoder) payload(document *structpb.Struct, text string) Payload {
	if text == "" {
		return structFields(document)
	}
	fields, _ := d.text(text).(map[string]any)
	return fields
}

func (d *decoder) value(value *structpb.Value, text string) any {
	if text == "" {
		return structValue(value)
	}
	return d.text(text)
}

func (d *decoder) text(text string) any {
	value, err := exactJSON(text)
	if err != nil && d.err == nil {
		d.err = &Error{Code: ErrInternal, Message: "the server sent a payload that is not JSON", cause: err}
	}
	return value
}

func decodeList[M, T any](d *decoder, messages []*M, decode func(*decoder, *M) T) []T {
	list := make([]T, len(messages))
	for i, message := range messages {
		list[i] = decode(d, message)
	}
	return list
}

func decodeOne[M, T any](d *decoder, message *M, decode func(*decoder, *M) T) *T {
	if message == nil {
		return nil
	}
	value := decode(d, message)
	return &value
}

func decodeMap[M, T any](d *decoder, messages map[string]*M, decode func(*decoder, *M) T) map[string]T {
	if len(messages) == 0 {
		return nil
	}
	values := make(map[string]T, len(messages))
	for name, message := range messages {
		values[name] = decode(d, message)
	}
	return values
}

// bytesOf returns a vector as little-endian float32 values.
func bytesOf(vector []float32) []byte {
	if len(vector) == 0 {
		return nil
	}
	out := make([]byte, 0, 4*len(vector))
	for _, component := range vector {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(component))
	}
	return out
}

func denseVector(vector []float32) *pb.DenseVector {
	return &pb.DenseVector{VectorF32: bytesOf(vector)}
}

func denseVectors(vectors [][]float32) []*pb.DenseVector {
	list := make([]*pb.DenseVector, len(vectors))
	for i, vector := range vectors {
		list[i] = denseVector(vector)
	}
	return list
}

func denseVectorMap(vectors map[string][]float32) map[string]*pb.DenseVector {
	if vectors == nil {
		return nil
	}
	named := make(map[string]*pb.DenseVector, len(vectors))
	for name, vector := range vectors {
		named[name] = denseVector(vector)
	}
	return named
}

// floatsOf returns a vector that is given in either of its forms.
func floatsOf(vector *pb.DenseVector) []float32 {
	if packed := vector.GetVectorF32(); len(packed) > 0 {
		floats := make([]float32, len(packed)/4)
		for i := range floats {
			floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(packed[4*i:]))
		}
		return floats
	}
	return vector.GetVector()
}

func floatMap(vectors map[string]*pb.DenseVector) map[string][]float32 {
	if len(vectors) == 0 {
		return nil
	}
	named := make(map[string][]float32, len(vectors))
	for name, vector := range vectors {
		named[name] = floatsOf(vector)
	}
	return named
}

// secondsOf returns a time as seconds since 1970; 0: the zero time.
func secondsOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

func timeOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// filter returns the message of a filter; nil: no condition.
func (e *encoder) filter(field string, filter Filter) *pb.Filter {
	if filter.err != nil && e.err == nil {
		wrong := *asError(filter.err)
		wrong.Field = field
		e.err = &wrong
	}
	return filter.message
}

package filterjson

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Scalar is the message of a value to compare with: a string, a bool, or a number of any Go type, [json.Number] or [big.Int]. Integers
// of 64 bits, signed or not, stay exact; larger ones, NaN and infinities are refused.
func Scalar(value any) (*pb.Scalar, error) {
	switch value := value.(type) {
	case json.Number:
		return numberScalar(value.String())
	case *big.Int:
		return numberScalar(value.String())
	case big.Int:
		return numberScalar(value.String())
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return nil, fmt.Errorf("must be a string of valid UTF-8")
		}
		return &pb.Scalar{Value: &pb.Scalar_Text{Text: v.String()}}, nil
	case reflect.Bool:
		return &pb.Scalar{Value: &pb.Scalar_Flag{Flag: v.Bool()}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &pb.Scalar{Value: &pb.Scalar_Integer{Integer: v.Int()}}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return unsigned(v.Uint()), nil
	case reflect.Float32:
		// The decimal that the caller wrote: the payload has that as a double.
		text := strconv.FormatFloat(v.Float(), 'g', -1, 32)
		number, _ := strconv.ParseFloat(text, 64)
		return floatScalar(number)
	case reflect.Float64:
		return floatScalar(v.Float())
	default:
		return nil, fmt.Errorf("must be a string, a number or a bool, not %T", value)
	}
}

func numberScalar(text string) (*pb.Scalar, error) {
	if strings.ContainsAny(text, ".eE") {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be represented as a double; send it as a string", text)
		}
		return floatScalar(number)
	}
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return &pb.Scalar{Value: &pb.Scalar_Integer{Integer: integer}}, nil
	}
	large, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s must be an integer of 64 bits; send it as a string", text)
	}
	return unsigned(large), nil
}

func unsigned(value uint64) *pb.Scalar {
	if value <= math.MaxInt64 {
		return &pb.Scalar{Value: &pb.Scalar_Integer{Integer: int64(value)}}
	}
	return &pb.Scalar{Value: &pb.Scalar_Unsigned{Unsigned: value}}
}

func floatScalar(number float64) (*pb.Scalar, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, fmt.Errorf("must be a finite number, not %v", number)
	}
	if number == math.Trunc(number) && isSafe(number) {
		return &pb.Scalar{Value: &pb.Scalar_Integer{Integer: int64(number)}}, nil
	}
	return &pb.Scalar{Value: &pb.Scalar_Number{Number: number}}, nil
}

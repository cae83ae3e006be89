package filterjson

import (
	"encoding/json"
	"fmt"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// tests are those of a field.
var tests = []string{"eq", "in", "notIn", "gt", "gte", "lt", "lte", "geoRadius", "geoBox", "prefix", "text", "phrase", "exists", "isNull"}

func readRange(field *pb.FieldCondition, bounds object, at string) error {
	numbers, times := &pb.NumberRange{}, &pb.DatetimeRange{}
	texts := 0
	for name, value := range bounds {
		switch value := value.(type) {
		case string:
			texts++
			*map[string]**string{"gt": &times.Gt, "gte": &times.Gte, "lt": &times.Lt, "lte": &times.Lte}[name] = &value
		case json.Number:
			if err := SetBound(numbers, name, value); err != nil {
				return wrong(at+"."+name, err.Error())
			}
		default:
			return wrong(at+"."+name, "must be a number or a time")
		}
	}
	switch texts {
	case 0:
		field.Test = &pb.FieldCondition_Number{Number: numbers}
	case len(bounds):
		field.Test = &pb.FieldCondition_Datetime{Datetime: times}
	default:
		return wrong(at, "all bounds must be numbers, or all must be times")
	}
	return nil
}

// SetBound sets the bound gt, gte, lt or lte of a range to a value that [Scalar] takes and that is a number.
func SetBound(bounds *pb.NumberRange, name string, value any) error {
	scalar, err := Scalar(value)
	if err != nil {
		return err
	}
	exact := map[string]**pb.Scalar{"gt": &bounds.GtExact, "gte": &bounds.GteExact, "lt": &bounds.LtExact, "lte": &bounds.LteExact}[name]
	number := map[string]**float64{"gt": &bounds.Gt, "gte": &bounds.Gte, "lt": &bounds.Lt, "lte": &bounds.Lte}[name]
	switch one := scalar.GetValue().(type) {
	case *pb.Scalar_Number:
		*number = &one.Number
	case *pb.Scalar_Integer:
		if float := float64(one.Integer); isSafe(float) {
			*number = &float
		} else {
			*exact = scalar
		}
	case *pb.Scalar_Unsigned:
		*exact = scalar
	default:
		return fmt.Errorf("a bound must be a number")
	}
	return nil
}

func isSafe(number float64) bool { return number > -(1<<53) && number < 1<<53 }

func readTest(field *pb.FieldCondition, name string, value any, at string) error {
	switch name {
	case "eq":
		list, err := readScalars([]any{value}, at)
		field.Test = &pb.FieldCondition_In{In: list}
		return err
	case "in", "notIn":
		values, ok := value.([]any)
		if !ok {
			return wrong(at, "must be a list")
		}
		list, err := readScalars(values, at)
		field.Test = &pb.FieldCondition_In{In: list}
		if name == "notIn" {
			field.Test = &pb.FieldCondition_NotIn{NotIn: list}
		}
		return err
	case "geoRadius", "geoBox":
		return readGeo(field, name, value, at)
	case "prefix", "text", "phrase":
		text, ok := value.(string)
		if !ok {
			return wrong(at, "must be a string")
		}
		switch name {
		case "prefix":
			field.Test = &pb.FieldCondition_Prefix{Prefix: text}
		case "text":
			field.Test = &pb.FieldCondition_Text{Text: text}
		default:
			field.Test = &pb.FieldCondition_Phrase{Phrase: text}
		}
		return nil
	case "exists", "isNull":
		flag, ok := value.(bool)
		if !ok {
			return wrong(at, "must be true or false")
		}
		field.Test = &pb.FieldCondition_Exists{Exists: flag}
		if name == "isNull" {
			field.Test = &pb.FieldCondition_IsNull{IsNull: flag}
		}
		return nil
	default:
		return wrong(at, "is not a test; use one of eq, in, notIn, gt, gte, lt, lte, geoRadius, geoBox, prefix, text, phrase, exists or isNull")
	}
}

func readScalars(values []any, at string) (*pb.ScalarList, error) {
	list := &pb.ScalarList{}
	for _, value := range values {
		scalar, err := Scalar(value)
		if err != nil {
			return nil, wrong(at, err.Error())
		}
		list.Values = append(list.Values, scalar)
	}
	return list, nil
}

func readGeo(field *pb.FieldCondition, name string, value any, at string) error {
	var fault error
	number := func(in object, key string) float64 {
		text, ok := in[key].(json.Number)
		float, err := text.Float64()
		if !ok || err != nil {
			fault = wrong(at+"."+key, "must be a number")
		}
		return float
	}
	form, _ := value.(object)
	if name == "geoBox" {
		box := &pb.GeoBox{North: number(form, "north"), West: number(form, "west"), South: number(form, "south"), East: number(form, "east")}
		field.Test = &pb.FieldCondition_GeoBox{GeoBox: box}
		return fault
	}
	center, _ := form["center"].(object)
	point := &pb.GeoPoint{Lat: number(center, "lat"), Lon: number(center, "lon")}
	field.Test = &pb.FieldCondition_GeoRadius{GeoRadius: &pb.GeoRadius{Center: point, Meters: number(form, "meters")}}
	return fault
}

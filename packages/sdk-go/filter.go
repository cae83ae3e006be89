package vectron

import (
	"errors"
	"time"

	"vectron.dev/sdk-go/internal/filterjson"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Filter is a condition on points, made by And, Or, Not, HasID, Nested and Field, or parsed from the JSON form that all SDKs use. The
// zero value matches every point. A value that has no exact form makes the call fail with INVALID_ARGUMENT.
type Filter struct {
	message *pb.Filter
	err     error
}

// MarshalJSON returns the JSON form, such as {"field": "year", "gte": 2020}.
func (f Filter) MarshalJSON() ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	return filterjson.Marshal(f.message)
}

// UnmarshalJSON parses the JSON form. Fails with INVALID_ARGUMENT, whose Field names the invalid part.
func (f *Filter) UnmarshalJSON(text []byte) error {
	message, err := filterjson.Unmarshal(text)
	if place := (*filterjson.FieldError)(nil); errors.As(err, &place) {
		return invalid(place.Field, "%v", err)
	} else if err != nil {
		return invalid("filter", "%v", err)
	}
	*f = Filter{message: message}
	return nil
}

// IsZero reports whether the filter has no condition.
func (f Filter) IsZero() bool { return f.message == nil && f.err == nil }

func list(filters []Filter) (*pb.FilterList, error) {
	messages := &pb.FilterList{}
	var wrong error
	for _, one := range filters {
		if one.err != nil && wrong == nil {
			wrong = one.err
		}
		messages.Filters = append(messages.Filters, one.orEmpty())
	}
	return messages, wrong
}

func (f Filter) orEmpty() *pb.Filter {
	if f.message == nil {
		return &pb.Filter{}
	}
	return f.message
}

// And matches if every filter matches.
func And(filters ...Filter) Filter {
	all, err := list(filters)
	return Filter{&pb.Filter{Condition: &pb.Filter_All{All: all}}, err}
}

// Or matches if at least one filter matches.
func Or(filters ...Filter) Filter {
	any, err := list(filters)
	return Filter{&pb.Filter{Condition: &pb.Filter_Any{Any: any}}, err}
}

// Not matches if none of the filters matches.
func Not(filters ...Filter) Filter {
	none, err := list(filters)
	return Filter{&pb.Filter{Condition: &pb.Filter_None{None: none}}, err}
}

// HasID matches the points with these ids.
func HasID(ids ...string) Filter {
	return Filter{message: &pb.Filter{Condition: &pb.Filter_Ids{Ids: &pb.IdList{Ids: ids}}}}
}

// Nested matches if one object at the path matches the whole filter, whose paths begin in that object.
func Nested(path string, filter Filter) Filter {
	nested := &pb.NestedCondition{Path: path, Filter: filter.orEmpty()}
	return Filter{&pb.Filter{Condition: &pb.Filter_Nested{Nested: nested}}, filter.err}
}

// Path is a path of the payload: keys separated by dots, with a backslash before a dot that is part of a key. Lists on the path are
// traversed: a test matches if it matches one value.
type Path string

// Field starts a test of the values at a path: Field("year").Gte(2020).
func Field(path string) Path { return Path(path) }

func (p Path) test(condition *pb.FieldCondition, err error) Filter {
	condition.Path = string(p)
	return Filter{&pb.Filter{Condition: &pb.Filter_Field{Field: condition}}, err}
}

// Eq matches the value: a string, a bool, or a number of any Go type, exact for integers of 64 bits.
func (p Path) Eq(value any) Filter { return p.In(value) }

// In matches any of the values.
func (p Path) In(values ...any) Filter {
	list, err := scalars(values)
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_In{In: list}}, err)
}

// NotIn matches if no value is one of these values, also where there is no value.
func (p Path) NotIn(values ...any) Filter {
	list, err := scalars(values)
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_NotIn{NotIn: list}}, err)
}

func scalars(values []any) (*pb.ScalarList, error) {
	list := &pb.ScalarList{}
	for _, value := range values {
		scalar, err := filterjson.Scalar(value)
		if err != nil {
			return nil, invalid("filter", "filter: %v", err)
		}
		list.Values = append(list.Values, scalar)
	}
	return list, nil
}

// Gt matches numbers greater than the bound, or times after it. The bound of Gt, Gte, Lt and Lte is a number of any Go type, or a
// time.Time.
func (p Path) Gt(bound any) Filter { return p.Range(Range{Gt: bound}) }

// Gte matches numbers greater than or equal to the bound, or times not before it.
func (p Path) Gte(bound any) Filter { return p.Range(Range{Gte: bound}) }

// Lt matches numbers less than the bound, or times before it.
func (p Path) Lt(bound any) Filter { return p.Range(Range{Lt: bound}) }

// Lte matches numbers less than or equal to the bound, or times not after it.
func (p Path) Lte(bound any) Filter { return p.Range(Range{Lte: bound}) }

// Range has bounds that are all numbers of any Go type, or all times: time.Time, or a string in a common form such as RFC 3339. nil: no
// bound.
type Range struct{ Gt, Gte, Lt, Lte any }

// Range matches values within the bounds.
func (p Path) Range(bounds Range) Filter {
	numbers, times := &pb.NumberRange{}, &pb.DatetimeRange{}
	given := map[string]any{"gt": bounds.Gt, "gte": bounds.Gte, "lt": bounds.Lt, "lte": bounds.Lte}
	places := map[string]**string{"gt": &times.Gt, "gte": &times.Gte, "lt": &times.Lt, "lte": &times.Lte}
	texts, all := 0, 0
	var wrong error
	for name, bound := range given {
		if bound == nil {
			continue
		}
		all++
		if at, isTime := bound.(time.Time); isTime {
			bound = at.UTC().Format(time.RFC3339Nano)
		}
		if text, isText := bound.(string); isText {
			*places[name] = &text
			texts++
		} else if err := filterjson.SetBound(numbers, name, bound); err != nil {
			wrong = invalid("filter", "filter: the bound %s of %s: %v", name, p, err)
		}
	}
	switch {
	case texts == 0:
		return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Number{Number: numbers}}, wrong)
	case texts < all:
		wrong = invalid("filter", "filter: the bounds of %s must all be numbers, or all be times", p)
	}
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Datetime{Datetime: times}}, wrong)
}

// Within matches geographic points, objects with the numbers lat and lon in degrees, whose great-circle distance is at most this number
// of metres.
func (p Path) Within(lat, lon, meters float64) Filter {
	radius := &pb.GeoRadius{Center: &pb.GeoPoint{Lat: lat, Lon: lon}, Meters: meters}
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_GeoRadius{GeoRadius: radius}}, nil)
}

// InBox matches geographic points within the edges, in degrees. West can be greater than east: the box then crosses the 180th meridian.
func (p Path) InBox(north, west, south, east float64) Filter {
	box := &pb.GeoBox{North: north, West: west, South: south, East: east}
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_GeoBox{GeoBox: box}}, nil)
}

// HasPrefix matches strings that begin with the prefix.
func (p Path) HasPrefix(prefix string) Filter {
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Prefix{Prefix: prefix}}, nil)
}

// HasWords matches strings that contain every word of the text.
func (p Path) HasWords(text string) Filter {
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Text{Text: text}}, nil)
}

// HasPhrase matches strings that contain the words next to each other in this order.
func (p Path) HasPhrase(phrase string) Filter {
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Phrase{Phrase: phrase}}, nil)
}

// Exists matches if there is a value other than null; with false, if there is none.
func (p Path) Exists(exists bool) Filter {
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_Exists{Exists: exists}}, nil)
}

// IsNull matches if there is a null; with false, if there is none.
func (p Path) IsNull(isNull bool) Filter {
	return p.test(&pb.FieldCondition{Test: &pb.FieldCondition_IsNull{IsNull: isNull}}, nil)
}

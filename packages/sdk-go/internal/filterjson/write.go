// Package filterjson is the JSON form of filters, {"field": "year", "gte": 2020}, which REST and the SDKs of all languages have.
// proto/apigateway/filter.proto says what each test means.
package filterjson

import (
	"encoding/json"
	"fmt"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// Marshal writes a filter; nil and the empty one, which holds for every point, are {}.
func Marshal(filter *pb.Filter) ([]byte, error) {
	if filter.GetCondition() == nil {
		return []byte("{}"), nil
	}
	form, err := conditionForm(filter)
	if err != nil {
		return nil, err
	}
	return json.Marshal(form)
}

type object = map[string]any

func conditionForm(filter *pb.Filter) (object, error) {
	switch condition := filter.GetCondition().(type) {
	case *pb.Filter_All:
		return listForm("all", condition.All)
	case *pb.Filter_Any:
		return listForm("any", condition.Any)
	case *pb.Filter_None:
		return listForm("none", condition.None)
	case *pb.Filter_Ids:
		return object{"ids": orEmpty(condition.Ids.GetIds())}, nil
	case *pb.Filter_Nested:
		inner, err := conditionForm(condition.Nested.GetFilter())
		return object{"nested": object{"path": condition.Nested.GetPath(), "filter": inner}}, err
	case *pb.Filter_Field:
		return fieldForm(condition.Field)
	default:
		return nil, fmt.Errorf("a filter must have a condition")
	}
}

func listForm(name string, list *pb.FilterList) (object, error) {
	forms := []object{}
	for _, one := range list.GetFilters() {
		form, err := conditionForm(one)
		if err != nil {
			return nil, err
		}
		forms = append(forms, form)
	}
	return object{name: forms}, nil
}

func fieldForm(field *pb.FieldCondition) (object, error) {
	form := object{"field": field.GetPath()}
	switch test := field.GetTest().(type) {
	case *pb.FieldCondition_In:
		form["in"] = scalarForms(test.In)
	case *pb.FieldCondition_NotIn:
		form["notIn"] = scalarForms(test.NotIn)
	case *pb.FieldCondition_Number:
		numberForm(form, test.Number)
	case *pb.FieldCondition_Datetime:
		for name, bound := range map[string]*string{"gt": test.Datetime.Gt, "gte": test.Datetime.Gte, "lt": test.Datetime.Lt, "lte": test.Datetime.Lte} {
			if bound != nil {
				form[name] = *bound
			}
		}
	case *pb.FieldCondition_GeoRadius:
		center := test.GeoRadius.GetCenter()
		form["geoRadius"] = object{"center": object{"lat": center.GetLat(), "lon": center.GetLon()}, "meters": test.GeoRadius.GetMeters()}
	case *pb.FieldCondition_GeoBox:
		box := test.GeoBox
		form["geoBox"] = object{"north": box.GetNorth(), "west": box.GetWest(), "south": box.GetSouth(), "east": box.GetEast()}
	case *pb.FieldCondition_Prefix:
		form["prefix"] = test.Prefix
	case *pb.FieldCondition_Text:
		form["text"] = test.Text
	case *pb.FieldCondition_Phrase:
		form["phrase"] = test.Phrase
	case *pb.FieldCondition_Exists:
		form["exists"] = test.Exists
	case *pb.FieldCondition_IsNull:
		form["isNull"] = test.IsNull
	default:
		return nil, fmt.Errorf("a field must have a test")
	}
	return form, nil
}

func numberForm(form object, r *pb.NumberRange) {
	for name, bound := range map[string]*float64{"gt": r.Gt, "gte": r.Gte, "lt": r.Lt, "lte": r.Lte} {
		if bound != nil {
			form[name] = *bound
		}
	}
	for name, exact := range map[string]*pb.Scalar{"gt": r.GtExact, "gte": r.GteExact, "lt": r.LtExact, "lte": r.LteExact} {
		if exact != nil {
			form[name] = scalarForm(exact)
		}
	}
}

func scalarForms(list *pb.ScalarList) []any {
	forms := []any{}
	for _, one := range list.GetValues() {
		forms = append(forms, scalarForm(one))
	}
	return forms
}

func scalarForm(scalar *pb.Scalar) any {
	switch value := scalar.GetValue().(type) {
	case *pb.Scalar_Text:
		return value.Text
	case *pb.Scalar_Integer:
		return value.Integer
	case *pb.Scalar_Number:
		return value.Number
	case *pb.Scalar_Flag:
		return value.Flag
	case *pb.Scalar_Unsigned:
		return value.Unsigned
	default:
		return nil
	}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

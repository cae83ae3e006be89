package vectron_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	vectron "vectron.dev/sdk-go"
)

func ExampleField() {
	filter := vectron.And(
		vectron.Field("section").Eq("mail"),
		vectron.Field("released").Gte(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		vectron.Not(vectron.HasID("mail-1")),
	)
	text, _ := json.Marshal(filter)
	fmt.Println(string(text))
	// Output: {"all":[{"field":"section","in":["mail"]},{"field":"released","gte":"2026-01-01T00:00:00Z"},{"none":[{"ids":["mail-1"]}]}]}
}

func ExampleConnect() {
	client, err := vectron.Connect("grpc://127.0.0.1:8081", vectron.WithAPIKey("vk_key"), vectron.WithTimeout(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = vectron.Connect("127.0.0.1:8081")
	fmt.Println(errors.Is(err, vectron.ErrInvalidArgument))
	// Output: true
}

func ExamplePayload_Decode() {
	payload := vectron.Payload{"title": "first", "isbn": int64(9007199254740993)}
	var paper struct {
		Title string
		ISBN  uint64
	}
	err := payload.Decode(&paper)
	fmt.Println(paper.Title, paper.ISBN, err)
	// Output: first 9007199254740993 <nil>
}

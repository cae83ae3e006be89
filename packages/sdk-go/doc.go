// Package vectron is the client of Vectron, a distributed vector database, over REST or gRPC.
//
//	client, err := vectron.Connect("grpc://127.0.0.1:8081", vectron.WithAPIKey(os.Getenv("VECTRON_API_KEY")))
//	if err != nil { ... }
//	defer client.Close()
//	found, err := client.Search(ctx, "papers", vectron.SearchOptions{Vector: []float32{1, 2, 3, 5}, TopK: 3})
//
// # Calls
//
// The first argument of every call is a context. Its deadline applies to the call with all its retries; without a deadline, the time
// limit is 30 s, or that of [WithTimeout]. Options are structs whose zero value is the default; the types are generated from the contract
// and have the JSON names of REST. Vectors are []float32. Long answers are iterators (iter.Seq2 of a value and an error), whose pages are
// fetched while they are read.
//
// # Errors
//
// Every error is an *[Error]. Its code is the same in all languages, and is a target of errors.Is:
//
//	if errors.Is(err, vectron.ErrPointNotFound) { ... }
//
// Calls whose error is Retryable were already repeated, not before the time that the server asked for. A write has an identifier, so that
// a repetition is applied only once; calls without an identifier (creating a collection, a key or an account) are not repeated.
//
// # Payloads
//
// A payload to write is a map or a struct that encoding/json encodes as an object. Signed and unsigned integers of 64 bits are exact in
// both directions, over REST and gRPC. A [Payload] that is read contains integers as int64, larger ones as uint64, and all other numbers as
// float64.
//
// # Limits
//
// The package is not an embedded database: it requires a server. A client has no state except its connections, and there is no global
// state.
package vectron

// Package vectron is the client of Vectron, a distributed vector database, over REST or gRPC.
//
//	client, err := vectron.Connect("grpc://127.0.0.1:8081", vectron.WithAPIKey(os.Getenv("VECTRON_API_KEY")))
//	if err != nil { ... }
//	defer client.Close()
//	found, err := client.Search(ctx, "papers", vectron.SearchOptions{Vector: []float32{1, 2, 3, 5}, TopK: 3})
//
// # Calls
//
// Every call takes a context first. Its deadline is that of the call with all its retries; a call whose context has none may take 30 s, or
// what [WithTimeout] says. Options are structs whose zero value is the default; the types are generated from the contract, and have the
// JSON names of REST. Vectors are []float32. Long answers are iterators (iter.Seq2 of a value and an error), fetched as they are read.
//
// # Errors
//
// Every error is an *[Error], with a code that is the same in all languages and a target of errors.Is:
//
//	if errors.Is(err, vectron.ErrPointNotFound) { ... }
//
// Those that are Retryable were repeated already, no sooner than the server asked for. A write has a name, so that repeating it has the
// effect of once; what cannot have a name (making a collection, a key, an account) is not repeated.
//
// # Payloads
//
// A payload is a map or a struct that encoding/json writes as an object. Integers of 64 bits, signed or not, stay exact both ways, over
// both wires. [Payload], which is read, has them as int64, or uint64 beyond that; what has a fraction is float64.
//
// # It is not
//
// an embedded database: it needs a server. It keeps no state beside its connections, and has no global state.
package vectron

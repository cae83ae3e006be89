package vectron

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]address{
		"http://127.0.0.1:8080":           {false, false, "127.0.0.1:8080", "http://127.0.0.1:8080"},
		"https://example.org/vectors/v1/": {false, true, "example.org", "https://example.org/vectors"},
		"grpc://[::1]:8081":               {true, false, "[::1]:8081", "grpc://[::1]:8081"},
		"grpcs://example.org":             {true, true, "example.org:443", "grpcs://example.org"},
	} {
		if got, err := addressOf(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestAddressesThatAreNoneAreRefusedWithoutTheirSecrets(t *testing.T) {
	for _, text := range []string{
		"", "127.0.0.1:8080", "ftp://a", "http://", "http://user:secret@a", "http://a?key=secret", "http://a#secret", "grpc://a:1/secret",
		"http:a", "http://a:secret", "grpc://a:1,", "\x00",
	} {
		_, err := Connect(text)
		if !errors.Is(err, ErrInvalidArgument) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOptionsThatAreNoneAreRefused(t *testing.T) {
	for name, option := range map[string]Option{
		"key": WithAPIKey("a\nb"), "timeout": WithTimeout(-time.Second), "retries": WithRetries(-1), "many retries": WithRetries(1001),
		"connections": WithConnections(0), "authorities": WithCA([]byte("none")), "TLS": WithTLSConfig(nil),
	} {
		if _, err := Connect("http://127.0.0.1:1", option); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesThatAPathCannotHaveGoAnotherWay(t *testing.T) {
	asked := []string{}
	server := newRESTServer(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		_, _ = w.Write([]byte(`{"point": {"id": "x"}}`))
	})
	client := connect(t, server.URL+"/prefix", WithAPIKey("key"))
	for _, id := range []string{"..", "a/b?c", "ü"} {
		if _, err := client.Get(background(t), "papers", id, GetOptions{Consistency: &Consistency{Level: "linearizable"}}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"POST /prefix/v1/points/get", "GET /prefix/v1/collections/papers/points/a%2Fb%3Fc?consistency=linearizable",
		"GET /prefix/v1/collections/papers/points/%C3%BC?consistency=linearizable",
	}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Fatal(asked)
	}
	for _, name := range []string{"", ".", ".."} {
		if err := client.DeleteCollection(background(t), name); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAnAnswerThatIsNoJSONIsAnError(t *testing.T) {
	for _, body := range []string{"<html>", `{"count": "x"}`, `{"count": -1}`, `[]`} {
		server := newRESTServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		if _, err := connect(t, server.URL).Count(background(t), "papers", CountOptions{}); !errors.Is(err, ErrInternal) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAKeyIsNotSentWhereARedirectLeads(t *testing.T) {
	elsewhere := newRESTServer(t, func(int, http.ResponseWriter, *http.Request) {})
	server := newRESTServer(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := connect(t, server.URL, WithAPIKey("key")).ListAliases(background(t)); err == nil || len(elsewhere.bodies) > 0 {
		t.Fatal(err, elsewhere.bodies)
	}
}

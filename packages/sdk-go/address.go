package vectron

import (
	"net"
	"net/url"
	"strings"
)

// address is where a server is, and what it is spoken to in.
type address struct {
	isGRPC, isSecure bool
	// host is host:port.
	host string
	// base of REST is http(s)://host:port/prefix, before /v1.
	base string
}

// addressOf reads http(s)://host:port/prefix and grpc(s)://host:port. Errors do not repeat what may be a secret.
func addressOf(text string) (address, error) {
	refuse := func(what string) (address, error) { return address{}, invalid("url", "the URL of a server %s", what) }
	parsed, err := url.Parse(text)
	if err != nil || parsed.Opaque != "" {
		return refuse("is one such as http://127.0.0.1:8080")
	}
	var found address
	switch parsed.Scheme {
	case "http", "https":
	case "grpc", "grpcs":
		found.isGRPC = true
	default:
		return refuse("begins with http://, https://, grpc:// or grpcs://")
	}
	found.isSecure = strings.HasSuffix(parsed.Scheme, "s")
	path := strings.TrimSuffix(strings.TrimRight(parsed.Path, "/"), "/v1")
	switch {
	case parsed.Hostname() == "":
		return refuse("names a host")
	case parsed.User != nil:
		return refuse("has no user and no password in it: give the API key by WithAPIKey")
	case parsed.RawQuery != "" || parsed.Fragment != "" || strings.ContainsAny(text, "?#"):
		return refuse("has no query and no fragment")
	case found.isGRPC && path != "":
		return refuse("has no path over gRPC")
	}
	found.host = parsed.Host
	if parsed.Port() == "" && found.isGRPC {
		found.host = net.JoinHostPort(parsed.Hostname(), map[bool]string{true: "443", false: "80"}[found.isSecure])
	}
	found.base = parsed.Scheme + "://" + parsed.Host + path
	return found, nil
}

package vectron

import (
	"net"
	"net/url"
	"strings"
)

// address is the address of a server and its protocol.
type address struct {
	isGRPC, isSecure bool
	// host is the host and the port: host:port.
	host string
	// base is the base URL for REST: http(s)://host:port/prefix, without /v1.
	base string
}

// addressOf parses http(s)://host:port/prefix and grpc(s)://host:port. Errors do not contain the URL, because it can be a secret.
func addressOf(text string) (address, error) {
	refuse := func(what string) (address, error) { return address{}, invalid("url", "the URL of a server %s", what) }
	parsed, err := url.Parse(text)
	if err != nil || parsed.Opaque != "" {
		return refuse("must be a URL such as http://127.0.0.1:8080")
	}
	var found address
	switch parsed.Scheme {
	case "http", "https":
	case "grpc", "grpcs":
		found.isGRPC = true
	default:
		return refuse("must begin with http://, https://, grpc:// or grpcs://")
	}
	found.isSecure = strings.HasSuffix(parsed.Scheme, "s")
	path := strings.TrimSuffix(strings.TrimRight(parsed.Path, "/"), "/v1")
	switch {
	case parsed.Hostname() == "":
		return refuse("must contain a host")
	case parsed.User != nil:
		return refuse("must not contain a user or a password; pass the API key by WithAPIKey")
	case parsed.RawQuery != "" || parsed.Fragment != "" || strings.ContainsAny(text, "?#"):
		return refuse("must not contain a query or a fragment")
	case found.isGRPC && path != "":
		return refuse("must not contain a path over gRPC")
	}
	found.host = parsed.Host
	if parsed.Port() == "" && found.isGRPC {
		found.host = net.JoinHostPort(parsed.Hostname(), map[bool]string{true: "443", false: "80"}[found.isSecure])
	}
	found.base = parsed.Scheme + "://" + parsed.Host + path
	return found, nil
}

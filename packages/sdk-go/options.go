package vectron

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

const (
	defaultTimeout     = 30 * time.Second
	defaultRetries     = 4
	maxRetries         = 1000
	defaultConnections = 2
	maxConnections     = 64
	idleConnections    = 64
)

// Option is an option of Connect.
type Option func(*settings) error

type settings struct {
	apiKey      string
	timeout     time.Duration
	retries     int
	connections int
	tls         *tls.Config
	// random is from 0 to below 1, for the jitter of pauses.
	random func() float64
}

// WithAPIKey sets the API key, login token or SDK token of the calls. It is printable ASCII without spaces.
func WithAPIKey(key string) Option {
	return func(s *settings) error {
		for i := range len(key) {
			if key[i] < 0x21 || key[i] > 0x7e {
				return invalid("api_key", "the API key must be the key and nothing else: it has characters that no key has")
			}
		}
		s.apiKey = key
		return nil
	}
}

// WithTimeout sets what a call may take, with its retries, when its context has no deadline; the default is 30 s. 0: no limit.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout < 0 {
			return invalid("timeout", "a timeout is not negative")
		}
		s.timeout = timeout
		return nil
	}
}

// WithRetries sets how often a call that failed for a passing reason is repeated, 0 to 1,000; the default is 4. Retries are made
// within the deadline of the call, no sooner than the server asks for, and all calls of a client may be followed by a fifth as many
// retries, beyond a hundred.
func WithRetries(retries int) Option {
	return func(s *settings) error {
		if retries < 0 || retries > maxRetries {
			return invalid("retries", "retries are 0 to %d", maxRetries)
		}
		s.retries = retries
		return nil
	}
}

// WithConnections sets how many connections a client has to each server: over gRPC exactly so many, 1 to 64, which calls take in
// turns (default 2); over REST at most so many at once (default: as many as there are calls, of which 64 are kept for the next ones).
func WithConnections(connections int) Option {
	return func(s *settings) error {
		if connections < 1 || connections > maxConnections {
			return invalid("connections", "connections are 1 to %d", maxConnections)
		}
		s.connections = connections
		return nil
	}
}

// WithCA sets the authorities that the certificate of a server must be of, as PEM, for https:// and grpcs://, instead of the system's.
func WithCA(pem []byte) Option {
	return func(s *settings) error {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return invalid("ca", "the authorities have no certificate in PEM")
		}
		s.tls.RootCAs = pool
		return nil
	}
}

// WithClientCertificate sets the certificate that the client shows to servers which ask for one.
func WithClientCertificate(certificate tls.Certificate) Option {
	return func(s *settings) error {
		s.tls.Certificates = []tls.Certificate{certificate}
		return nil
	}
}

// WithTLSConfig sets the whole configuration of TLS; options of TLS that come after it change a copy of it.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			return invalid("tls", "a configuration of TLS is not nil")
		}
		s.tls = config.Clone()
		return nil
	}
}

func settingsOf(options []Option) (*settings, error) {
	s := &settings{
		timeout: defaultTimeout,
		retries: defaultRetries,
		tls:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

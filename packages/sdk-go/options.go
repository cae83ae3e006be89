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

// WithAPIKey sets the API key, login token or SDK token of the calls: printable ASCII without spaces.
func WithAPIKey(key string) Option {
	return func(s *settings) error {
		for i := range len(key) {
			if key[i] < 0x21 || key[i] > 0x7e {
				return invalid("api_key", "the API key must contain only the key: it has characters that no key contains")
			}
		}
		s.apiKey = key
		return nil
	}
}

// WithTimeout sets the time limit of a call with its retries, if its context has no deadline; the default is 30 s. 0: no limit.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout < 0 {
			return invalid("timeout", "the timeout must not be negative")
		}
		s.timeout = timeout
		return nil
	}
}

// WithRetries sets the maximum number of retries of a call that failed for a temporary reason, 0 to 1,000; the default is 4. Retries
// are made within the deadline of the call, and not before the time that the server asks for. All calls of a client together can cause
// at most a fifth as many retries, beyond the first hundred.
func WithRetries(retries int) Option {
	return func(s *settings) error {
		if retries < 0 || retries > maxRetries {
			return invalid("retries", "the number of retries must be 0 to %d", maxRetries)
		}
		s.retries = retries
		return nil
	}
}

// WithConnections sets the number of connections to each server: over gRPC exactly this number, 1 to 64, which calls use in turn
// (default 2); over REST at most this number (default: as many as there are concurrent calls, of which 64 are kept open).
func WithConnections(connections int) Option {
	return func(s *settings) error {
		if connections < 1 || connections > maxConnections {
			return invalid("connections", "the number of connections must be 1 to %d", maxConnections)
		}
		s.connections = connections
		return nil
	}
}

// WithCA sets the certificate authorities of the servers, as PEM, for https:// and grpcs://, instead of those of the system.
func WithCA(pem []byte) Option {
	return func(s *settings) error {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return invalid("ca", "the authorities must be certificates in PEM format")
		}
		s.tls.RootCAs = pool
		return nil
	}
}

// WithClientCertificate sets the certificate of the client, for servers that require one.
func WithClientCertificate(certificate tls.Certificate) Option {
	return func(s *settings) error {
		s.tls.Certificates = []tls.Certificate{certificate}
		return nil
	}
}

// WithTLSConfig sets the whole TLS configuration; TLS options after it change a copy of it.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			return invalid("tls", "the TLS configuration must not be nil")
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

package vectron

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// secureServers speak TLS with a certificate of the test, and want one of the client.
func secureServers(t *testing.T) (rest, grpcs string, ca []byte, certificate tls.Certificate) {
	t.Helper()
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"count": "1"}`)) }))
	web.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	web.StartTLS()
	t.Cleanup(web.Close)
	certificate = web.TLS.Certificates[0]
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	security := credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert})
	server := grpc.NewServer(grpc.Creds(security), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&pb.CountPointsRequest{}); err != nil {
			return err
		}
		return stream.SendMsg(&pb.CountPointsResponse{Count: 1})
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return web.URL, "grpcs://" + listener.Addr().String(), ca, certificate
}

func TestTLSTrustsTheGivenAuthoritiesAndShowsTheClientsCertificate(t *testing.T) {
	rest, grpcs, ca, certificate := secureServers(t)
	for _, url := range []string{rest, grpcs} {
		found, err := connect(t, url, WithCA(ca), WithClientCertificate(certificate)).Count(background(t), "papers", CountOptions{})
		if err != nil || found.Count != 1 {
			t.Errorf("%s: %v, %v", url, found, err)
		}
		for name, options := range map[string][]Option{
			"an authority that is not known": {WithClientCertificate(certificate), WithRetries(0)},
			"no certificate of the client":   {WithCA(ca), WithRetries(0)},
		} {
			if _, err := connect(t, url, options...).Count(background(t), "papers", CountOptions{}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %s: %v", url, name, err)
			}
		}
		_, err = connect(t, url, WithClientCertificate(certificate), WithRetries(0)).Count(background(t), "papers", CountOptions{})
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) && !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s does not say why: %v", url, err)
		}
	}
	plain := strings.Replace(grpcs, "grpcs", "grpc", 1)
	if _, err := connect(t, plain, WithRetries(0)).Count(background(t), "papers", CountOptions{}); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

"""Errors of connections and requests: servers, TLS, HTTP and gRPC."""

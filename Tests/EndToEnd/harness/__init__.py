"""What the end-to-end tests are made of: certificates, the relay under test, upstreams, clients, verifiers."""

"""Clean Debian machines without a container engine: an overlay over a debootstrap, namespaces, and a systemd of their own."""

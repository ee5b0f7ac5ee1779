"""HTTP: one resource a file, each decodes, calls the domain and encodes."""

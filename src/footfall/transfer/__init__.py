"""Data in and out: exports and imports of a site, copies of a store."""

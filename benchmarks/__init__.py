"""What `make bench` measures: ratios in one run, side by side, never absolute goals."""

"""Measurements of alternatives side by side in one run, as ratios. Each benchmark writes its section of RESULTS.md."""

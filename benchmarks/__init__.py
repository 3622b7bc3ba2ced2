"""Measurements, side by side in one run, as ratios; each writes its part of RESULTS.md."""

"""Tests of helpers.cuda: a corpus of kernels, the same kernels broken, and comparisons."""

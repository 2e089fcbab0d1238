"""Measures edgemail beside its peers, in one run; an absolute figure of one machine says little."""

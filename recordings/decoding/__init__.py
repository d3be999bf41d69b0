"""Decoding of files nobody vouches for. Everything here but the wire runs in a process of its own (DESIGN
16).

No Django in this package: the child is a bare interpreter with numpy and soundfile.
"""

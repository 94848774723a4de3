"""Desired state and reported status, behind one port: see :mod:`gco.store.port`."""

"""Fixtures: a bucket of one's own on the real server, and an empty cache."""

import itertools

import pytest

from tests.models.world import Store

_numbers = itertools.count(1)


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture
def store(s3, monkeypatch):
    for name, value in s3.variables().items():
        monkeypatch.setenv(name, value)
    return Store(s3, f"models-{next(_numbers)}")

"""Sources as people write them."""

import pytest

from gco.core.model.model_uri import (
    FileUri,
    HubUri,
    S3Uri,
    check_name,
    is_system_path,
    parse_uri,
)
from gco.errors import InvalidSpecError


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        pytest.param("s3://weights/llama", None, S3Uri("weights", "llama"), id="s3"),
        pytest.param("s3://weights/a/b/", None, S3Uri("weights", "a/b"), id="s3-slash"),
        pytest.param("s3://weights", None, S3Uri("weights", ""), id="s3-bucket"),
        pytest.param("s3://weights/a", "b/c", S3Uri("weights", "a/b/c"), id="s3-folder"),
        pytest.param("hf://org/model", None, HubUri("org/model", "main", ""), id="hf"),
        pytest.param("hf://gpt2", None, HubUri("gpt2", "main", ""), id="hf-without-org"),
        pytest.param("hf://org/model@v1.0", None, HubUri("org/model", "v1.0", ""), id="hf-tag"),
        pytest.param(
            "hf://org/model@refs%2Fpr%2F1/sub",
            "x",
            HubUri("org/model", "refs/pr/1", "sub/x"),
            id="hf-all",
        ),
        pytest.param(
            "hf://org/model/sub", None, HubUri("org/model", "main", "sub"), id="hf-folder"
        ),
        pytest.param("file:///mnt/a%20b", None, FileUri("/mnt/a b"), id="file"),
        pytest.param("file:///mnt", "llama", FileUri("/mnt/llama"), id="file-folder"),
    ],
)
def test_a_source_is_read(text, folder, expected):
    assert parse_uri(text, folder=folder) == expected


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        pytest.param("llama", None, id="no-scheme"),
        pytest.param("https://example.com/llama", None, id="other-scheme"),
        pytest.param("s3://", None, id="no-bucket"),
        pytest.param("s3://Weights/a", None, id="bucket-in-capitals"),
        pytest.param("s3://weights/../other", None, id="up"),
        pytest.param("s3://weights/a", "../b", id="folder-up"),
        pytest.param("hf://", None, id="no-repository"),
        pytest.param("hf://org/model@", None, id="no-revision"),
        pytest.param("hf://org/mo del", None, id="space"),
        pytest.param("file://host/mnt", None, id="host"),
        pytest.param("file:///mnt/../etc", None, id="file-up"),
    ],
)
def test_what_is_no_source_is_refused_with_the_forms_there_are(text, folder):
    with pytest.raises(InvalidSpecError):
        parse_uri(text, folder=folder)


@pytest.mark.parametrize(
    "uri", ["s3://weights/a/b", "s3://weights", "hf://org/model@main/sub", "file:///mnt/a%20b"]
)
def test_a_source_is_written_as_it_is_read(uri):
    assert str(parse_uri(uri)) == uri


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", True),
        ("//", True),
        ("/etc", True),
        ("/etc/ssl/x", True),
        ("/run/secrets/kubernetes.io", True),
        ("/var/run/secrets", True),
        ("/proc/1/environ", True),
        ("/etcetera", False),
        ("/run", False),
        ("/models/etc", False),
        ("/mnt/llama", False),
    ],
)
def test_which_paths_are_the_systems(path, expected):
    assert is_system_path(path) is expected


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "-a", "a b", "a" * 101], ids=repr)
def test_a_name_that_is_no_folder_is_refused(name):
    with pytest.raises(InvalidSpecError):
        check_name(name)


def test_names_of_models_pass():
    assert check_name("Llama-3.1-8B_instruct") == "Llama-3.1-8B_instruct"

"""What a process is told in place of a container's mounts."""

from pathlib import Path

import pytest

from gco.sandbox.kubelet.mounts import ConfigError, local_mounts, mounted

HERE = Path("/data/volumes/efs-claim")
MOUNTS = {"/models": HERE, "/models/llama": HERE / "llama/6f3a"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("/models/llama", f"{HERE}/llama/6f3a", id="the-longest-path-wins"),
        pytest.param(
            "--model=/models/llama/a.gguf", f"--model={HERE}/llama/6f3a/a.gguf", id="flag"
        ),
        pytest.param("--cache=/models", f"--cache={HERE}", id="whole"),
        pytest.param("file:///models/x", f"file://{HERE}/x", id="file"),
        pytest.param("s3://models/llama", "s3://models/llama", id="bucket-of-that-name"),
        pytest.param("hf://a/models/llama", "hf://a/models/llama", id="within-a-path"),
        pytest.param("/models-2/x", "/models-2/x", id="another-folder"),
        pytest.param("/srv/models", "/srv/models", id="below-another"),
        pytest.param("/models:/models", f"{HERE}:{HERE}", id="list-of-paths"),
    ],
)
def test_a_path_below_a_mount_is_the_folders(word, expected):
    assert mounted(word, MOUNTS) == expected


def a_pod(**mount):
    claim = {"name": "models", "persistentVolumeClaim": {"claimName": "efs-claim"}}
    container = {"volumeMounts": [{"name": "models", "mountPath": "/models/llama", **mount}]}
    return {"spec": {"volumes": [claim, {"name": "other", "emptyDir": {}}]}}, container


def test_each_claim_has_a_folder_that_is_made_when_it_is_used(tmp_path):
    pod, container = a_pod()

    assert local_mounts(pod, container, tmp_path) == {"/models/llama": tmp_path / "efs-claim"}
    assert (tmp_path / "efs-claim").is_dir()


def test_a_part_that_is_not_there_is_not_made_up_for(tmp_path):
    with pytest.raises(ConfigError, match="no folder llama/6f3a"):
        local_mounts(*a_pod(subPath="llama/6f3a"), tmp_path)


@pytest.mark.parametrize("name", ["../../x", "..", "/etc", "a/b", ""])
def test_no_claim_and_no_part_leads_out_of_the_folder_of_volumes(tmp_path, name):
    volumes = tmp_path / "sandbox" / "volumes"
    pod, container = a_pod()
    pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = name
    with pytest.raises(ConfigError, match="is not the name of a claim"):
        local_mounts(pod, container, volumes)
    assert list(tmp_path.iterdir()) == []
    if name not in {"", "a/b"}:
        with pytest.raises(ConfigError, match="leads out of"):
            local_mounts(*a_pod(subPath=name), volumes)

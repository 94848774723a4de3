"""Image references: their parts, and the same image in another region."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.model.images import ImageReference, parse_image, regional_image

DIGEST = "sha256:" + "0a" * 32
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ubuntu", ("", "ubuntu", None, None)),
        ("vllm/vllm-openai:v0.8.5", ("", "vllm/vllm-openai", "v0.8.5", None)),
        ("ghcr.io/a/b/c:1", ("ghcr.io", "a/b/c", "1", None)),
        ("localhost/a", ("localhost", "a", None, None)),
        ("localhost:5000/a:1", ("localhost:5000", "a", "1", None)),
        ("host:5000/a", ("host:5000", "a", None, None)),
        ("[::1]:5000/a", ("[::1]:5000", "a", None, None)),
        (f"a@{DIGEST}", ("", "a", None, DIGEST)),
        (f"{ECR}/a/b:1@{DIGEST}", (ECR, "a/b", "1", DIGEST)),
        ("a:5000", ("", "a", "5000", None)),
    ],
)
def test_parts(text, parts):
    assert parse_image(text) == ImageReference(*parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPPER/case",
        "a b",
        "a:",
        "a@sha256:12",
        "/a",
        "a/",
        "a//b",
        "https://a/b",
        "a:1:2",
        "-a",
    ],
)
def test_what_is_no_reference_is_refused_in_words(text):
    with pytest.raises(ValueError, match="an image such as"):
        parse_image(text)


def test_a_long_host_is_refused_in_no_time():
    with pytest.raises(ValueError, match="an image such as"):
        parse_image("a" * 900 + ".!/b")


@pytest.mark.parametrize(
    ("image", "floating"),
    [
        ("a", True),
        ("a:latest", True),
        ("a:v1", False),
        (f"a@{DIGEST}", False),
        (f"a:latest@{DIGEST}", False),
    ],
)
def test_a_reference_without_version_or_digest_floats(image, floating):
    assert parse_image(image).floating is floating


@pytest.mark.parametrize(
    ("image", "region", "expected"),
    [
        (f"{ECR}/a:1", "eu-west-1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"),
        (f"{ECR}/a/b@{DIGEST}", "eu-west-1", f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b@{DIGEST}"),
        (f"{ECR}/a:1", "us-east-1", f"{ECR}/a:1"),
        (f"{ECR}/a:1", "cn-north-1", f"{ECR}/a:1"),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a",
            "cn-northwest-1",
            "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/a",
        ),
        ("vllm/vllm-openai:v1", "eu-west-1", "vllm/vllm-openai:v1"),
        ("public.ecr.aws/a/b:1", "eu-west-1", "public.ecr.aws/a/b:1"),
        (f"evil.{ECR}/a", "eu-west-1", f"evil.{ECR}/a"),
        (f"{ECR}.evil.com/a", "eu-west-1", f"{ECR}.evil.com/a"),
        (f"mirror/{ECR}/a", "eu-west-1", f"mirror/{ECR}/a"),
    ],
)  # fmt: skip
def test_only_an_ecr_host_is_rewritten_to_the_region(image, region, expected):
    assert regional_image(image, region) == expected


@given(st.sampled_from(["us-east-1", "eu-west-1", "ap-south-1"]))
def test_rewriting_twice_is_rewriting_once(region):
    once = regional_image(f"{ECR}/a:1", "eu-west-3")

    assert regional_image(once, region) == regional_image(f"{ECR}/a:1", region)

"""A person's key goes only where nobody on the way can read it, or where the person says."""

import pytest

from gco.client.entrance import Caller, InsecureAddressError
from tests.cli.world import EAST, document

KEY = "Bearer key-of-ann"


@pytest.mark.parametrize(
    ("url", "hosts", "sent"),
    [
        pytest.param("https://api.example.com/inference/web", (), True, id="https"),
        pytest.param("http://api.example.com/inference/web", (), False, id="http"),
        pytest.param("http://10.0.0.1/inference/web", (), False, id="a private address"),
        pytest.param("http://127.64.3.1:8080/inference/web", (), True, id="loopback"),
        pytest.param("http://[::1]:8080/inference/web", (), True, id="loopback of IPv6"),
        pytest.param("http://localhost:8080/inference/web", (), True, id="localhost"),
        pytest.param("http://localhost.evil.example/", (), False, id="a name like localhost"),
        pytest.param("http://127.0.0.1.evil.example/", (), False, id="a name like an address"),
        pytest.param("http://127.0.0.1@evil.example/", (), False, id="a user like an address"),
        pytest.param("http://api.example.com/", ("api.example.com",), True, id="listed"),
        pytest.param("http://a.example.com/", ("*.example.com",), True, id="a pattern"),
        pytest.param("https://other.example.com/", ("api.example.com",), False, id="not listed"),
    ],
)
def test_a_key_is_sent_only_where_it_may_be(url, hosts, sent):
    caller = Caller(None, KEY, hosts)
    if sent:
        assert caller.headers_for(url) == {"Authorization": KEY}
    else:
        with pytest.raises(InsecureAddressError, match="GCO_AUTHORIZATION_HOSTS"):
            caller.headers_for(url)
    assert Caller("web.example.com").headers_for(url) == {"Host": "web.example.com"}


@pytest.mark.parametrize(
    "command", [("invoke", "web", "hi"), ("chat", "web"), ("health", "web")], ids=lambda c: c[0]
)
def test_commands_refuse_to_send_a_key_by_http_and_say_how_to_allow_it(world, command):
    world.register(EAST, address="http://lb.example.invalid")
    world.applied(document(regions=[EAST]))
    world.ready(EAST)
    result = world.run(*command, stdin="hi\n", GCO_AUTHORIZATION=KEY)
    assert result.exit_code == 1
    assert "GCO_AUTHORIZATION_HOSTS=lb.example.invalid" in result.output
    assert KEY not in result.output

"""Addresses of pods: each has one of its own, also beside another sandbox of this machine."""

from gco.sandbox.kubelet.addresses import Addresses

NETWORK = 98
PORT = 8000


def test_no_two_pods_have_the_same_address():
    addresses = Addresses(NETWORK)

    taken = [addresses.take([PORT]) for _ in range(300)]

    assert len(set(taken)) == 300
    assert all(address.startswith(f"127.{NETWORK}.") for address in taken)


def test_sandboxes_that_begin_at_the_same_time_take_different_addresses():
    sandboxes = [Addresses(NETWORK) for _ in range(4)]

    first = {sandbox.take([PORT]) for sandbox in sandboxes}

    assert len(first) > 1

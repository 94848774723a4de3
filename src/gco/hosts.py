"""What a host's name or address says about who can read what is sent there."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, so that nothing sent there crosses a network."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Identities, typed so that one kind of name or number is never passed for another."""

from typing import NewType

EndpointName = NewType("EndpointName", str)
"""An RFC 1035 label of at most 40 characters, unique in the store."""
RegionName = NewType("RegionName", str)
"""The name under which a cluster is registered, usually its AWS region."""
EndpointUid = NewType("EndpointUid", str)
"""New with each creation of an endpoint, in all its records."""
Actor = NewType("Actor", str)
"""Who asked for a change: a user's name, or `fleet`."""
Generation = NewType("Generation", int)
"""Counts every write of an endpoint's record, from 1."""
RevisionNumber = NewType("RevisionNumber", int)
"""Numbers an endpoint's immutable revisions, from 1; counts anew with a new uid."""
TemplateKey = NewType("TemplateKey", str)
"""A hash over what in a region's spec shapes its pods; equal keys mean no pod restarts."""
Seq = NewType("Seq", int)
"""A position in a change log: 0 before its first entry."""
Epoch = NewType("Epoch", int)
"""Counted up in the store each time leadership is taken; fences the writes of former leaders."""

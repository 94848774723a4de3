"""The engine of any controller: work queue, informer, leader election, back-off, supervision."""

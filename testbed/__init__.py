"""The real parts that tests and benchmarks run against, on one machine.

A promise about Kubernetes or DynamoDB is worth what it was tried on, so this
package builds and starts the real programs: a control plane (etcd,
kube-apiserver, kube-controller-manager, kube-scheduler) and DynamoDB Local. It
serves tests and benchmarks only and is no part of the installed product.
"""

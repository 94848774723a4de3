module github.com/kubernetes-sigs/aws-alb-ingress-controller/gco

go 1.16

require github.com/kubernetes-sigs/aws-alb-ingress-controller v1.1.9
require (
	github.com/appscode/jsonpatch v0.0.0-20190108182946-7c0e3b262f30 // indirect
	github.com/aws/aws-k8s-tester/e2e/tester v0.0.0-20200603230341-7330f5b419cc // indirect
	github.com/aws/aws-sdk-go v1.27.3
	github.com/blang/semver v3.5.1+incompatible
	github.com/go-logr/glogr v0.1.0
	github.com/go-logr/logr v0.1.0 // indirect
	github.com/go-logr/zapr v0.1.0 // indirect
	github.com/golang/glog v0.0.0-20160126235308-23def4e6c14b
	github.com/golang/mock v1.2.0
	github.com/golangci/golangci-lint v1.21.0 // indirect
	github.com/google/go-cmp v0.4.1
	github.com/google/gofuzz v0.0.0-20170612174753-24818f796faf // indirect
	github.com/googleapis/gnostic v0.2.0 // indirect
	github.com/gregjones/httpcache v0.0.0-20190212212710-3befbb6ad0cc // indirect
	github.com/hashicorp/golang-lru v0.5.0 // indirect
	github.com/imdario/mergo v0.3.7
	github.com/json-iterator/go v1.1.5 // indirect
	github.com/magiconair/properties v1.8.0
	github.com/mattn/goveralls v0.0.3-0.20190325144123-900af2b6e486 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.1 // indirect
	github.com/onsi/ginkgo v1.10.1
	github.com/onsi/gomega v1.7.0
	github.com/pborman/uuid v1.2.0 // indirect
	github.com/peterbourgon/diskv v2.0.1+incompatible // indirect
	github.com/pkg/errors v0.8.1
	github.com/prometheus/client_golang v0.9.3
	github.com/prometheus/client_model v0.0.0-20190129233127-fd36f4220a90
	github.com/prometheus/common v0.4.0
	github.com/spf13/pflag v1.0.5
	github.com/stretchr/testify v1.4.0
	github.com/ticketmaster/aws-sdk-go-cache v0.0.0-20200114210642-9a510f7c39db
	golang.org/x/oauth2 v0.0.0-20190212230446-3e8b2be13635 // indirect
	gopkg.in/inf.v0 v0.9.1 // indirect
	k8s.io/api v0.0.0-20181213150558-05914d821849
	k8s.io/apimachinery v0.0.0-20190313205120-d7deff9243b1
	k8s.io/apiserver v0.0.0-20190214201149-f9f16382a346
	k8s.io/client-go v0.0.0-20181213151034-8d9ed539ba31
	k8s.io/klog v0.2.0
	k8s.io/kube-openapi v0.0.0-20190208205540-d7c86cdc46e3 // indirect
	sigs.k8s.io/controller-runtime v0.1.10
	sigs.k8s.io/structured-merge-diff v0.0.0-20190215000154-7666d3d49c8f // indirect
	sigs.k8s.io/yaml v1.1.0 // indirect
)

// Reads annotations of Ingresses with parsers of the AWS ALB ingress controller itself.
//
// Version 1.1.9 is the last whose module a proxy serves; `transforms` came later, and are not in it.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations/action"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations/healthcheck"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations/loadbalancer"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations/parser"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/annotations/targetgroup"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/auth"
	"github.com/kubernetes-sigs/aws-alb-ingress-controller/internal/ingress/resolver"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type object struct {
	meta.ObjectMeta `json:"metadata"`
}

func main() {
	var objects []object
	check(json.NewDecoder(os.Stdin).Decode(&objects))
	read := []map[string]interface{}{}
	for i := range objects {
		read = append(read, parsed(&objects[i]))
	}
	check(json.NewEncoder(os.Stdout).Encode(read))
}

func parsed(ingress *object) map[string]interface{} {
	parsers := map[string]parser.IngressAnnotation{
		"actions":      action.NewParser(),
		"healthCheck":  healthcheck.NewParser(resolver.Mock{}),
		"loadBalancer": loadbalancer.NewParser(resolver.Mock{}),
		"targetGroup":  targetgroup.NewParser(resolver.Mock{}),
	}
	found := map[string]interface{}{}
	for name, each := range parsers {
		value, err := each.Parse(ingress)
		check(err)
		found[name] = value
	}
	var kind string
	annotations.LoadStringAnnotation(auth.AnnotationAuthType, &kind, ingress.Annotations)
	found["authType"] = kind
	oidc, cognito := auth.AnnotationSchemaIDPOIDC{}, auth.IDPCognito{}
	load(found, "oidc", auth.AnnotationAuthIDPOIDC, &oidc, ingress)
	load(found, "cognito", auth.AnnotationAuthIDPCognito, &cognito, ingress)
	return found
}

func load(found map[string]interface{}, name, annotation string, value interface{}, ingress *object) {
	exists, err := annotations.LoadJSONAnnotation(annotation, value, ingress.Annotations)
	check(err)
	if exists {
		found[name] = value
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

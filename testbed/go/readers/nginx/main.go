// Reads Ingresses as ingress-nginx does: with its own annotation parsers and inspection.
//
// The module has a name below k8s.io/ingress-nginx so that it may import what is internal there.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/ingress-nginx/internal/ingress/annotations/auth"
	"k8s.io/ingress-nginx/internal/ingress/annotations/authreq"
	"k8s.io/ingress-nginx/internal/ingress/annotations/canary"
	"k8s.io/ingress-nginx/internal/ingress/annotations/parser"
	"k8s.io/ingress-nginx/internal/ingress/annotations/proxy"
	"k8s.io/ingress-nginx/internal/ingress/annotations/rewrite"
	"k8s.io/ingress-nginx/internal/ingress/errors"
	"k8s.io/ingress-nginx/internal/ingress/inspector"
	"k8s.io/ingress-nginx/internal/ingress/resolver"
)

// secrets has every Secret that is asked for, with one user in it.
type secrets struct{ resolver.Mock }

func (secrets) GetSecret(string) (*core.Secret, error) {
	return &core.Secret{Data: map[string][]byte{"auth": []byte("user:hash")}}, nil
}

func main() {
	var ingresses []networking.Ingress
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	check(decoder.Decode(&ingresses))
	folder, err := os.MkdirTemp("", "gco-passwords-")
	check(err)
	defer os.RemoveAll(folder)
	read := []map[string]any{}
	for i := range ingresses {
		read = append(read, parsed(&ingresses[i], folder))
	}
	check(json.NewEncoder(os.Stdout).Encode(read))
}

func parsed(ingress *networking.Ingress, folder string) map[string]any {
	check(inspector.DeepInspect(ingress))
	check(inspector.ValidatePathType(ingress))
	parsers := map[string]parser.IngressAnnotation{
		"basic":    auth.NewParser(folder, secrets{}),
		"external": authreq.NewParser(secrets{}),
		"canary":   canary.NewParser(secrets{}),
		"proxy":    proxy.NewParser(secrets{}),
		"rewrite":  rewrite.NewParser(secrets{}),
	}
	found := map[string]any{}
	for name, each := range parsers {
		check(each.Validate(ingress.Annotations))
		value, err := each.Parse(ingress)
		if errors.IsMissingAnnotations(err) {
			continue
		}
		check(err)
		found[name] = value
	}
	return found
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

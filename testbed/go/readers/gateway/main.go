// Reads HTTPRoutes with the Gateway API's own Go types, and prints what a controller has of them.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

func main() {
	var routes []gateway.HTTPRoute
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	check(decoder.Decode(&routes))
	check(json.NewEncoder(os.Stdout).Encode(routes))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

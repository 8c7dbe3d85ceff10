// Command kstatus reads objects as JSON from standard input, one after the other, and prints what the library of Flux and Argo CD
// concludes of each: its status, and why.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	objects := json.NewDecoder(os.Stdin)
	results := json.NewEncoder(os.Stdout)
	for {
		var object json.RawMessage
		err := objects.Decode(&object)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = compute(object, results)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func compute(text []byte, results *json.Encoder) error {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(text); err != nil {
		return err
	}
	result, err := status.Compute(&object)
	if err != nil {
		return err
	}
	return results.Encode(map[string]string{"status": string(result.Status), "message": result.Message})
}

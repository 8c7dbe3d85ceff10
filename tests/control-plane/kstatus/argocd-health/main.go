// Command argocd-health runs a health check of Argo CD, a script in Lua, the way Argo CD does: with the object in the global obj. It
// reads pairs of script and object from standard input and prints what each script returns.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

type question struct {
	Script string `json:"script"`
	Object any    `json:"object"`
}

func main() {
	questions := json.NewDecoder(os.Stdin)
	for {
		var question question
		err := questions.Decode(&question)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = answer(question)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func answer(question question) error {
	state := lua.NewState()
	defer state.Close()
	state.SetGlobal("obj", luajson.DecodeValue(state, question.Object))
	if err := state.DoString(question.Script); err != nil {
		return err
	}
	returned, err := luajson.Encode(state.Get(-1))
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(returned))
	return err
}

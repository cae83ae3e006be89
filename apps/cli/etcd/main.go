// The etcd server that the tests run, and that `vectron cluster local` builds where none is installed, from its own module.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }

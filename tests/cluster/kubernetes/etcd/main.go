// Command etcd is the key-value store of one cluster's API server.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// main runs etcd with this process's arguments.
func main() {
	etcdmain.Main(os.Args)
}

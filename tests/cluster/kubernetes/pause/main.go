// Command pause holds a pod's namespaces: it sleeps until it is told to stop and reaps orphans.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

// main waits for a signal to stop. As process 1 of a shared namespace it inherits children.
func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
		}
	}
}

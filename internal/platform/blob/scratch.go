package blob

import (
	"errors"
	"fmt"
	"os"
)

// Scratch is a file on this machine's disk, for what is too large for memory. It
// has no name, so it is gone when it is closed, and with the process, however
// that ends.
func Scratch() (*os.File, error) {
	file, err := os.CreateTemp("", "souk-")
	if err != nil {
		return nil, fmt.Errorf("make a place on the disk: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a place on the disk: %w", err), file.Close())
	}
	return file, nil
}

package catalog

// Picture is a picture that has been stored in all its sizes.
type Picture struct {
	Key         string
	ContentType string
	Width       int
	Height      int
}

package feeds

// SetMaxURLs makes sitemaps shorter until the function that it returns is called.
func SetMaxURLs(n int) (back func()) {
	before := maxURLs
	maxURLs = n
	return func() { maxURLs = before }
}

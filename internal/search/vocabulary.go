package search

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"souk/internal/search/index"
)

// vocabulary is what the settings say that words mean.
type vocabulary struct {
	index.Vocabulary
	languages, synonyms string // the settings that it was read from
	key                 string // another for each; part of what answers are stored under
}

// vocabulary is that of now: a change of the settings is in the next answer of
// the node that makes it, and within a second in those of the others.
func (s *Search) vocabulary(ctx context.Context) (*vocabulary, error) {
	codes, err := LanguagesSetting.Get(ctx, s.Settings)
	if err != nil {
		return nil, err
	}
	list, err := SynonymsSetting.Get(ctx, s.Settings)
	if err != nil {
		return nil, err
	}
	words := &s.node().words
	if v := words.Load(); v != nil && v.languages == codes && v.synonyms == list {
		return v, nil
	}
	v := &vocabulary{languages: codes, synonyms: list}
	v.Languages = languages(codes)
	if v.Synonyms, err = index.ParseSynonyms(list, v.Languages); err != nil {
		return nil, fmt.Errorf("setting %s: %w", SynonymsSetting.Key, err)
	}
	sum := sha256.Sum256([]byte(codes + "\n" + list))
	v.key = base64.RawURLEncoding.EncodeToString(sum[:9])
	words.Store(v)
	return v, nil
}

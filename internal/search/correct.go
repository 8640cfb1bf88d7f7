package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// correct is what the text of q was probably meant to be, "" where it finds
// enough or nothing better is known.
func (s *Search) correct(ctx context.Context, shelf *shelf, text string, q *index.Query, v *vocabulary) (string, error) {
	var words map[string]string
	examples := map[string]uuid.UUID{} // of terms
	err := s.ask(ctx, shelf, func(sn *index.Snapshot) {
		words = sn.Correct(q, text, v.Vocabulary)
		for _, better := range words {
			for term := range strings.FieldsSeq(better) {
				if product, ok := sn.Example(term); ok {
					examples[term] = product
				}
			}
		}
	})
	if err != nil || words == nil {
		return "", err
	}
	spelt, err := s.spell(ctx, examples)
	if err != nil {
		return "", fmt.Errorf("spell a correction: %w", err)
	}
	for word, better := range words {
		terms := strings.Fields(better)
		for i, term := range terms {
			if spelling := spelt[term]; spelling != "" {
				terms[i] = spelling
			}
		}
		words[word] = strings.Join(terms, " ")
	}
	return index.Replace(text, words), nil
}

// spell is how products write the terms that they are examples of: the index
// knows "mobel", the shop sells "Möbel".
func (s *Search) spell(ctx context.Context, examples map[string]uuid.UUID) (map[string]string, error) {
	products := make([]uuid.UUID, 0, len(examples))
	for _, p := range examples {
		products = append(products, p)
	}
	rows, err := postgres.All[struct {
		Product uuid.UUID `db:"product_id"`
		Texts   string    `db:"texts"`
	}](ctx, s.DB, selectTexts, pgx.NamedArgs{"products": products})
	if err != nil {
		return nil, err
	}
	spelt := map[string]string{}
	for _, row := range rows {
		for term, product := range examples {
			if product == row.Product {
				spelt[term] = strings.ToLower(index.Spelling(row.Texts, term))
			}
		}
	}
	return spelt, nil
}

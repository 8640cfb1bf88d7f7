package ledger

import "reflect"

// KindFilter is the kinds that a list of accounts can be narrowed to.
func KindFilter() string {
	field, _ := reflect.TypeFor[accountFilter]().FieldByName("Kinds")
	return field.Tag.Get("enum")
}
